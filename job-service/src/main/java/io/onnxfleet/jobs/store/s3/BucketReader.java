package io.onnxfleet.jobs.store.s3;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * An object as a channel. What is read in order comes from one answer after the other, each of some
 * megabytes and none of it kept here; what is read elsewhere comes from an answer of its own. So
 * whoever goes on where it was, after a look back, needs no new answer. One that breaks off goes on
 * where it broke. Not thread-safe.
 *
 * <p>Reads into buffers that have an array.
 */
final class BucketReader implements SeekableByteChannel {
  private static final long LONGEST_ANSWER = 8 << 20;
  private static final int MOST_BREAKS = 5;

  private final Bucket bucket;
  private final String key;
  private final long size;
  private final long end;

  private boolean isOpen = true;
  private long position;

  /** Where what was read last ended; whoever goes on there reads in order. -1: nothing was. */
  private long lastEnd = -1;

  private @Nullable ResponseInputStream<GetObjectResponse> answer;
  private long answerAt;
  private long answerEnd;

  /** Of several answers one after the other, none of which had a byte. */
  private int breaks;

  BucketReader(Bucket bucket, String key, long size, long end) {
    this.bucket = bucket;
    this.key = key;
    this.size = size;
    this.end = Math.min(size, end);
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    requireOpen();
    if (position >= end) {
      return -1;
    }
    int wanted = (int) Math.min(target.remaining(), end - position);
    if (wanted == 0) {
      return 0;
    }
    int read = isInOrder() ? readInOrder(target, wanted) : readApart(target, wanted);
    position += read;
    lastEnd = position;
    return read;
  }

  private boolean isInOrder() {
    return lastEnd < 0 || position == lastEnd || (answer != null && position == answerAt);
  }

  private int readInOrder(ByteBuffer target, int wanted) throws IOException {
    while (true) {
      ResponseInputStream<GetObjectResponse> current = answer;
      if (current == null || answerAt != position || answerAt == answerEnd) {
        drop();
        answerAt = position;
        answerEnd = Math.min(end, position + LONGEST_ANSWER);
        current = bucket.stream(key, answerAt, answerEnd);
        answer = current;
      }
      int read = readSome(current, target, (int) Math.min(wanted, answerEnd - answerAt));
      if (read > 0) {
        answerAt += read;
        return read;
      }
      drop();
    }
  }

  private int readApart(ByteBuffer target, int wanted) throws IOException {
    int done = 0;
    while (done < wanted) {
      ResponseInputStream<GetObjectResponse> apart =
          bucket.stream(key, position + done, position + wanted);
      int read = 1;
      while (done < wanted && read > 0) {
        read = readSome(apart, target, wanted - done);
        done += read;
      }
      close(apart, done == wanted);
    }
    return done;
  }

  /** How much came; 0 where the answer broke off. */
  private int readSome(ResponseInputStream<?> from, ByteBuffer target, int wanted) {
    Exception reason;
    try {
      int read = from.read(target.array(), target.arrayOffset() + target.position(), wanted);
      if (read > 0) {
        breaks = 0;
        target.position(target.position() + read);
        return read;
      }
      reason = new IOException("it ended early");
    } catch (IOException | SdkException broken) {
      reason = broken;
    }
    breaks++;
    if (breaks >= MOST_BREAKS) {
      throw Refusals.unavailable("the object store breaks off its answers: " + reason.getMessage());
    }
    return 0;
  }

  private void drop() {
    if (answer != null) {
      close(answer, answerAt == answerEnd);
      answer = null;
    }
  }

  /** The connection of one that was not read to its end is of no use to anybody. */
  private static void close(ResponseInputStream<?> answer, boolean isWhole) {
    if (!isWhole) {
      answer.abort();
      return;
    }
    try {
      answer.close();
    } catch (IOException broken) {
      answer.abort();
    }
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public long position() {
    return position;
  }

  @Override
  public SeekableByteChannel position(long place) throws ClosedChannelException {
    requireOpen();
    position = place;
    return this;
  }

  private void requireOpen() throws ClosedChannelException {
    if (!isOpen) {
      throw new ClosedChannelException();
    }
  }

  @Override
  public int write(ByteBuffer source) {
    throw new NonWritableChannelException();
  }

  @Override
  public SeekableByteChannel truncate(long length) {
    throw new NonWritableChannelException();
  }

  @Override
  public boolean isOpen() {
    return isOpen;
  }

  @Override
  public void close() {
    isOpen = false;
    drop();
  }
}
