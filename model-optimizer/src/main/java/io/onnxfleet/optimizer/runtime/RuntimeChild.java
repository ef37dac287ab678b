package io.onnxfleet.optimizer.runtime;

import io.onnxfleet.engine.crash.CrashFolder;
import io.onnxfleet.engine.crash.CrashReport;
import io.onnxfleet.engine.crash.ExitCodes;
import io.onnxfleet.optimizer.OptimizerException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A {@link RuntimeProcess} as the optimizer sees it. At most {@value #MOST_IDLE} are kept for the
 * next model; a process is replaced after {@value #MOST_MODELS} models. All end with the optimizer.
 * Thread-safe.
 */
final class RuntimeChild {
  private static final int MOST_IDLE = 2;
  private static final int MOST_MODELS = 100;
  private static final int LONGEST_WORDS = 300;

  /** How long a process that crashed may write down what happened. */
  private static final long REPORT_SECONDS = 20;

  private static final String KIND = "optimizer";

  /** Where ONNX Runtime's libraries lie: images keep none in their jars. */
  private static final List<String> HANDED_ON =
      List.of("onnxruntime.native.path", "java.io.tmpdir");

  private static final ArrayDeque<RuntimeChild> IDLE = new ArrayDeque<>();

  private final Process process;
  private final Instant started = Instant.now();
  private final DataOutputStream questions;
  private final DataInputStream answers;
  private final Thread listener;
  private volatile String lastWords = "";
  private int models;

  private RuntimeChild() {
    try {
      process = new ProcessBuilder(command()).start();
    } catch (IOException failure) {
      throw new OptimizerException(
          "no process can be started to run models in: " + failure.getMessage(), failure);
    }
    questions = new DataOutputStream(new BufferedOutputStream(process.getOutputStream(), 1 << 16));
    answers = new DataInputStream(new BufferedInputStream(process.getInputStream(), 1 << 16));
    listener = Thread.ofVirtual().start(this::listen);
  }

  private static List<String> command() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+DisplayVMOutputToStderr",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorLogTimeout=10",
            "--enable-native-access=ALL-UNNAMED",
            CrashFolder.ofThisProcess().option(KIND)));
    for (String property : HANDED_ON) {
      String value = System.getProperty(property);
      if (value != null) {
        command.add("-D" + property + "=" + value);
      }
    }
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), RuntimeProcess.class.getName()));
    return command;
  }

  /** One that runs no model now. */
  static RuntimeChild take() {
    synchronized (IDLE) {
      while (!IDLE.isEmpty()) {
        RuntimeChild child = IDLE.pop();
        if (child.process.isAlive()) {
          return child;
        }
      }
    }
    return new RuntimeChild();
  }

  /** One that has seen no other model. */
  static RuntimeChild fresh() {
    return new RuntimeChild();
  }

  /** After its model is closed. */
  void giveBack() {
    synchronized (IDLE) {
      if (process.isAlive() && models < MOST_MODELS && IDLE.size() < MOST_IDLE) {
        IDLE.push(this);
        return;
      }
    }
    end();
  }

  void end() {
    process.destroyForcibly();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Whether the model that it runs is the only one it has run. */
  boolean isFresh() {
    return models <= 1;
  }

  /** Part of a question or of an answer. */
  @FunctionalInterface
  interface Writer {
    void write(DataOutputStream out) throws IOException;
  }

  /** The same read. */
  @FunctionalInterface
  interface Reader<T> {
    T read(DataInputStream in) throws IOException;
  }

  /**
   * Asks and waits.
   *
   * @param file what the process runs, for messages
   * @throws OptimizerException with the reason if it refuses
   * @throws ModelCrashException if the process has ended
   */
  synchronized <T> T ask(Path file, Wire.Question question, Writer writer, Reader<T> reader) {
    if (question == Wire.Question.OPEN) {
      models++;
    }
    try {
      Wire.writeText(questions, question.name());
      writer.write(questions);
      questions.flush();
      if (answers.readInt() != Wire.MARK) {
        throw new IOException("no answer");
      }
      if (!answers.readBoolean()) {
        throw new OptimizerException(Wire.readText(answers));
      }
      return reader.read(answers);
    } catch (IOException gone) {
      throw died(file);
    }
  }

  private ModelCrashException died(Path file) {
    boolean interrupted = false;
    try {
      // It may still be writing its report.
      boolean _ = process.waitFor(REPORT_SECONDS, TimeUnit.SECONDS);
      end();
      int exitCode = process.waitFor();
      listener.join();
      CrashFolder folder = CrashFolder.ofThisProcess();
      Optional<CrashReport> report = folder.reportOf(KIND, process.pid(), started);
      folder.sweep();
      return new ModelCrashException(
          "%s: ONNX Runtime ended the process of the model: %s"
              .formatted(
                  file,
                  report
                      .map(read -> "%s (details: %s)".formatted(read.describe(), read.file()))
                      .orElseGet(
                          () ->
                              lastWords.isEmpty()
                                  ? ExitCodes.describe(exitCode)
                                  : "%s; its last words: %s"
                                      .formatted(ExitCodes.describe(exitCode), lastWords))));
    } catch (InterruptedException stop) {
      interrupted = true;
      end();
      return new ModelCrashException(file + ": interrupted while its process was ending");
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Reads what it prints, so that it never waits for a reader, and keeps the last line. */
  private void listen() {
    try (BufferedReader lines = process.errorReader(StandardCharsets.UTF_8)) {
      lines
          .lines()
          // What starts so is the JVM's own report, which is read from its file.
          .filter(line -> !line.isBlank() && !line.startsWith("#") && !line.startsWith("["))
          .forEach(
              line ->
                  lastWords = line.substring(0, Math.min(line.length(), LONGEST_WORDS)).strip());
    } catch (IOException | UncheckedIOException gone) {
      // Whatever came before is what it said.
    }
  }
}
