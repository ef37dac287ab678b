package io.onnxfleet.gateway.door.tei;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.call.BodySource;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.CallHead;
import io.onnxfleet.gateway.call.Deadline;
import io.onnxfleet.gateway.door.RequestTraceFilter;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.routing.RoutingProperties;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.chain.Accesses;
import io.onnxfleet.gateway.steps.Calls;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * TEI's routes. Each request becomes a call of the API, with everything that holds for one: rights,
 * quotas, cache, admission, families. Bodies are bounded as TEI bounds them, and all together by
 * the memory for kept bodies. Stateless; never blocks.
 */
@RestController
@Conditional(TeiConfigured.class)
final class TeiController {
  /** Bytes of a request, TEI's own bound. */
  private static final int MOST_OF_REQUEST = 2_000_000;

  private static final int MOST_OF_ANSWER = 32 << 20;

  /** Larger bodies are read and written off the event loop, which others wait for. */
  private static final int READ_ON_EVENT_LOOP = 8 * 1024;

  private static final int OK = 200;

  /** What describes the body that was replaced, or asks for a form that cannot be read here. */
  private static final Set<String> OF_THE_BODY =
      Set.of(
          "content-length",
          "content-type",
          "content-encoding",
          "transfer-encoding",
          "accept-encoding",
          "expect",
          "if-none-match",
          HeaderNames.PREFER.toLowerCase(Locale.ROOT));

  /** What a caller is charged for, and when it may come again. */
  private static final List<String> PASSED_BACK =
      List.of(HeaderNames.UNITS, HttpHeaders.RETRY_AFTER);

  private final Accesses accesses;
  private final Calls calls;
  private final TeiProperties properties;
  private final Duration deadline;
  private final ByteBudget bodies;
  private final Scheduler parsing;
  private final JsonMapper json = JsonMapper.shared();

  TeiController(
      Accesses accesses,
      Calls calls,
      TeiProperties properties,
      RoutingProperties routing,
      ByteBudget keptBodies,
      @Qualifier("parsing") Scheduler parsing) {
    this.accesses = accesses;
    this.calls = calls;
    this.properties = properties;
    this.deadline = routing.deadline();
    this.bodies = keptBodies;
    this.parsing = parsing;
  }

  @PostMapping({
    "/embed",
    "/embed_all",
    "/embed_sparse",
    "/rerank",
    "/predict",
    "/similarity",
    "/tokenize",
    "/decode"
  })
  Mono<Void> serve(ServerWebExchange exchange) {
    String route = ApiPaths.withoutSlashAtEnd(exchange.getRequest().getURI().getRawPath());
    return Mono.using(
            () -> new HeldBytes(bodies), held -> serve(exchange, route, held), HeldBytes::release)
        .onErrorResume(failure -> refuse(exchange, refusalOf(failure)));
  }

  private Mono<Void> serve(ServerWebExchange exchange, String route, HeldBytes held) {
    // For which model is known once the body is read; who may ask none need not send it.
    accesses.of(exchange).require(Scope.INFER);
    return body(exchange.getRequest(), held)
        .timeout(deadline, Mono.error(Deadline::passed))
        .flatMap(body -> apart(body.length, () -> asked(route, body, held)))
        .flatMap(asked -> answer(exchange, asked, held));
  }

  /**
   * A request as the API is asked it: without the tree that it was read from.
   *
   * @param answer makes TEI's answer out of the call's
   * @param names the client's, of what the call's refusals are about
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Asked(ApiCall call, byte[] body, TeiAnswer answer, TeiNames names) {}

  private Asked asked(String route, byte[] body, HeldBytes held) {
    Asked asked =
        held.withTrees(
            body.length,
            () -> {
              JsonNode sent = read(body);
              TeiRequest request = TeiRequest.read(route, sent, properties);
              return new Asked(
                  request.call(),
                  json.writeValueAsBytes(request.body()),
                  request.answer(),
                  TeiNames.of(route, sent));
            });
    held.take(asked.body().length);
    return asked;
  }

  @GetMapping("/health")
  Mono<Void> health(ServerWebExchange exchange) {
    CollectedAnswer answer = new CollectedAnswer(MOST_OF_ANSWER, _ -> {});
    return calls
        .answer(
            call(
                exchange,
                ApiCall.READY,
                HttpMethod.GET,
                new BodySource.InMemory(new byte[0]),
                answer))
        .then(
            Mono.defer(
                () ->
                    answer.status() == OK
                        ? exchange.getResponse().setComplete()
                        : refuse(
                            exchange,
                            new TeiRefusal(TeiRefusal.Type.UNHEALTHY, "no replica is ready"))))
        .onErrorResume(failure -> refuse(exchange, refusalOf(failure)));
  }

  @GetMapping("/info")
  Mono<Void> info(ServerWebExchange exchange) {
    return Mono.defer(() -> tell(exchange, accesses.of(exchange)))
        .onErrorResume(failure -> refuse(exchange, refusalOf(failure)));
  }

  /** What the caller may see. */
  private Mono<Void> tell(ServerWebExchange exchange, Access access) {
    TeiProperties.Models models = properties.models();
    access.requireSight(Objects.requireNonNull(models.any(), "the door is closed without one"));
    ObjectNode info = json.createObjectNode();
    info.put("model_id", models.any());
    info.putNull("model_sha");
    info.put("model_dtype", "float32");
    ObjectNode type = info.putObject("model_type");
    name(access, type, "embedding", models.embed());
    name(access, type, "reranker", models.rerank());
    name(access, type, "classifier", models.predict());
    name(access, type, "sparse", models.sparse());
    info.put("max_client_batch_size", properties.maxClientBatchSize());
    return write(exchange.getResponse(), OK, json.writeValueAsBytes(info));
  }

  private static void name(Access access, ObjectNode type, String kind, @Nullable String model) {
    if (model != null && access.maySee(model)) {
      type.putObject(kind).put("model_id", model);
    }
  }

  private static Mono<byte[]> body(ServerHttpRequest request, HeldBytes held) {
    if (request.getHeaders().getFirst(HttpHeaders.CONTENT_ENCODING) != null) {
      return Mono.error(
          TeiRefusal.invalid(HttpHeaders.CONTENT_ENCODING + ": given (expected: none)"));
    }
    return request
        .getBody()
        .collect(ByteArrayOutputStream::new, (all, piece) -> append(all, piece, held))
        .map(ByteArrayOutputStream::toByteArray);
  }

  private static void append(ByteArrayOutputStream all, DataBuffer piece, HeldBytes held) {
    try {
      int length = piece.readableByteCount();
      if (length > MOST_OF_REQUEST - all.size()) {
        throw TeiRefusal.of(413, "body: more than " + MOST_OF_REQUEST + " bytes");
      }
      held.take(length);
      byte[] bytes = new byte[length];
      piece.read(bytes);
      all.writeBytes(bytes);
    } finally {
      DataBufferUtils.release(piece);
    }
  }

  private JsonNode read(byte[] body) {
    try {
      return json.readTree(body);
    } catch (JacksonException malformed) {
      throw TeiRefusal.invalid("body: malformed JSON: " + malformed.getOriginalMessage());
    }
  }

  private Mono<Void> answer(ServerWebExchange exchange, Asked asked, HeldBytes held) {
    CollectedAnswer answer = new CollectedAnswer(MOST_OF_ANSWER, held::take);
    HttpHeaders headers = exchange.getResponse().getHeaders();
    // Before it is known whether it can be told: the work was done.
    answer.onBegin(() -> PASSED_BACK.forEach(name -> pass(name, answer.headers(), headers)));
    BodySource body = new BodySource.InMemory(asked.body());
    return calls
        .answer(call(exchange, asked.call(), HttpMethod.POST, body, answer))
        .then(
            Mono.defer(
                () -> {
                  byte[] told = answer.body();
                  return apart(told.length, () -> translated(asked, answer.status(), told, held));
                }))
        .flatMap(bytes -> write(exchange.getResponse(), OK, bytes));
  }

  private byte[] translated(Asked asked, int status, byte[] body, HeldBytes held) {
    if (status != OK) {
      throw held.withTrees(
          body.length,
          () -> {
            String message = json.readTree(body).at("/error/message").asString("");
            return TeiRefusal.of(status, asked.names().told(message));
          });
    }
    return switch (asked.answer()) {
      case TeiAnswer.Vectors vectors -> {
        // As they are copied, and as a whole.
        held.takeWithinOne(2L * body.length);
        yield vectors.copied(body);
      }
      case TeiAnswer.OfTree(Function<JsonNode, JsonNode> reading) -> {
        byte[] bytes =
            held.withTrees(
                body.length, () -> json.writeValueAsBytes(reading.apply(json.readTree(body))));
        held.take(bytes.length);
        yield bytes;
      }
    };
  }

  /** What is small is done at once, what is large by the few threads that are there for it. */
  private <T> Mono<T> apart(int bytes, Supplier<T> work) {
    Mono<T> done = Mono.fromSupplier(work);
    return bytes > READ_ON_EVENT_LOOP ? done.subscribeOn(parsing) : done;
  }

  private static void pass(String name, HttpHeaders from, HttpHeaders to) {
    String value = from.getFirst(name);
    if (value != null) {
      to.set(name, value);
    }
  }

  private Call call(
      ServerWebExchange exchange,
      ApiCall call,
      HttpMethod method,
      BodySource body,
      CollectedAnswer answer) {
    ServerHttpRequest request = exchange.getRequest();
    HttpHeaders headers = new HttpHeaders();
    io.netty.handler.codec.http.HttpHeaders passedOn = new DefaultHttpHeaders();
    request
        .getHeaders()
        .forEach(
            (name, values) -> {
              if (!OF_THE_BODY.contains(name.toLowerCase(Locale.ROOT))) {
                headers.addAll(name, values);
                passedOn.add(name, values);
              }
            });
    headers.setContentType(MediaType.APPLICATION_JSON);
    passedOn.set(HttpHeaders.CONTENT_TYPE, MediaType.APPLICATION_JSON_VALUE);
    return new Call(
        new ApiCall.Asked(call, null, null),
        new CallHead(method.name(), call.path(), null, headers, passedOn),
        accesses.of(exchange),
        accesses.originOf(exchange),
        RequestTraceFilter.traceOf(exchange),
        Deadline.read(
            request.getHeaders().getFirst(HeaderNames.DEADLINE_MILLIS),
            deadline,
            System.nanoTime()),
        body,
        answer);
  }

  private static TeiRefusal refusalOf(Throwable failure) {
    return switch (failure) {
      case TeiRefusal refusal -> refusal;
      case GatewayException refused ->
          TeiRefusal.of(refused.code(), String.valueOf(refused.getMessage()));
      default -> new TeiRefusal(TeiRefusal.Type.BACKEND, "internal error of the gateway");
    };
  }

  private Mono<Void> refuse(ServerWebExchange exchange, TeiRefusal refusal) {
    ObjectNode body = json.createObjectNode();
    body.put("error", refusal.getMessage());
    body.put("error_type", refusal.type().label());
    return write(exchange.getResponse(), refusal.status(), json.writeValueAsBytes(body));
  }

  private static Mono<Void> write(ServerHttpResponse response, int status, byte[] bytes) {
    response.setStatusCode(HttpStatusCode.valueOf(status));
    response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
    response.getHeaders().setContentLength(bytes.length);
    return response.writeWith(Mono.fromSupplier(() -> response.bufferFactory().wrap(bytes)));
  }
}
