package io.onnxfleet.jobs.execution.slice;

import io.onnxfleet.contract.api.ErrorCode;
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
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.lines.Region;
import io.onnxfleet.jobs.observability.EndCounters;
import io.onnxfleet.jobs.quota.OwnerShares;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
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
 * Thread-safe. Bounded: lines that are under way at a time, and the memory of those that are
 * judged.
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
   * @param memoryForLines bytes of lines that are judged at a time; a longer one is so alone
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
    this.memory = new Semaphore(units, true);
    this.longestLine = longestLine;
    this.pauses = pauses;
    this.ends = ends;
    this.names = names;
    this.clock = clock;
  }

  /**
   * Works on a slice, unless it is settled already.
   *
   * @throws JobException if there is no room for its answers, and they are still wanted
   */
  void run(String batchId, int number) throws Exception {
    Optional<Batch> found = batches.find(batchId);
    if (found.isEmpty() || batches.endingOf(found.get()) != null) {
      // Nothing is asked: what its owner's other lines wait for is none of its business.
      run(found, batchId, number);
      return;
    }
    store.requireRoom();
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
    } catch (SliceInput.LostException lost) {
      LOGGER.error("slice {} of {} cannot be read: {}", number, batchId, lost.getMessage());
      batches.loseInput(batchId);
      result = withoutLines(slice);
      outcomes = Map.of(Ending.FAILED.lineCode(), result.failed());
    } catch (JobException refused) {
      Ending ending = endingWithoutRoom(batchId, refused);
      LOGGER.warn("slice {} of {} ends without its lines: {}", number, batchId, refused.toString());
      result = withoutLines(slice);
      outcomes = Map.of(ending.lineCode(), result.failed());
    }
    if (batches.settle(slice, result)) {
      ends.lines(outcomes);
    } else {
      drop(result.output());
      drop(result.errors());
    }
  }

  private static SliceResult withoutLines(Slice slice) {
    return new SliceResult(null, null, 0, slice.region().lineCount(), 0);
  }

  /**
   * Why a slice whose lines cannot be written ends all the same: nobody waits until there is room
   * only to write that nothing was answered.
   *
   * @throws JobException if its batch goes on, or it was refused for something else
   */
  private Ending endingWithoutRoom(String batchId, JobException refused) throws StoppingException {
    Ending ending =
        refused.code() == ErrorCode.STORE_FULL
            ? new BatchWatch(batches, batchId, pauses, clock).ending()
            : null;
    if (ending == null) {
      throw refused;
    }
    batches.explain(
        batchId,
        String.valueOf(ErrorCode.STORE_FULL.label()),
        "there was no room for some lines, which are in no file (expected: room)");
    return ending;
  }

  private void drop(SliceResult.@Nullable Written written) {
    if (written != null) {
      store.delete(written.object());
    }
  }

  private void answer(Batch batch, Region region, SliceAnswers answers) throws Exception {
    BatchWatch watch = new BatchWatch(batches, batch.id(), pauses, clock);
    SlicePatience patience = new SlicePatience(clock);
    try (SliceInput input = SliceInput.open(store, batch, region, longestLine);
        LineGroup underWay = new LineGroup(threads)) {
      try {
        Semaphore places = new Semaphore(lines);
        for (SliceInput.Found line : input.longestFirst()) {
          if (underWay.hasFailed()) {
            break;
          }
          begin(batch, input, line, answers, watch, patience, underWay, places);
        }
      } catch (Throwable failed) {
        // Those that are under way end, too.
        underWay.fail(failed);
      }
      underWay.await();
    }
  }

  /** Waits for a place, and has the line asked. */
  private void begin(
      Batch batch,
      SliceInput input,
      SliceInput.Found line,
      SliceAnswers answers,
      BatchWatch watch,
      SlicePatience patience,
      LineGroup underWay,
      Semaphore places)
      throws IOException, InterruptedException {
    places.acquire();
    boolean isBegun = false;
    try {
      SliceInput.Judged judged = judge(input, line);
      isBegun = true;
      underWay.begin(
          () -> {
            ask(batch, judged, answers, watch, patience, underWay);
            return null;
          },
          places::release);
    } finally {
      if (!isBegun) {
        places.release();
      }
    }
  }

  /**
   * INVARIANT: whoever holds memory waits for nothing but the store. So a line that waits for its
   * turn, however long it is, keeps nobody else's from theirs.
   */
  private SliceInput.Judged judge(SliceInput input, SliceInput.Found line)
      throws IOException, InterruptedException {
    int taken = (int) Math.min(units, line.line().length() / UNIT);
    memory.acquire(taken);
    try {
      return input.judge(line);
    } finally {
      memory.release(taken);
    }
  }

  private void ask(
      Batch batch,
      SliceInput.Judged line,
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
        outcome -> keep(batch, line, id, outcome, answers, watch));
  }

  /** A line, as its batch has it asked. */
  private record LineQuestion(Batch batch, SliceInput.Judged line)
      implements GatewayLines.Question {
    private static final Map<String, String> JSON = Map.of("Content-Type", "application/json");

    /** A body up to that size is in memory while it is sent: it costs less than a stream of it. */
    private static final int SMALL = 64 << 10;

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

    @Override
    public BodyPublisher body() throws IOException {
      if (line.bodyLength() <= SMALL) {
        try (InputStream body = line.body()) {
          byte[] bytes = body.readNBytes(line.bodyLength());
          if (bytes.length < line.bodyLength()) {
            throw new EOFException(
                "a line's body has %d bytes (expected: %d)"
                    .formatted(bytes.length, line.bodyLength()));
          }
          return BodyPublishers.ofByteArray(bytes);
        }
      }
      return BodyPublishers.fromPublisher(
          BodyPublishers.ofInputStream(line::body), line.bodyLength());
    }

    @Override
    public boolean wantsOneLine() {
      return true;
    }
  }

  private void keep(
      Batch batch,
      SliceInput.Judged line,
      String id,
      LineOutcome outcome,
      SliceAnswers answers,
      BatchWatch watch) {
    int index = line.index();
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
