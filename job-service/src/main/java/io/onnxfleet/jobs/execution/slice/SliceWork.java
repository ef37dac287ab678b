package io.onnxfleet.jobs.execution.slice;

import io.onnxfleet.jobs.batch.Batch;
import io.onnxfleet.jobs.batch.Batches;
import io.onnxfleet.jobs.batch.Ending;
import io.onnxfleet.jobs.batch.Slice;
import io.onnxfleet.jobs.batch.SliceResult;
import io.onnxfleet.jobs.execution.BusyException;
import io.onnxfleet.jobs.execution.GatewayLines;
import io.onnxfleet.jobs.execution.Interruption;
import io.onnxfleet.jobs.execution.LineOutcome;
import io.onnxfleet.jobs.execution.Pauses;
import io.onnxfleet.jobs.execution.StoppingException;
import io.onnxfleet.jobs.lines.BatchLine;
import io.onnxfleet.jobs.lines.ChangedInputException;
import io.onnxfleet.jobs.lines.InputCheck;
import io.onnxfleet.jobs.lines.LineReader;
import io.onnxfleet.jobs.lines.Region;
import io.onnxfleet.jobs.observability.EndCounters;
import io.onnxfleet.jobs.quota.OwnerShares;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Works on a slice: has each of its lines answered, several at a time, and settles what came of it.
 * A slice that was cut short begins anew; what it had written is nobody's and gets swept. Blocks.
 * Thread-safe. Bounded: lines that are under way at a time, and the memory that these take.
 */
final class SliceWork {
  private static final Logger LOGGER = LoggerFactory.getLogger(SliceWork.class);

  private static final String LINE = "batch_req_";
  private static final int UNIT = 64 << 10;
  private static final Duration PAUSE = Duration.ofSeconds(2);

  private final Batches batches;
  private final ObjectStore store;
  private final GatewayLines gateway;
  private final Executor threads;
  private final int lines;
  private final Semaphore memory;
  private final int units;
  private final OwnerShares shares;
  private final long longestLine;
  private final Pauses pauses;
  private final EndCounters ends;
  private final Names names;
  private final InstantSource clock;

  /**
   * Works on slices.
   *
   * @param threads one for each line
   * @param shares of slices at a time: whose lines only wait keeps nobody else's from theirs
   * @param lines of a slice that are begun at a time
   * @param memoryForLines bytes of those lines; a longer one is under way alone
   */
  SliceWork(
      Batches batches,
      ObjectStore store,
      GatewayLines gateway,
      Executor threads,
      OwnerShares shares,
      int lines,
      long memoryForLines,
      long longestLine,
      Pauses pauses,
      EndCounters ends,
      Names names,
      InstantSource clock) {
    this.batches = batches;
    this.store = store;
    this.gateway = gateway;
    this.threads = threads;
    this.shares = shares;
    this.lines = lines;
    this.units = (int) Math.max(1, memoryForLines / UNIT);
    this.memory = new Semaphore(units);
    this.longestLine = longestLine;
    this.pauses = pauses;
    this.ends = ends;
    this.names = names;
    this.clock = clock;
  }

  /** Works on a slice, unless it is settled already. */
  void run(String batchId, int number) throws Exception {
    store.requireRoom();
    Optional<Batch> found = batches.find(batchId);
    if (found.isEmpty() || batches.endingOf(found.get()) != null) {
      // Nothing is asked: what its owner's other lines wait for is none of its business.
      run(found, batchId, number);
      return;
    }
    String owner = found.get().owner();
    if (!shares.enter(owner)) {
      throw new BusyException(PAUSE);
    }
    try {
      run(found, batchId, number);
    } finally {
      shares.leave(owner);
    }
  }

  private void run(Optional<Batch> found, String batchId, int number) throws Exception {
    Optional<Slice> taken = found.isEmpty() ? Optional.empty() : batches.take(batchId, number);
    if (taken.isEmpty()) {
      return;
    }
    Batch batch = found.get();
    Slice slice = taken.get();
    SliceResult result;
    Map<String, Integer> outcomes;
    try (SliceAnswers answers = new SliceAnswers(store, slice.region().lineCount())) {
      answer(batch, slice.region(), answers);
      pauses.requireGoing();
      result = answers.keep();
      outcomes = answers.outcomes();
    } catch (LostException lost) {
      LOGGER.error("slice {} of {} cannot be read: {}", number, batchId, lost.getMessage());
      batches.loseInput(batchId);
      int lines = slice.region().lineCount();
      result = new SliceResult(null, null, 0, lines, 0);
      outcomes = Map.of(Ending.FAILED.lineCode(), lines);
    }
    if (batches.settle(slice, result)) {
      ends.lines(outcomes);
    } else {
      drop(result.output());
      drop(result.errors());
    }
  }

  private void drop(SliceResult.@Nullable Written written) {
    if (written != null) {
      store.delete(written.object());
    }
  }

  private void answer(Batch batch, Region region, SliceAnswers answers) throws Exception {
    BatchWatch watch = new BatchWatch(batches, batch.id(), pauses, clock);
    SlicePatience patience = new SlicePatience(clock);
    try (LineReader input =
            new LineReader(
                open(batch.inputObject(), region.endByte()),
                region.firstLine(),
                region.firstByte(),
                region.endByte(),
                longestLine);
        LineGroup underWay = new LineGroup(threads)) {
      try {
        Semaphore places = new Semaphore(lines);
        int index = 0;
        LineReader.Line line = input.next();
        while (line != null && !underWay.hasFailed()) {
          if (!line.isBlank()) {
            begin(batch, line, index, answers, watch, patience, underWay, places);
            index++;
          }
          line = input.next();
        }
        if (index < region.lineCount() && !underWay.hasFailed()) {
          throw new LostException(
              "it has %d lines there (expected: %d)".formatted(index, region.lineCount()));
        }
      } catch (IOException | InterruptedException | RuntimeException failed) {
        underWay.fail(failed);
      }
      underWay.await();
    }
  }

  private SeekableByteChannel open(String input, long end) throws IOException {
    try {
      return store.open(input, end);
    } catch (NoSuchFileException gone) {
      if (store.isLost(input)) {
        throw new LostException("object " + input + " is gone");
      }
      throw gone;
    }
  }

  /** The input is not what was judged. */
  private static final class LostException extends IOException {
    private static final long serialVersionUID = 1L;

    LostException(String message) {
      super(message);
    }
  }

  /** Waits for a place, and has the line asked. */
  private void begin(
      Batch batch,
      LineReader.Line line,
      int index,
      SliceAnswers answers,
      BatchWatch watch,
      SlicePatience patience,
      LineGroup underWay,
      Semaphore places)
      throws IOException, InterruptedException {
    int taken = (int) Math.min(units, line.length() / UNIT);
    places.acquire();
    try {
      memory.acquire(taken);
    } catch (InterruptedException stopped) {
      places.release();
      throw stopped;
    }
    Runnable last =
        () -> {
          memory.release(taken);
          places.release();
        };
    BatchLine read;
    try {
      read = InputCheck.reread(line, batch.endpoint());
    } catch (ChangedInputException changed) {
      last.run();
      throw new LostException(String.valueOf(changed.getMessage()));
    } catch (IOException | RuntimeException failed) {
      last.run();
      throw failed;
    }
    underWay.begin(
        () -> {
          ask(batch, read, index, answers, watch, patience, underWay);
          return null;
        },
        last);
  }

  private void ask(
      Batch batch,
      BatchLine line,
      int index,
      SliceAnswers answers,
      BatchWatch watch,
      SlicePatience patience,
      LineGroup underWay)
      throws Exception {
    String id = LINE + names.get();
    Interruption interruption =
        new Interruption() {
          @Override
          public @Nullable Ending ending() throws StoppingException {
            if (underWay.hasFailed()) {
              throw new StoppingException();
            }
            return watch.ending();
          }

          @Override
          public void waits() throws BusyException {
            patience.requireTurn();
          }

          @Override
          public void comes() {
            patience.come();
          }
        };
    gateway.ask(
        new LineQuestion(batch, line),
        id,
        interruption,
        outcome -> keep(batch, line, id, index, outcome, answers, watch));
  }

  /** A line, as its batch has it asked. */
  private record LineQuestion(Batch batch, BatchLine line) implements GatewayLines.Question {
    private static final Map<String, String> JSON = Map.of("Content-Type", "application/json");

    @Override
    public String target() {
      return batch.endpoint();
    }

    @Override
    public String ownerStatement() {
      return batch.ownerStatement();
    }

    @Override
    public Map<String, String> headers() {
      return JSON;
    }

    /** One of bytes would copy them all. */
    @Override
    public BodyPublisher body() {
      return BodyPublishers.fromPublisher(
          BodyPublishers.ofInputStream(
              () -> new ByteArrayInputStream(line.content(), line.bodyFrom(), line.bodyLength())),
          line.bodyLength());
    }

    @Override
    public boolean wantsOneLine() {
      return true;
    }
  }

  private void keep(
      Batch batch,
      BatchLine line,
      String id,
      int index,
      LineOutcome outcome,
      SliceAnswers answers,
      BatchWatch watch)
      throws IOException {
    switch (outcome) {
      case LineOutcome.Answered answered ->
          answers.put(
              index,
              LineRecords.answered(id, line.customId(), answered),
              answered.isSuccess() ? EndCounters.ANSWERED : EndCounters.ofStatus(answered.status()),
              answered.tokens());
      case LineOutcome.Unanswered(String code, String message) ->
          answers.put(index, LineRecords.unanswered(id, line.customId(), code, message), code, 0);
      case LineOutcome.Refused(String code, String message) -> {
        batches.fail(batch.id(), code, message);
        watch.lookAgain();
        answers.put(
            index,
            LineRecords.unanswered(
                id, line.customId(), Ending.FAILED.lineCode(), Ending.FAILED.lineMessage()),
            Ending.FAILED.lineCode(),
            0);
      }
    }
  }
}
