package io.onnxfleet.optimizer.pass;

import java.util.List;
import java.util.function.BiConsumer;

/** Passes one after the other, each on what the one before it made. */
public record Pipeline(List<Pass> passes) {
  public Pipeline {
    passes = List.copyOf(passes);
  }

  /**
   * Applies them all.
   *
   * @param done told of each pass when it has ended; what it throws ends the pipeline
   */
  public void apply(Draft draft, PassContext context, BiConsumer<Pass, PassReport> done) {
    for (Pass pass : passes) {
      done.accept(pass, pass.apply(draft, context));
    }
  }
}
