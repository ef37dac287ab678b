package io.onnxfleet.engine.loading.child;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Reads what a child prints beside its answers, so that it never waits for a reader, and keeps the
 * last line of it: what native code says before it gives up. Keeps two lines at most. Thread-safe.
 */
final class LastWords {
  private static final int LONGEST = 500;
  private static final long MOST_MILLIS = 1000;

  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile String last = "";
  private volatile String crash = "";

  private LastWords() {}

  /** Reads from now on, on a thread of its own. */
  static LastWords of(BufferedReader lines) {
    LastWords words = new LastWords();
    Thread.ofVirtual().start(() -> words.read(lines));
    return words;
  }

  private void read(BufferedReader source) {
    try (BufferedReader lines = source) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        add(line);
      }
    } catch (IOException gone) {
      // Whatever came before is what it said.
    } finally {
      ended.countDown();
    }
  }

  /** A line that it printed. What starts with # is the JVM's report, which names the signal. */
  void add(String line) {
    String cut = line.length() > LONGEST ? line.substring(0, LONGEST) : line;
    if (line.startsWith("#  SIG")) {
      crash = cut;
    } else if (!line.isBlank() && !line.startsWith("#") && !line.startsWith("[")) {
      last = cut;
    }
  }

  /** The last line, once the child has ended. */
  String await() throws InterruptedException {
    boolean _ = ended.await(MOST_MILLIS, TimeUnit.MILLISECONDS);
    return (crash.isEmpty() ? last : crash).strip();
  }
}
