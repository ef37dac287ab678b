package io.onnxfleet.gateway.security.credential;

import io.onnxfleet.gateway.security.quota.Quota;
import io.onnxfleet.gateway.security.quota.QuotaUse;
import io.onnxfleet.gateway.security.quota.SubjectQuotas;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Finds the quota of a token's subject: the one that its claim names or holds, or else the default
 * one. Safe for use by many threads.
 */
public final class TokenQuotas {

  private static final Set<String> KEYS =
      new TreeSet<>(
          Set.of(ApiKeyFile.REQUESTS, ApiKeyFile.ROWS, ApiKeyFile.TOKENS, ApiKeyFile.CONCURRENT));

  private final Map<String, Quota> named;
  private final Quota otherwise;
  private final SubjectQuotas subjects;

  /**
   * Knows the quotas that may be named.
   *
   * @param otherwise of tokens without a claim
   */
  public TokenQuotas(Map<String, Quota> named, Quota otherwise, SubjectQuotas subjects) {
    this.named = named;
    this.otherwise = otherwise;
    this.subjects = subjects;
  }

  /**
   * What the caller has used of its quota; null if nothing bounds it.
   *
   * @param claim null if the token has none
   * @throws IllegalArgumentException if the claim is no quota: a token that should have a bound
   *     must not come in without
   */
  @Nullable QuotaUse of(String caller, @Nullable Object claim) {
    return subjects.of(caller, quota(claim));
  }

  private Quota quota(@Nullable Object claim) {
    return switch (claim) {
      case null -> otherwise;
      case String name -> named(name);
      case Map<?, ?> values -> read(values);
      default -> throw new IllegalArgumentException(claim + " (expected: a name, or an object)");
    };
  }

  private Quota named(String name) {
    Quota quota = named.get(name);
    if (quota == null) {
      throw new IllegalArgumentException(
          "'%s' (expected: one of %s)".formatted(name, new TreeSet<>(named.keySet())));
    }
    return quota;
  }

  private static Quota read(Map<?, ?> values) {
    for (Object key : values.keySet()) {
      if (!KEYS.contains(key)) {
        throw new IllegalArgumentException(
            "unknown key '%s' (expected: %s)".formatted(key, String.join(", ", KEYS)));
      }
    }
    return new Quota(
        number(values, ApiKeyFile.REQUESTS),
        number(values, ApiKeyFile.ROWS),
        number(values, ApiKeyFile.TOKENS),
        number(values, ApiKeyFile.CONCURRENT));
  }

  private static int number(Map<?, ?> values, String key) {
    Object value = values.get(key);
    if (value == null) {
      return 0;
    }
    if (!(value instanceof Number number)
        || number.doubleValue() != number.intValue()
        || number.intValue() < 1) {
      throw new IllegalArgumentException(
          "%s: %s (expected: a whole number, at least 1)".formatted(key, value));
    }
    return number.intValue();
  }
}
