package io.onnxfleet.gateway.security.credential;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.ModelPatterns;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.SecurityProperties;
import io.onnxfleet.gateway.security.VerifiedCaller;
import io.onnxfleet.gateway.security.quota.Quota;
import io.onnxfleet.gateway.security.quota.QuotaUse;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Verifies tokens of one OAuth2 issuer: signature (RSA or ECDSA), issuer, audience and time. What
 * was verified is remembered by its digest until it expires.
 *
 * <p>The issuer's keys are fetched when a token needs them, and again every five minutes and for a
 * key that is not among them, that at most twice in ten seconds. While they cannot be fetched,
 * those from before count. A gateway that never had them answers 503.
 *
 * <p>Safe for use by many threads; never blocks its callers. Bounded: four tokens are verified at a
 * time, 1,024 wait.
 */
public final class TokenVerifier {

  private static final Logger LOGGER = LoggerFactory.getLogger(TokenVerifier.class);

  private static final Set<JWSAlgorithm> ALGORITHMS =
      Set.of(
          JWSAlgorithm.RS256,
          JWSAlgorithm.RS384,
          JWSAlgorithm.RS512,
          JWSAlgorithm.PS256,
          JWSAlgorithm.PS384,
          JWSAlgorithm.PS512,
          JWSAlgorithm.ES256,
          JWSAlgorithm.ES384,
          JWSAlgorithm.ES512);

  private static final int THREADS = 4;
  private static final int MOST_WAITING = 256;
  private static final int MOST_KEY_SET_BYTES = 512 * 1024;
  private static final long KEYS_LIVE_MILLIS = Duration.ofMinutes(5).toMillis();
  private static final long KEYS_EVERY_MILLIS = Duration.ofSeconds(10).toMillis();
  private static final String SCP = "scp";
  private static final String EXPIRED = "expired";

  private final SecurityProperties.Jwt properties;
  private final TokenQuotas quotas;
  private final InstantSource clock;
  private final IssuerKeys keys;
  private final NimbusJwtDecoder decoder;
  private final Cache<CredentialDigest, VerifiedCaller> remembered;
  private final Scheduler scheduler =
      Schedulers.newBoundedElastic(THREADS, MOST_WAITING, "token-verifier", 60, true);

  /** A token that is not one of ours, or not any more. Carries no stack trace. */
  public static final class InvalidToken extends RuntimeException {
    private final boolean expired;

    InvalidToken(@Nullable String message, boolean expired) {
      super(message, null, false, false);
      this.expired = expired;
    }

    public boolean hasExpired() {
      return expired;
    }
  }

  public TokenVerifier(SecurityProperties.Jwt properties, TokenQuotas quotas, InstantSource clock) {
    this.properties = properties;
    this.quotas = quotas;
    this.clock = clock;
    int timeout = (int) properties.timeout().toMillis();
    this.keys =
        new IssuerKeys(
            properties.issuer(),
            properties.jwkSetUri(),
            new DefaultResourceRetriever(timeout, timeout, MOST_KEY_SET_BYTES));
    this.decoder = decoder();
    this.remembered =
        Caffeine.newBuilder()
            .maximumSize(properties.remembered())
            .expireAfter(Expiry.creating(this::left))
            .executor(Runnable::run)
            .build();
  }

  private NimbusJwtDecoder decoder() {
    JWKSource<SecurityContext> source =
        JWKSourceBuilder.create(keys)
            .cache(KEYS_LIVE_MILLIS, 2 * properties.timeout().toMillis())
            .rateLimited(KEYS_EVERY_MILLIS)
            .outageTolerantForever()
            .build();
    DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    processor.setJWSKeySelector(new JWSVerificationKeySelector<>(ALGORITHMS, source));
    processor.setJWSTypeVerifier(
        new DefaultJOSEObjectTypeVerifier<>(
            JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
    // The claims are judged below.
    processor.setJWTClaimsSetVerifier((claims, context) -> {});
    NimbusJwtDecoder made = new NimbusJwtDecoder(processor);
    List<OAuth2TokenValidator<Jwt>> validators = new ArrayList<>();
    JwtTimestampValidator time = new JwtTimestampValidator();
    validators.add(time);
    validators.add(new JwtIssuerValidator(properties.issuer()));
    validators.add(this::judgeAudience);
    made.setJwtValidator(new DelegatingOAuth2TokenValidator<>(validators));
    return made;
  }

  private OAuth2TokenValidatorResult judgeAudience(Jwt token) {
    List<String> audience = token.getAudience();
    boolean isMeant =
        properties.audience().isEmpty()
            || (audience != null && audience.stream().anyMatch(properties.audience()::contains));
    return isMeant
        ? OAuth2TokenValidatorResult.success()
        : OAuth2TokenValidatorResult.failure(
            new OAuth2Error(
                "invalid_token",
                "aud: %s (expected: one of %s)".formatted(audience, properties.audience()),
                null));
  }

  private Duration left(CredentialDigest digest, VerifiedCaller caller) {
    Instant expires = caller.expires();
    Duration left = expires == null ? Duration.ZERO : Duration.between(clock.instant(), expires);
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** Whose token it is, if it was verified before; it may have expired since. */
  public @Nullable VerifiedCaller remembered(CredentialDigest digest) {
    return remembered.getIfPresent(digest);
  }

  /** Fails with {@link InvalidToken}, or with what a client is told while keys are missing. */
  public Mono<VerifiedCaller> verify(String token, CredentialDigest digest) {
    return Mono.fromCallable(() -> verified(token, digest))
        .subscribeOn(scheduler)
        .onErrorMap(
            RejectedExecutionException.class,
            full ->
                new GatewayException(
                    ErrorCode.GATEWAY_OVERLOADED,
                    "%d tokens wait to be verified (expected: fewer)".formatted(MOST_WAITING)));
  }

  private VerifiedCaller verified(String token, CredentialDigest digest) {
    VerifiedCaller meanwhile = remembered.getIfPresent(digest);
    if (meanwhile != null) {
      return meanwhile;
    }
    VerifiedCaller caller = caller(decoded(token), digest);
    remembered.put(digest, caller);
    return caller;
  }

  private Jwt decoded(String token) {
    try {
      return decoder.decode(token);
    } catch (BadJwtException invalid) {
      String message = String.valueOf(invalid.getMessage());
      throw new InvalidToken(message, message.contains(EXPIRED));
    } catch (JwtException noKeys) {
      if (keys.haveBeenFetched()) {
        // Asked too often for keys that the issuer does not have.
        throw new InvalidToken("signed with a key that its issuer does not show", false);
      }
      LOGGER.warn("tokens cannot be verified: {}", noKeys.getMessage());
      throw new GatewayException(
          ErrorCode.ISSUER_UNAVAILABLE, "the keys of the tokens' issuer cannot be fetched");
    }
  }

  private VerifiedCaller caller(Jwt token, CredentialDigest digest) {
    Instant expires = token.getExpiresAt();
    if (expires == null) {
      throw new InvalidToken("exp: none (expected: a time)", false);
    }
    String subject = token.getSubject();
    String name =
        "token:" + (subject == null ? digest.toString() : CredentialDigest.of("sub " + subject));
    QuotaUse use = use(name, token);
    return VerifiedCaller.of(
        new Access(
            Access.Kind.VERIFIED,
            name,
            scopes(token),
            models(token),
            expires,
            use == null ? Quota.NONE : use.quota()),
        expires,
        use);
  }

  private @Nullable QuotaUse use(String name, Jwt token) {
    try {
      return quotas.of(name, token.getClaim(properties.quotaClaim()));
    } catch (IllegalArgumentException wrong) {
      throw new InvalidToken(properties.quotaClaim() + ": " + wrong.getMessage(), false);
    }
  }

  /** Scopes that are none of ours are somebody else's, and mean nothing here. */
  private Set<Scope> scopes(Jwt token) {
    Set<Scope> scopes = EnumSet.noneOf(Scope.class);
    for (String claim : List.of(properties.scopesClaim(), SCP)) {
      for (String text : texts(token.getClaim(claim))) {
        if (text.startsWith(properties.scopePrefix())) {
          Scope.of(text.substring(properties.scopePrefix().length())).ifPresent(scopes::add);
        }
      }
    }
    return scopes;
  }

  private ModelPatterns models(Jwt token) {
    Object claim = token.getClaim(properties.modelsClaim());
    return new ModelPatterns(claim == null ? properties.models() : texts(claim));
  }

  private static List<String> texts(@Nullable Object claim) {
    return switch (claim) {
      case String text -> Arrays.asList(text.split("[\\s,]+"));
      case Collection<?> list -> list.stream().map(String::valueOf).toList();
      case null, default -> List.of();
    };
  }

  void close() {
    scheduler.dispose();
  }
}
