package io.onnxfleet.jobs.execution.slice;

import io.onnxfleet.jobs.batch.Batch;
import io.onnxfleet.jobs.lines.BatchLine;
import io.onnxfleet.jobs.lines.ChangedInputException;
import io.onnxfleet.jobs.lines.InputCheck;
import io.onnxfleet.jobs.lines.LineReader;
import io.onnxfleet.jobs.lines.Region;
import io.onnxfleet.jobs.store.FileContent;
import io.onnxfleet.jobs.store.ObjectStore;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The lines of a slice, in a file: memory holds one only while it is judged. A line's body may be
 * read by any thread, again and again; all else is for one thread.
 */
final class SliceInput implements Closeable {
  private static final Comparator<Found> LONGEST_FIRST =
      Comparator.<Found>comparingLong(found -> found.line().length()).reversed();

  private final ObjectStore.Piece piece;
  private final LineReader reader;
  private final String endpoint;
  private final int expected;

  private SliceInput(ObjectStore.Piece piece, LineReader reader, String endpoint, int expected) {
    this.piece = piece;
    this.reader = reader;
    this.endpoint = endpoint;
    this.expected = expected;
  }

  /**
   * A line that was found.
   *
   * @param index among the slice's lines, from 0
   */
  record Found(LineReader.Line line, int index) {}

  /**
   * A line that was judged.
   *
   * @param index among the slice's lines, from 0
   * @param bodyFrom where its body begins in the file
   */
  record Judged(SliceInput input, int index, String customId, long bodyFrom, int bodyLength) {
    InputStream body() {
      return new FileContent(input.piece.file(), bodyFrom, bodyLength);
    }
  }

  /** The input is not what was judged before. */
  static final class LostException extends IOException {
    private static final long serialVersionUID = 1L;

    LostException(String message) {
      super(message);
    }
  }

  /**
   * Opens a slice of a batch's input.
   *
   * @param longest bytes of a line that is taken
   * @throws LostException if there is no such input any more
   */
  static SliceInput open(ObjectStore store, Batch batch, Region region, long longest)
      throws IOException {
    ObjectStore.Piece piece;
    try {
      piece = store.fetch(batch.inputObject(), region.firstByte(), region.endByte());
    } catch (NoSuchFileException gone) {
      if (store.isLost(batch.inputObject())) {
        throw new LostException("object " + batch.inputObject() + " is gone");
      }
      throw gone;
    }
    LineReader reader =
        new LineReader(
            piece.file(),
            region.firstLine(),
            piece.begin(),
            piece.begin() + region.endByte() - region.firstByte(),
            longest);
    return new SliceInput(piece, reader, batch.endpoint(), region.lineCount());
  }

  /**
   * All lines but blank ones. Those of like length stand together, since a model pads what it
   * computes together to one length; the longest come first, so that none is left over at the end.
   *
   * @throws LostException if there are fewer than there were
   */
  List<Found> longestFirst() throws IOException {
    List<Found> lines = new ArrayList<>(expected);
    for (LineReader.Line line = reader.next(); line != null; line = reader.next()) {
      if (!line.isBlank()) {
        lines.add(new Found(line, lines.size()));
      }
    }
    if (lines.size() != expected) {
      throw new LostException(
          "it has %d lines there (expected: %d)".formatted(lines.size(), expected));
    }
    lines.sort(LONGEST_FIRST);
    return lines;
  }

  /**
   * Reads a line as a whole, and keeps where its body is.
   *
   * @throws LostException if it is not right any more
   */
  Judged judge(Found found) throws IOException {
    try {
      BatchLine line = InputCheck.reread(found.line(), endpoint);
      return new Judged(
          this,
          found.index(),
          line.customId(),
          found.line().begin() + line.bodyFrom(),
          line.bodyLength());
    } catch (ChangedInputException changed) {
      throw new LostException(String.valueOf(changed.getMessage()));
    }
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
