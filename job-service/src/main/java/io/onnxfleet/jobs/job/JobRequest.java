package io.onnxfleet.jobs.job;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request that somebody wants to be answered some time, without its body.
 *
 * @param target the path, with its query if it has one
 * @param headers that are sent with it
 * @param digest of all of it, body included
 * @param key by which its owner knows it again; null for none
 */
public record JobRequest(
    String target, Map<String, String> headers, String digest, @Nullable String key) {

  public JobRequest {
    headers = Map.copyOf(headers);
  }
}
