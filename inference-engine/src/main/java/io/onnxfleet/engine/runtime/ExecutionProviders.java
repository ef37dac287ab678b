package io.onnxfleet.engine.runtime;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What models run on where their own configuration does not say.
 *
 * @param preferred in order of preference
 * @param required the only one that will do, or null if any of the list does
 * @param options passed on to each by name
 */
public record ExecutionProviders(
    List<ExecutionProvider> preferred,
    @Nullable ExecutionProvider required,
    Map<ExecutionProvider, Map<String, String>> options) {
  /** Only CPUs. */
  public static final ExecutionProviders CPU = of(ExecutionProvider.CPU);

  public ExecutionProviders {
    preferred = List.copyOf(preferred);
    options = Map.copyOf(options);
  }

  /** Any of these, with nothing passed on. */
  public static ExecutionProviders of(ExecutionProvider... preferred) {
    return new ExecutionProviders(List.of(preferred), null, Map.of());
  }
}
