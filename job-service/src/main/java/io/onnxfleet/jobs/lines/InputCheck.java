package io.onnxfleet.jobs.lines;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Judges a batch's input line by line, and cuts it into regions for slices. Of what is wrong it
 * tells the first {@value #MOST_ERRORS} lines. A byte order mark, CR LF, a missing end of the last
 * line and blank lines at the end are fine. Holds one line at a time, and a few bytes for each id.
 * Thread-safe.
 */
public final class InputCheck {
  static final int MOST_ERRORS = 100;

  private static final int LONG = 1 << 20;

  /** Long lines are judged one at a time in this process: each is in memory as a whole. */
  private final Semaphore longLine = new Semaphore(1, true);

  private final int mostLines;
  private final long longestLine;
  private final int regionLines;
  private final long regionBytes;

  /**
   * Judges by these bounds.
   *
   * @param regionLines of a region, at most
   * @param regionBytes of a region, unless one line is longer
   */
  public InputCheck(int mostLines, long longestLine, int regionLines, long regionBytes) {
    this.mostLines = mostLines;
    this.longestLine = longestLine;
    this.regionLines = regionLines;
    this.regionBytes = regionBytes;
  }

  /** Asked between lines. */
  public interface Interruption {
    /** Whether nobody needs the answer any more. */
    boolean isWanted();
  }

  /**
   * Reads a line that was found to be right before; its line number is for the log.
   *
   * @throws ChangedInputException if it is not right any more
   * @throws IOException if it cannot be read now
   */
  public static BatchLine reread(LineReader.Line line, String endpoint) throws IOException {
    byte @Nullable [] content = line.content();
    if (content == null) {
      throw new ChangedInputException(
          "line " + line.number() + " is longer than it was allowed to be");
    }
    try {
      return BatchLine.read(content, endpoint);
    } catch (LineException changed) {
      throw new ChangedInputException(
          "line " + line.number() + " was right before: " + changed.getMessage());
    }
  }

  /**
   * Judges a whole file.
   *
   * @param file is closed
   * @param size in bytes, as it was uploaded
   * @param endpoint that each line must name
   * @return null if it was interrupted
   * @throws ChangedInputException if it has another size now: one that was cut short where a line
   *     ends would be right, with fewer lines
   */
  public @Nullable CheckedInput check(
      SeekableByteChannel file, long size, String endpoint, Interruption interruption)
      throws IOException {
    try (LineReader lines = new LineReader(file, 1, 0, size, longestLine)) {
      if (file.size() != size) {
        throw new ChangedInputException(
            "the input has %d bytes (expected: %d)".formatted(file.size(), size));
      }
      Findings findings = new Findings();
      for (LineReader.Line line = lines.next(); line != null; line = lines.next()) {
        if (interruption.isWanted()) {
          return null;
        }
        if (line.isBlank()) {
          findings.blank(line);
        } else if (!findings.take(line, endpoint)) {
          break;
        }
      }
      return findings.whole();
    }
  }

  /** What is known of the lines so far. */
  private final class Findings {
    private final CustomIds ids = new CustomIds();
    private final List<LineError> errors = new ArrayList<>();
    private final List<Region> regions = new ArrayList<>();
    private int lines;
    private int firstBlank;

    private int regionFirst;
    private long regionFrom;
    private long regionEnd;
    private int regionCount;

    void blank(LineReader.Line line) {
      if (firstBlank == 0) {
        firstBlank = line.number();
      }
    }

    /** Whether the next line is worth a look. */
    boolean take(LineReader.Line line, String endpoint) throws IOException {
      if (firstBlank > 0) {
        errors.add(
            new LineError(
                "empty_line", "an empty line before others (expected: none)", null, firstBlank));
        firstBlank = 0;
      }
      lines++;
      if (lines > mostLines) {
        errors.add(
            new LineError(
                "too_many_lines",
                "more than %d lines (expected: <= %d)".formatted(mostLines, mostLines),
                null,
                line.number()));
        return false;
      }
      int places = line.length() > LONG ? 1 : 0;
      longLine.acquireUninterruptibly(places);
      try {
        judge(line, endpoint);
      } finally {
        longLine.release(places);
      }
      add(line);
      return errors.size() < MOST_ERRORS;
    }

    private void judge(LineReader.Line line, String endpoint) throws IOException {
      byte @Nullable [] content = line.content();
      if (content == null) {
        errors.add(
            new LineError(
                "line_too_long",
                "%d bytes (expected: <= %d)".formatted(line.length(), longestLine),
                null,
                line.number()));
        return;
      }
      try {
        BatchLine read = BatchLine.read(content, endpoint);
        if (!ids.add(read.customId())) {
          throw new LineException(
              "duplicate_custom_id",
              "custom_id: '%s', a second time (expected: each once)".formatted(read.customId()),
              "custom_id");
        }
      } catch (LineException wrong) {
        errors.add(wrong.at(line.number()));
      }
    }

    private void add(LineReader.Line line) {
      boolean isFull =
          regionCount == regionLines || (regionCount > 0 && line.end() - regionFrom > regionBytes);
      if (isFull) {
        close();
      }
      if (regionCount == 0) {
        regionFirst = line.number();
        regionFrom = line.begin();
      }
      regionCount++;
      regionEnd = line.end();
    }

    private void close() {
      if (regionCount > 0) {
        regions.add(new Region(regionFirst, regionFrom, regionEnd, regionCount));
        regionCount = 0;
      }
    }

    CheckedInput whole() {
      close();
      if (lines == 0) {
        errors.add(new LineError("empty_file", "no lines (expected: 1 or more)", null, null));
      }
      return new CheckedInput(errors.isEmpty() ? regions : List.of(), lines, errors);
    }
  }
}
