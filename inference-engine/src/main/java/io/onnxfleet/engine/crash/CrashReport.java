package io.onnxfleet.engine.crash;

import io.onnxfleet.engine.metrics.ModelVersionId;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a JVM wrote down when native code ended it (the file that {@code -XX:ErrorFile} names).
 *
 * <p>Read leniently: what is missing, because the process could not finish writing, is null or
 * empty. Reads the first {@value #MOST_LINES} lines at most. Immutable.
 *
 * @param file where it lies
 * @param signal such as {@code SIGSEGV}, or null
 * @param frame the problematic frame, such as {@code libonnxruntime.so+0xcccd75}, or null
 * @param isInOnnxRuntime whether the thread that crashed was in ONNX Runtime or a library that it
 *     loads
 * @param model the version whose code the thread ran, if its name, or that of the only thread that
 *     was in native code for a model, says so
 */
public record CrashReport(
    Path file,
    @Nullable String signal,
    @Nullable String frame,
    boolean isInOnnxRuntime,
    @Nullable ModelVersionId model) {
  private static final int MOST_LINES = 60_000;
  private static final int LONGEST_LINE = 4_096;
  private static final int LONGEST_FRAME = 200;

  private static final Pattern SIGNAL =
      Pattern.compile("#\\s+(SIG[A-Z0-9]+) \\(0x[0-9a-f]+\\) at pc=.*");
  private static final Pattern FRAME = Pattern.compile("[CVJjv]\\s+(.*)");
  private static final Pattern LIBRARY = Pattern.compile("\\[([^\\]]+)\\](.*)");
  private static final Pattern THREAD =
      Pattern.compile(".*\\bJavaThread \"(.*)\"\\s+(?:daemon )?\\[(_thread_[a-z_]+), .*");

  /** Where the pieces of the report are looked for. */
  private enum Part {
    SUMMARY,
    PROBLEMATIC_FRAME,
    NATIVE_FRAMES,
    JAVA_FRAMES,
    THREADS,
    REST
  }

  /** The report in a file, or empty if it is none or cannot be read. */
  public static Optional<CrashReport> read(Path file) {
    Reading reading = new Reading();
    // Malformed text, which a crash may leave, is replaced.
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8))) {
      String line = lines.readLine();
      for (int count = 0; line != null && count < MOST_LINES; count++) {
        reading.line(line.length() > LONGEST_LINE ? line.substring(0, LONGEST_LINE) : line);
        line = lines.readLine();
      }
    } catch (IOException unreadable) {
      return Optional.empty();
    }
    return reading.isReport ? Optional.of(reading.report(file)) : Optional.empty();
  }

  /** Such as {@code SIGSEGV in libonnxruntime.so+0xcccd75}. */
  public String describe() {
    return "%s in %s"
        .formatted(
            signal == null ? "a fatal error" : signal, frame == null ? "unknown code" : frame);
  }

  private static final class Reading {
    private final TreeSet<String> inNative = new TreeSet<>();
    private final List<String> javaFrames = new ArrayList<>();
    private Part part = Part.SUMMARY;
    private boolean isReport;
    private boolean isInOnnxRuntime;
    private @Nullable String signal;
    private @Nullable String frame;
    private @Nullable String thread;

    void line(String line) {
      if (line.startsWith("# A fatal error has been detected by the Java Runtime")) {
        isReport = true;
      } else if (line.startsWith("# Problematic frame:")) {
        part = Part.PROBLEMATIC_FRAME;
      } else if (line.startsWith("Current thread")) {
        Matcher java = THREAD.matcher(line);
        thread = java.matches() ? java.group(1) : null;
      } else if (line.startsWith("Native frames:")) {
        part = Part.NATIVE_FRAMES;
      } else if (line.startsWith("Java frames:")) {
        part = Part.JAVA_FRAMES;
      } else if (line.startsWith("Java Threads:")) {
        part = Part.THREADS;
      } else if (line.isBlank() || line.equals("#")) {
        part = part == Part.PROBLEMATIC_FRAME ? part : Part.REST;
      } else {
        detail(line);
      }
    }

    private void detail(String line) {
      switch (part) {
        case SUMMARY, REST -> {
          Matcher named = SIGNAL.matcher(line);
          if (signal == null && named.matches()) {
            signal = named.group(1);
          }
        }
        case PROBLEMATIC_FRAME -> {
          frame = frameOf(line.replaceFirst("^#\\s*", ""));
          isInOnnxRuntime |= namesOnnxRuntime(frame);
          part = Part.REST;
        }
        case NATIVE_FRAMES -> isInOnnxRuntime |= namesOnnxRuntime(frameOf(line));
        case JAVA_FRAMES -> javaFrames.add(line);
        case THREADS -> {
          Matcher java = THREAD.matcher(line);
          if (java.matches() && java.group(2).equals("_thread_in_native")) {
            ThreadNames.model(java.group(1)).ifPresent(model -> inNative.add(java.group(1)));
          }
        }
      }
    }

    private static String frameOf(String line) {
      Matcher kind = FRAME.matcher(line.strip());
      String text = kind.matches() ? kind.group(1) : line.strip();
      Matcher library = LIBRARY.matcher(text);
      String name =
          library.matches() ? (library.group(1) + " " + library.group(2).strip()).strip() : text;
      return name.length() > LONGEST_FRAME ? name.substring(0, LONGEST_FRAME) : name;
    }

    private static boolean namesOnnxRuntime(String text) {
      return text.toLowerCase(Locale.ROOT).contains("onnxruntime");
    }

    CrashReport report(Path file) {
      // A frame of the C library, copying for a kernel, is the kernel's doing: the stack below is
      // not always readable, but a model's thread calls native code for nothing else.
      boolean calledByEngine =
          frame != null
              && !frame.startsWith("libjvm")
              && javaFrames.stream()
                  .anyMatch(line -> line.contains("io.onnxfleet.engine.runtime.OrtApi."));
      return new CrashReport(file, signal, frame, isInOnnxRuntime || calledByEngine, model());
    }

    /** A thread of ONNX Runtime's own has no name of ours: then a model's thread waits for it. */
    private @Nullable ModelVersionId model() {
      if (thread != null) {
        return ThreadNames.model(thread).orElse(null);
      }
      List<ModelVersionId> running =
          inNative.stream().flatMap(name -> ThreadNames.model(name).stream()).distinct().toList();
      return running.size() == 1 ? running.getFirst() : null;
    }
  }
}
