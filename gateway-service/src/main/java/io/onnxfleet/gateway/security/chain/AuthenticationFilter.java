package io.onnxfleet.gateway.security.chain;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.VerifiedCaller;
import io.onnxfleet.gateway.security.credential.ApiKeys;
import io.onnxfleet.gateway.security.credential.CertificateCallers;
import io.onnxfleet.gateway.security.credential.CredentialDigest;
import io.onnxfleet.gateway.security.credential.Credentials;
import io.onnxfleet.gateway.security.credential.TokenVerifier;
import io.onnxfleet.gateway.security.credential.WorkOwners;
import io.onnxfleet.gateway.security.quota.QuotaUse;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.RequestPath;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.cors.reactive.CorsUtils;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * The one filter of the fleet's security chain: finds out whose a request is, counts it against
 * that caller's quota, and lets it on with an {@link Access} and a Spring Security context. Nothing
 * of the request but its head is looked at. What a caller may do is checked where it is known what
 * the request asks for, which may stand in its body. What the fleet's job service asks for somebody
 * is that caller's.
 *
 * <p>Open without credentials are health checks, preflights and the management port, if that is
 * another one.
 *
 * <p>Safe for use by many threads; never blocks.
 */
final class AuthenticationFilter implements WebFilter {

  private final CallerAddresses callers;
  private final ApiKeys keys;
  private final @Nullable WorkOwners owners;
  private final @Nullable TokenVerifier tokens;
  private final @Nullable CertificateCallers certificates;
  private final FailureLimit failures;
  private final int managementPort;
  private final ManagementPaths management;
  private final InstantSource clock;
  private final LongSupplier nanoClock;

  AuthenticationFilter(
      CallerAddresses callers,
      ApiKeys keys,
      @Nullable WorkOwners owners,
      @Nullable TokenVerifier tokens,
      @Nullable CertificateCallers certificates,
      FailureLimit failures,
      int managementPort,
      ManagementPaths management,
      InstantSource clock,
      LongSupplier nanoClock) {
    this.callers = callers;
    this.keys = keys;
    this.owners = owners;
    this.tokens = tokens;
    this.certificates = certificates;
    this.failures = failures;
    this.managementPort = managementPort;
    this.management = management;
    this.clock = clock;
    this.nanoClock = nanoClock;
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    try {
      return authenticated(exchange, chain);
    } catch (GatewayException refused) {
      // Thrown, it would pass by whoever answers with it.
      return Mono.error(refused);
    }
  }

  private Mono<Void> authenticated(ServerWebExchange exchange, WebFilterChain chain) {
    ServerHttpRequest request = exchange.getRequest();
    if (isOpen(request)) {
      return chain.filter(exchange);
    }
    if (owners != null && request.getHeaders().containsHeader(HeaderNames.OWNER)) {
      return let(exchange, chain, owners.of(claim(request)));
    }
    String credential = Credentials.of(request.getHeaders());
    if (credential == null) {
      VerifiedCaller certified = certificates == null ? null : certificates.of(request);
      return certified == null
          ? Mono.error(
              new GatewayException(
                  ErrorCode.CREDENTIALS_MISSING,
                  "credentials: none (expected: 'Authorization: Bearer', with a key or a token)"))
          : let(exchange, chain, certified);
    }
    if (credential.length() > Credentials.LONGEST) {
      return Mono.error(wrong(request));
    }
    CredentialDigest digest = CredentialDigest.of(credential);
    VerifiedCaller caller = keys.find(digest);
    if (caller != null) {
      return caller.isGuessable() && failures.isExhausted(callers.originOf(request))
          ? Mono.error(wrong(request))
          : let(exchange, chain, caller);
    }
    if (tokens == null || !Credentials.isToken(credential)) {
      return Mono.error(wrong(request));
    }
    VerifiedCaller remembered = tokens.remembered(digest);
    if (remembered != null && !remembered.hasExpired(clock)) {
      return let(exchange, chain, remembered);
    }
    if (failures.isExhausted(callers.originOf(request))) {
      return Mono.error(wrong(request));
    }
    return tokens
        .verify(credential, digest)
        .onErrorMap(TokenVerifier.InvalidToken.class, invalid -> wrong(request, invalid))
        .flatMap(verified -> let(exchange, chain, verified));
  }

  private static WorkOwners.Claim claim(ServerHttpRequest request) {
    URI uri = request.getURI();
    String query = uri.getRawQuery();
    InetSocketAddress here = CallerAddresses.localAddress(request);
    return new WorkOwners.Claim(
        request.getMethod().name(),
        query == null ? uri.getRawPath() : uri.getRawPath() + '?' + query,
        request.getHeaders().getOrEmpty(HeaderNames.OWNER),
        request.getHeaders().getOrEmpty(HeaderNames.SIGNATURE),
        here == null || here.getAddress() == null ? "" : here.getAddress().getHostAddress(),
        here == null ? 0 : here.getPort());
  }

  private boolean isOpen(ServerHttpRequest request) {
    return isHealth(request)
        || (managementPort > 0 && isOfManagementPort(request))
        || CorsUtils.isPreFlightRequest(request);
  }

  /**
   * By its path with a prefix that forwarded headers tell, which the API is read by, and without,
   * which the framework's handlers are found by.
   */
  private static boolean isHealth(ServerHttpRequest request) {
    return ApiPaths.isHealth(request.getURI().getRawPath())
        && ApiPaths.isHealth(request.getPath().pathWithinApplication().value());
  }

  /** By the connection: what the request takes for its own address may be told by headers. */
  private boolean isOfManagementPort(ServerHttpRequest request) {
    InetSocketAddress here = CallerAddresses.localAddress(request);
    return here != null && here.getPort() == managementPort;
  }

  private boolean isManagement(RequestPath path) {
    return management.include(path)
        || (!path.contextPath().value().isEmpty()
            && management.include(path.pathWithinApplication()));
  }

  private Mono<Void> let(ServerWebExchange exchange, WebFilterChain chain, VerifiedCaller caller) {
    if (caller.hasExpired(clock)) {
      return Mono.error(
          new GatewayException(
              ErrorCode.CREDENTIALS_EXPIRED,
              "credentials: expired at %s (expected: later)".formatted(caller.expires())));
    }
    Accesses.attach(exchange, caller.access());
    if (isManagement(exchange.getRequest().getPath())) {
      caller.access().require(Scope.ADMIN);
    }
    ServerWebExchange known =
        exchange.mutate().principal(Mono.just(caller.authentication())).build();
    QuotaUse use = caller.use();
    Mono<Void> work =
        use == null ? chain.filter(known) : counted(known.getResponse(), use, chain, known);
    return work.contextWrite(caller.context());
  }

  private Mono<Void> counted(
      ServerHttpResponse response, QuotaUse use, WebFilterChain chain, ServerWebExchange known) {
    if (use.quota().countsUnits()) {
      response.beforeCommit(
          () -> {
            // Told by the replica that did the work: what is kept and given again costs no units.
            String units = response.getHeaders().getFirst(HeaderNames.UNITS);
            if (units != null) {
              use.charge(InferenceUnits.parse(units), nanoClock.getAsLong());
            }
            return Mono.empty();
          });
    }
    return Mono.using(
        () -> {
          use.enter(nanoClock.getAsLong());
          return use;
        },
        entered -> chain.filter(known),
        QuotaUse::leave);
  }

  private GatewayException wrong(ServerHttpRequest request) {
    return failures.failed(
        callers.originOf(request),
        ErrorCode.CREDENTIALS_INVALID,
        "credentials: not known here (expected: a key or a token of this fleet)");
  }

  private GatewayException wrong(ServerHttpRequest request, TokenVerifier.InvalidToken invalid) {
    return failures.failed(
        callers.originOf(request),
        invalid.hasExpired() ? ErrorCode.CREDENTIALS_EXPIRED : ErrorCode.CREDENTIALS_INVALID,
        "token: " + invalid.getMessage());
  }
}
