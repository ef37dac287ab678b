package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The operating system's priorities of this process's threads. Linux has one for each thread, which
 * threads that it starts later inherit; a process without privileges can lower but not raise it.
 * Elsewhere, or if the system refuses, threads keep the priorities that they have.
 */
public final class ThreadPriorities {
  private static final Path THREADS = Path.of("/proc/self/task");

  /** How the kernel names the thread of HotSpot's optimising compiler, in its 15 characters. */
  private static final String OPTIMISING_COMPILER = "C2 CompilerThre";

  /** Which priority is meant: that of one process or thread. */
  private static final int PROCESS = 0;

  /** Which thread is meant: the one that calls. */
  private static final int CALLER = 0;

  private static final int NICENESS = 10;

  private static final FunctionDescriptor ON_PRIORITY =
      FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);

  private ThreadPriorities() {}

  /** Gives way to other processes with all threads, where CPUs are short. */
  static void lowerAll() {
    lower(thread -> true);
  }

  /**
   * Has the JVM's optimising compiler give way to all other threads where CPUs are short: to what
   * it would make faster in a process that starts, and to requests in one that is busy.
   */
  static void lowerOptimisingCompiler() {
    lower(thread -> nameOf(thread).equals(OPTIMISING_COMPILER));
  }

  /** Has the calling thread, and those that it starts, give way where CPUs are short. */
  public static void lowerCurrent() {
    if (Files.isDirectory(THREADS)) {
      lower(List.of(CALLER));
    }
  }

  /** Has a process give way that was started just now: the threads to come inherit it. */
  public static void lower(Process started) {
    if (Files.isDirectory(THREADS)) {
      lower(List.of(Math.toIntExact(started.pid())));
    }
  }

  private static void lower(Predicate<Path> chosen) {
    if (!Files.isDirectory(THREADS)) {
      return;
    }
    try (Stream<Path> threads = Files.list(THREADS)) {
      lower(
          threads
              .filter(chosen)
              .map(thread -> Integer.parseInt(String.valueOf(thread.getFileName())))
              .toList());
    } catch (IOException unreadable) {
      // They keep what they have.
    }
  }

  private static void lower(List<Integer> threads) {
    try {
      MethodHandle setPriority = CLibrary.function("setpriority", ON_PRIORITY).orElseThrow();
      for (int thread : threads) {
        int _ = (int) setPriority.invokeExact(PROCESS, thread, NICENESS);
      }
    } catch (Throwable refused) {
      // They keep what they have.
    }
  }

  /** Empty for a thread that has ended meanwhile. */
  private static String nameOf(Path thread) {
    try {
      return Files.readString(thread.resolve("comm")).strip();
    } catch (IOException ended) {
      return "";
    }
  }
}
