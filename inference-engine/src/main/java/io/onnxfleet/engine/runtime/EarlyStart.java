package io.onnxfleet.engine.runtime;

/**
 * What a process can do for its engine before it has one, while it starts otherwise. Nothing is
 * logged here: the logging may not be set up yet.
 */
public final class EarlyStart {
  private EarlyStart() {}

  /**
   * Begins on a thread of its own: loads ONNX Runtime, and has the JVM's optimising compiler give
   * way to all other threads, to those that start the process and later to requests.
   */
  public static void begin() {
    Thread.ofPlatform().name("early-start").daemon().start(EarlyStart::run);
  }

  private static void run() {
    ThreadPriorities.lowerOptimisingCompiler();
    try {
      var _ = OrtEnvironment.get();
    } catch (RuntimeException | LinkageError missing) {
      // An engine, which cannot do without, meets the same and says so.
    }
  }
}
