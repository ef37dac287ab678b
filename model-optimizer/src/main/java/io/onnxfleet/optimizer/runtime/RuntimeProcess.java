package io.onnxfleet.optimizer.runtime;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.runtime.SessionSettings.OptimizationLevel;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The process in which models run: one at a time, as it is asked through its standard input, until
 * that ends or the optimizer does. What native code does to it, it does to nothing else.
 */
final class RuntimeProcess {
  private final DataInputStream questions;
  private final DataOutputStream answers;
  private final Map<Integer, LocalModel.Inputs> prepared = new HashMap<>();
  private @Nullable LocalModel model;
  private int lastHandle;

  private RuntimeProcess(DataInputStream questions, DataOutputStream answers) {
    this.questions = questions;
    this.answers = answers;
  }

  public static void main(String[] arguments) throws IOException {
    OutputStream answers = System.out;
    // What else is printed is taken for no answer.
    System.setOut(System.err);
    // A native call that goes on does not see that the input has ended.
    ProcessHandle.current().parent().ifPresent(RuntimeProcess::endWith);
    RuntimeProcess process =
        new RuntimeProcess(
            new DataInputStream(new BufferedInputStream(System.in, 1 << 16)),
            new DataOutputStream(new BufferedOutputStream(answers, 1 << 16)));
    process.run();
  }

  private static void endWith(ProcessHandle parent) {
    Thread watch =
        new Thread(
            () -> {
              var _ = parent.onExit().join();
              Runtime.getRuntime().halt(1);
            },
            "parent");
    watch.setDaemon(true);
    watch.start();
  }

  private void run() throws IOException {
    while (true) {
      Wire.Question question;
      try {
        question = Wire.Question.valueOf(Wire.readText(questions));
      } catch (EOFException over) {
        return;
      }
      answer(question);
      answers.flush();
    }
  }

  private void answer(Wire.Question question) throws IOException {
    // All of a question is read before anything can fail, so that the next one begins where it
    // does.
    switch (question) {
      case OPEN -> {
        String file = Wire.readText(questions);
        int threads = questions.readInt();
        OptimizationLevel level = OptimizationLevel.valueOf(Wire.readText(questions));
        String optimized = Wire.readText(questions);
        attempt(
            () -> {
              LocalModel opened =
                  LocalModel.open(
                      Path.of(file),
                      new SessionSettings(threads, level),
                      optimized.isEmpty() ? null : Path.of(optimized));
              model = opened;
              List<InputSpec> inputs = opened.inputs();
              var types = opened.outputTypes();
              return out -> {
                Wire.writeInputs(out, inputs);
                Wire.writeTypes(out, types);
              };
            });
      }
      case RUN -> {
        List<TensorValue> values = Wire.readTensors(questions);
        attempt(
            () -> {
              List<TensorValue> outputs = model().run(values);
              return out -> Wire.writeTensors(out, outputs);
            });
      }
      case PREPARE -> {
        List<TensorValue> values = Wire.readTensors(questions);
        attempt(
            () -> {
              int handle = ++lastHandle;
              prepared.put(handle, model().prepare(values));
              return out -> out.writeInt(handle);
            });
      }
      case EXERCISE -> {
        int handle = questions.readInt();
        int runs = questions.readInt();
        attempt(
            () -> {
              long nanos = model().exercise(inputs(handle), runs);
              return out -> out.writeLong(nanos);
            });
      }
      case RELEASE -> {
        int handle = questions.readInt();
        attempt(
            () -> {
              inputs(handle).close();
              prepared.remove(handle);
              return _ -> {};
            });
      }
      case CLOSE ->
          attempt(
              () -> {
                prepared.values().forEach(LocalModel.Inputs::close);
                prepared.clear();
                LocalModel open = model;
                model = null;
                if (open != null) {
                  open.close();
                }
                return _ -> {};
              });
    }
  }

  private LocalModel model() {
    LocalModel open = model;
    if (open == null) {
      throw new IllegalStateException("no model is open");
    }
    return open;
  }

  private LocalModel.Inputs inputs(int handle) {
    LocalModel.Inputs inputs = prepared.get(handle);
    if (inputs == null) {
      throw new IllegalStateException("no inputs " + handle);
    }
    return inputs;
  }

  /** Writes what belongs to an answer. */
  @FunctionalInterface
  private interface Writer {
    void write(DataOutputStream out) throws IOException;
  }

  /** Does what was asked. */
  @FunctionalInterface
  private interface Attempt {
    Writer run();
  }

  private void attempt(Attempt attempt) throws IOException {
    Writer answer;
    try {
      answer = attempt.run();
    } catch (OptimizerException refused) {
      refuse(String.valueOf(refused.getMessage()));
      return;
    } catch (OutOfMemoryError tooLarge) {
      refuse(
          "out of memory: %s (expected: fewer or smaller samples)"
              .formatted(tooLarge.getMessage()));
      return;
    }
    answers.writeInt(Wire.MARK);
    answers.writeBoolean(true);
    answer.write(answers);
  }

  private void refuse(String reason) throws IOException {
    answers.writeInt(Wire.MARK);
    answers.writeBoolean(false);
    Wire.writeText(answers, reason);
  }
}
