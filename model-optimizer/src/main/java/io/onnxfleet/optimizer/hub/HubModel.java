package io.onnxfleet.optimizer.hub;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a hub says of a model at one commit.
 *
 * @param commit 40 letters of hexadecimal
 * @param files their paths, each of which lies within the model's folder
 * @param licence its short name, or null if the hub says none
 */
public record HubModel(
    HubReference reference, String commit, List<String> files, @Nullable String licence) {
  public HubModel {
    files = List.copyOf(files);
  }
}
