package io.onnxfleet.gateway.security.credential;

import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.quota.Quota;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A key as its file describes it.
 *
 * @param name which logs and replicas are told; letters, digits, dots, dashes and underscores
 * @param digest of the key itself, which nobody keeps
 * @param models that it is for; {@code *} stands for any characters
 * @param expires when it ends; null for never
 */
record ApiKey(
    String name,
    CredentialDigest digest,
    List<String> models,
    Set<Scope> scopes,
    @Nullable Instant expires,
    Quota quota) {

  static final int LONGEST_NAME = 64;

  ApiKey {
    requireName(name);
    models = List.copyOf(models);
    scopes = Set.copyOf(scopes);
    if (models.isEmpty()) {
      throw new IllegalArgumentException("models: none (expected: one pattern at least)");
    }
  }

  static void requireName(String name) {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0," + (LONGEST_NAME - 1) + "}")) {
      throw new IllegalArgumentException(
          "name: '%s' (expected: 1 to %d letters, digits, dots, dashes and underscores)"
              .formatted(name, LONGEST_NAME));
    }
  }
}
