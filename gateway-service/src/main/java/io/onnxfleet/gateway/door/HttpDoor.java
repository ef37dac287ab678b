package io.onnxfleet.gateway.door;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.api.Server;
import io.onnxfleet.gateway.call.BodySource;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.CallHead;
import io.onnxfleet.gateway.call.Deadline;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.security.chain.Accesses;
import io.onnxfleet.gateway.steps.Calls;
import java.net.URI;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;

/**
 * Ends the filter chain of the fleet's route: makes a {@link Call} of what the path asks for and
 * has {@link Calls} answer it. There it stands in the place of Spring Cloud Gateway's own
 * balancing, routing and retry filters, which choose a replica before a body is at hand and cannot
 * send a streamed one again. A team's own routes are theirs.
 *
 * <p>Stateless; never blocks.
 */
final class HttpDoor implements GlobalFilter, Ordered {

  /** The fleet's route. */
  static final String ROUTE = "fleet";

  private final Accesses accesses;
  private final Calls calls;
  private final String defaultModel;
  private final Duration deadline;
  private final LongSupplier nanoClock;

  /**
   * A door.
   *
   * @param deadline of a request that has none of its own, and the most that it may have
   */
  HttpDoor(
      Accesses accesses,
      Calls calls,
      String defaultModel,
      Duration deadline,
      LongSupplier nanoClock) {
    this.accesses = accesses;
    this.calls = calls;
    this.defaultModel = defaultModel;
    this.deadline = deadline;
    this.nanoClock = nanoClock;
  }

  /** After all others; {@link DoorConfiguration} puts it after those without an order too. */
  @Override
  public int getOrder() {
    return LOWEST_PRECEDENCE;
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
    Route route = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
    if (route != null && !route.getId().equals(ROUTE)) {
      return chain.filter(exchange);
    }
    ServerHttpRequest request = exchange.getRequest();
    String method = request.getMethod().name();
    String path = request.getURI().getRawPath();
    return switch (ApiCall.read(method, path)) {
      case ApiCall.Asked(ApiCall call, _, _) when call == ApiCall.EMBEDDINGS_QUERY ->
          calls.answer(query(exchange));
      case ApiCall.Asked asked -> calls.answer(call(exchange, asked));
      case ApiCall.WrongMethod wrong when wrong.instead().isOffered() -> {
        exchange.getResponse().getHeaders().set(HttpHeaders.ALLOW, wrong.allowed());
        yield Mono.error(
            new GatewayException(
                ErrorCode.METHOD_NOT_ALLOWED,
                method + " is not allowed on " + path + " (expected: " + wrong.allowed() + ")"));
      }
      case ApiCall.WrongMethod _, ApiCall.UnknownPath _ ->
          Mono.error(new GatewayException(ErrorCode.UNKNOWN_PATH, "unknown path: " + path));
    };
  }

  private Call call(ServerWebExchange exchange, ApiCall.Asked asked) {
    ServerHttpRequest request = exchange.getRequest();
    URI uri = request.getURI();
    CallHead head =
        new CallHead(
            request.getMethod().name(),
            uri.getRawPath(),
            uri.getRawQuery(),
            request.getHeaders(),
            passedOn(exchange));
    return call(
        exchange,
        asked,
        head,
        asked.call().server() == Server.ONE_REPLICA ? asked(request) : ofItsOwn(),
        new HttpBody(request));
  }

  /** The same question as a replica knows it: by POST. */
  private Call query(ServerWebExchange exchange) {
    ServerHttpRequest request = exchange.getRequest();
    EmbeddingsQuery query = EmbeddingsQuery.read(request.getQueryParams(), defaultModel);
    io.netty.handler.codec.http.HttpHeaders passedOn = passedOn(exchange);
    passedOn.set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON);
    return call(
        exchange,
        new ApiCall.Asked(ApiCall.EMBEDDINGS_QUERY, query.model(), null),
        new CallHead(
            HttpMethod.POST.name(), ApiPaths.EMBEDDINGS, null, request.getHeaders(), passedOn),
        asked(request),
        query.body());
  }

  private Call call(
      ServerWebExchange exchange,
      ApiCall.Asked asked,
      CallHead head,
      Deadline until,
      BodySource body) {
    return new Call(
        asked,
        head,
        accesses.of(exchange),
        accesses.originOf(exchange),
        RequestTraceFilter.traceOf(exchange),
        until,
        body,
        new HttpAnswer(exchange.getResponse()));
  }

  /** The headers as they came, which need no copy, unless a filter of a team has changed some. */
  private static io.netty.handler.codec.http.HttpHeaders passedOn(ServerWebExchange exchange) {
    ServerHttpRequest request = exchange.getRequest();
    if (RequestTraceFilter.hasHeadersAsTheyCame(exchange)) {
      HttpServerRequest received = ServerHttpRequestDecorator.getNativeRequest(request);
      return received.requestHeaders();
    }
    io.netty.handler.codec.http.HttpHeaders left = new DefaultHttpHeaders();
    request.getHeaders().forEach(left::add);
    return left;
  }

  private Deadline asked(ServerHttpRequest request) {
    return Deadline.read(
        request.getHeaders().getFirst(HeaderNames.DEADLINE_MILLIS),
        deadline,
        nanoClock.getAsLong());
  }

  /** What the gateway answers itself has its own time limits. */
  private Deadline ofItsOwn() {
    return Deadline.read(null, deadline, nanoClock.getAsLong());
  }
}
