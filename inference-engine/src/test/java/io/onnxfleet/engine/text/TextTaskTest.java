package io.onnxfleet.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.text.tokenization.MiniLm;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every text task gets from the flow of rows, shown with tasks that embed nothing. */
class TextTaskTest {
  private final BufferPool pool = BufferPool.ofDefaults();
  private final List<CompletableFuture<InferenceResponse>> held = new ArrayList<>();
  private boolean holds;

  private final FakeEncoder encoder =
      new FakeEncoder(pool) {
        @Override
        CompletableFuture<InferenceResponse> answer(Row row) {
          if (holds) {
            held.add(new CompletableFuture<>());
            return held.getLast();
          }
          return completed(row);
        }
      };

  private final TextRunner runner = runner();

  @AfterEach
  void everythingIsReleased() {
    runner.close();
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void run_handsEachWindowOverOnce_whateverTheTask() {
    List<Integer> tokens =
        run(new RowLengths(), new TextInput.Characters("a b c d e"), new TextInput.Characters("a"))
            .join();

    // Of a window's five places two are special tokens, and neighbours share one.
    assertThat(tokens).containsExactly(10, 3);
    assertThat(encoder.rows).hasSize(3);
  }

  @Test
  void run_finishesAtOnce_whenThereAreNoTexts() {
    assertThat(run(new RowLengths()).join()).isEmpty();
  }

  @Test
  void run_fails_whenTheTaskRefusesARow() {
    assertFailure(
        run(
            new Failing() {
              @Override
              public void add(AnsweredRow row) {
                throw new InferenceException(ErrorCode.EXECUTION_FAILED, "no answer to this");
              }
            },
            new TextInput.Characters("a b c d e")),
        "no answer to this");
  }

  @Test
  void run_fails_inTheTasksName_whenItHasADefect() {
    assertFailure(
        run(
            new Failing() {
              @Override
              public String finish() {
                throw new IllegalStateException("a defect");
              }
            },
            new TextInput.Characters("a")),
        "failing failed: a defect");
    assertFailure(
        run(
            new Failing() {
              @Override
              public String finish() {
                throw new IllegalStateException("a defect");
              }
            }),
        "failing failed: a defect");
  }

  @Test
  void run_dropsItsRows_whenTheCallerGivesUp() {
    holds = true;

    var answer = run(new RowLengths(), new TextInput.Characters("a b c d e"));
    answer.cancel(true);

    assertThat(held).isNotEmpty().allMatch(CompletableFuture::isCancelled);
  }

  private static void assertFailure(CompletableFuture<?> answer, String message) {
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(answer::join)
        .havingCause()
        .isInstanceOfSatisfying(
            InferenceException.class,
            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.EXECUTION_FAILED))
        .withMessage(message);
  }

  private <T> CompletableFuture<T> run(TextTask<T> task, TextInput... texts) {
    TextOptions options = TextOptions.whole(0);
    TextRunner.Tokenizing work = runner.tokenizing(List.of(texts), options, task::argument);
    while (work.advance()) {
      // A piece at a time.
    }
    return runner.run(work.finish(), task, options, Deadline.NONE, null);
  }

  private TextRunner runner() {
    TextModel model =
        TextModel.of(
            "m",
            1,
            Stream.of("input_ids", "attention_mask", "token_type_ids")
                .map(name -> new TensorSpec(name, DataType.INT64, Shape.of(-1, -1)))
                .toList(),
            List.of(new TensorSpec("last_hidden_state", DataType.FP32, Shape.of(-1, -1, 2))),
            Map.of("max-sequence-length", "5", "window-overlap", "1"));
    return new TextRunner(
        new TextVersion(model, List.of()),
        TextTokenizer.open(MiniLm.TOKENIZER),
        encoder,
        pool,
        TextEmbedder.DEFAULT_MAX_TOKENS);
  }

  /** The tokens of each text's rows, special ones included. */
  private static final class RowLengths implements TextTask<List<Integer>> {
    @Override
    public String name() {
      return "counting";
    }

    @Override
    public Reduction<List<Integer>> begin(TextVersion version, TokenizedTexts texts) {
      List<AtomicInteger> lengths =
          Collections.nCopies(texts.texts().size(), 0).stream().map(AtomicInteger::new).toList();
      return new Reduction<>() {
        @Override
        public void add(AnsweredRow row) {
          int length = row.tokens().last() - row.tokens().first() + 1;
          assertThat(row.output().shape()).isEqualTo(Shape.of(1, length, 2));
          lengths.get(row.text()).addAndGet(length);
        }

        @Override
        public List<Integer> finish() {
          return lengths.stream().map(AtomicInteger::get).toList();
        }
      };
    }
  }

  private static class Failing implements TextTask<String>, TextTask.Reduction<String> {
    @Override
    public String name() {
      return "failing";
    }

    @Override
    public Reduction<String> begin(TextVersion version, TokenizedTexts texts) {
      return this;
    }

    @Override
    public void add(AnsweredRow row) {}

    @Override
    public String finish() {
      return "";
    }
  }
}
