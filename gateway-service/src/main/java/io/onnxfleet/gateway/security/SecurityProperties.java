package io.onnxfleet.gateway.security;

import io.onnxfleet.gateway.security.quota.Quota;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who gets in. Credentials are needed as soon as there is a way to verify some: a file of keys, an
 * issuer of tokens, or client certificates.
 *
 * @param keys the file of API keys, which is read again when it changes; empty for none
 * @param jwt tokens of an OAuth2 issuer
 * @param certificates whether a client's certificate is a credential; {@code server.ssl} must ask
 *     for it
 * @param certificateScopes what those may do
 * @param certificateModels which models those may use
 * @param certificateQuota the name of each subject's quota, of {@code quotas}; empty for none
 * @param anonymousScopes what callers may do while no credentials are needed
 * @param trustedProxies networks whose {@code X-Forwarded-*} headers count; others' do not
 * @param failuresPerMinute wrong credentials from one address that are answered 401; more are
 *     answered 429
 * @param gateways that share each quota; 0: as many as are registered
 * @param quotas of tokens and certificates, by name: {@code requests-per-minute}, {@code
 *     rows-per-minute}, {@code tokens-per-minute} and {@code concurrent-requests} of each; 0 is no
 *     bound
 */
@ConfigurationProperties(prefix = "fleet.gateway.security", ignoreUnknownFields = false)
public record SecurityProperties(
    @DefaultValue("") String keys,
    @DefaultValue Jwt jwt,
    @DefaultValue("false") boolean certificates,
    @DefaultValue("infer") List<Scope> certificateScopes,
    @DefaultValue("*") List<String> certificateModels,
    @DefaultValue("") String certificateQuota,
    @DefaultValue({"infer", "jobs"}) List<Scope> anonymousScopes,
    @DefaultValue List<String> trustedProxies,
    @DefaultValue("600") int failuresPerMinute,
    @DefaultValue("0") int gateways,
    @DefaultValue Map<String, Quota> quotas) {

  /**
   * How tokens are verified.
   *
   * @param issuer the {@code iss} of tokens, where its metadata lies too; empty for none
   * @param jwkSetUri where its public keys are; empty: where the issuer's metadata says
   * @param audience one of which a token must be for; empty accepts any
   * @param scopesClaim names the scopes, as a list or in one string; {@code scp} is read beside it
   * @param scopePrefix before the fleet's own scopes in that claim
   * @param models of tokens that name none in the models claim
   * @param modelsClaim names the models, as patterns
   * @param quota the name of the quota of tokens that name none, of {@code security.quotas}; empty
   *     for none
   * @param quotaClaim names the quota, or holds it, with the keys that a key's line has for its own
   * @param remembered verified tokens that are remembered until they expire; 0 or more
   * @param timeout of a request to the issuer; 1 ms or more
   */
  public record Jwt(
      @DefaultValue("") String issuer,
      @DefaultValue("") String jwkSetUri,
      @DefaultValue List<String> audience,
      @DefaultValue("scope") String scopesClaim,
      @DefaultValue("") String scopePrefix,
      @DefaultValue("models") String modelsClaim,
      @DefaultValue("*") List<String> models,
      @DefaultValue("") String quota,
      @DefaultValue("quota") String quotaClaim,
      @DefaultValue("10000") int remembered,
      @DefaultValue("2s") Duration timeout) {

    public Jwt {
      audience = List.copyOf(audience);
      models = List.copyOf(models);
      require(
          jwkSetUri.isEmpty() || !issuer.isEmpty(), "jwt.jwk-set-uri", jwkSetUri, "jwt.issuer too");
      require(remembered >= 0, "jwt.remembered", remembered, ">= 0");
      require(timeout.toMillis() >= 1, "jwt.timeout", timeout, ">= 1ms");
    }
  }

  public SecurityProperties {
    certificateScopes = List.copyOf(certificateScopes);
    certificateModels = List.copyOf(certificateModels);
    anonymousScopes = List.copyOf(anonymousScopes);
    trustedProxies = List.copyOf(trustedProxies);
    quotas = Map.copyOf(quotas);
    requireQuota(quotas, "certificate-quota", certificateQuota);
    requireQuota(quotas, "jwt.quota", jwt.quota());
    require(
        !anonymousScopes.contains(Scope.ADMIN),
        "anonymous-scopes",
        anonymousScopes,
        "without admin, which needs credentials");
    require(failuresPerMinute >= 1, "failures-per-minute", failuresPerMinute, ">= 1");
    require(gateways >= 0, "gateways", gateways, ">= 0");
  }

  /** Whether requests need credentials. */
  boolean isAuthenticationNeeded() {
    return !keys.isEmpty() || !jwt.issuer().isEmpty() || certificates;
  }

  /** The quota of that name; none where there is no name. */
  public Quota quota(String name) {
    return quotas.getOrDefault(name, Quota.NONE);
  }

  private static void requireQuota(Map<String, Quota> quotas, String key, String name) {
    require(
        name.isEmpty() || quotas.containsKey(name),
        key,
        "'" + name + "'",
        "empty, or one of quotas, " + new TreeSet<>(quotas.keySet()));
  }

  public Set<Scope> anonymous() {
    return Set.copyOf(anonymousScopes);
  }

  private static void require(boolean holds, String key, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "fleet.gateway.security." + key + ": " + value + " (expected: " + expected + ")");
    }
  }
}
