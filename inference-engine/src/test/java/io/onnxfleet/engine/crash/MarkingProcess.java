package io.onnxfleet.engine.crash;

import io.onnxfleet.engine.metrics.ModelVersionId;
import java.io.IOException;
import java.nio.file.Path;

/** A process that is in a first run for ever: {@code MarkingProcess <folder> [<host>]}. */
final class MarkingProcess {
  private MarkingProcess() {}

  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    RunMarks marks =
        arguments.length > 1 ? RunMarks.open(folder, arguments[1]) : RunMarks.open(folder);
    int _ = marks.open(new ModelVersionId("bert", 1), "content of bert");
    int over =
        marks.begin(
            new RunMarks.Mark(new ModelVersionId("bert", 1), "content of bert", 1, "x [1, 8]"));
    int _ =
        marks.begin(
            new RunMarks.Mark(
                new ModelVersionId("größe:x", 7), "f00", -5, "x [1, 3, 32, 32]".repeat(100)));
    marks.end(over);
    System.out.println("running");
    int _ = System.in.read();
  }
}
