package io.onnxfleet.optimizer.hub;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * A stream from a connection that fails where nothing comes for too long, instead of waiting for
 * ever. For one thread; the clock stays its owner's.
 */
final class WatchedStream extends FilterInputStream {
  private final ScheduledExecutorService clock;
  private final Duration limit;
  private volatile boolean stalled;

  WatchedStream(InputStream stream, ScheduledExecutorService clock, Duration limit) {
    super(stream);
    this.clock = clock;
    this.limit = limit;
  }

  @Override
  public int read(byte[] buffer, int from, int length) throws IOException {
    ScheduledFuture<?> alarm = clock.schedule(this::end, limit.toNanos(), TimeUnit.NANOSECONDS);
    int read;
    try {
      read = super.read(buffer, from, length);
    } catch (IOException failure) {
      throw stalled ? stall() : failure;
    } finally {
      alarm.cancel(false);
    }
    if (stalled) {
      // What was closed looks as if it had ended.
      throw stall();
    }
    return read;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  private void end() {
    stalled = true;
    try {
      super.close();
    } catch (IOException unclosed) {
      // The reader gets a failure of its own.
    }
  }

  private IOException stall() {
    return new IOException("nothing came for %d s".formatted(limit.toSeconds()));
  }
}
