package io.onnxfleet.optimizer.command.result;

import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.PassReport;
import io.onnxfleet.optimizer.pass.Pipeline;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/** A command's passes over its model; says what each did as soon as it has. Not thread-safe. */
public final class Rewriting {
  private final Draft draft;
  private final PassContext context;
  private final PrintWriter out;
  private final ProgressLine progress;

  /**
   * @param workspace of the command, where passes put their files
   * @param fitting samples to fit to, asked only by passes that need some
   */
  public Rewriting(
      Path input,
      Workspace workspace,
      Supplier<SampleSet> fitting,
      PrintWriter out,
      PrintWriter err) {
    this.draft = Draft.of(input, workspace.folder());
    this.progress = new ProgressLine(err);
    this.context = new PassContext(input, workspace.folder(), fitting, progress);
    this.out = out;
  }

  /** For a command none of whose passes needs samples. */
  public Rewriting(Path input, Workspace workspace, PrintWriter out, PrintWriter err) {
    this(
        input,
        workspace,
        () -> {
          throw new IllegalStateException("no samples (expected: a pass that needs none)");
        },
        out,
        err);
  }

  public Draft draft() {
    return draft;
  }

  public ProgressLine progress() {
    return progress;
  }

  public void apply(Pass... passes) {
    apply(List.of(passes));
  }

  /** Applies one pass of whose report the command needs more than the lines. */
  public <R extends PassReport> R applyAlone(BiFunction<Draft, PassContext, R> pass) {
    try {
      R report = pass.apply(draft, context);
      say(report);
      return report;
    } finally {
      progress.clear();
    }
  }

  public void apply(List<Pass> passes) {
    try {
      new Pipeline(passes).apply(draft, context, (_, report) -> say(report));
    } finally {
      progress.clear();
    }
  }

  private void say(PassReport report) {
    progress.clear();
    report.lines().forEach(out::println);
  }
}
