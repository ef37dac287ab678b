package io.onnxfleet.launcher.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a dead process died of: the JVM's report of a crash, Spring's description of why it did not
 * start, what ended its main thread, else the last line of its log. What it refused to a caller
 * earlier is none of these.
 */
public final class LastWords {
  private static final int LINES = 200;
  private static final int BYTES = 1 << 20;

  private static final Pattern SIGNAL = Pattern.compile("^# +(SIG[A-Z0-9]* \\(\\S*)");
  private static final Pattern NO_MEMORY = Pattern.compile("^# There is insufficient memory.*");
  private static final Pattern FRAME = Pattern.compile("^# Problematic frame:.*");
  private static final Pattern THREAD = Pattern.compile("^Current thread[^\"]*(\"[^\"]*\")");
  private static final Pattern END_OF_HEAD =
      Pattern.compile("^(siginfo:|---------------  P R O C E S S)");

  /** What the JVM adds after its reason. */
  private static final Pattern ADDED =
      Pattern.compile("^Error: (Could not create|A fatal exception)");

  private static final Pattern RUN_FAILED = Pattern.compile(" ERROR .*Application run failed");
  private static final Pattern ENDED =
      Pattern.compile("^(Error|Exception in thread \"main\"|Terminating due to)");
  private static final Pattern CAUSE =
      Pattern.compile("^([A-Za-z_.$]+(Exception|Error):|Caused by)");

  private LastWords() {}

  /**
   * In one line.
   *
   * @param shown how the report is named
   * @param report the JVM's, if it wrote one
   * @param outputs what the process printed and logged
   */
  public static String of(String shown, Path report, List<Path> outputs) throws IOException {
    if (Files.isRegularFile(report)) {
      return ofReport(lines(report, false)) + " (details: " + shown + ")";
    }
    List<String> lines = new ArrayList<>();
    for (Path output : outputs) {
      if (Files.isRegularFile(output)) {
        List<String> all = lines(output, true);
        lines.addAll(all.subList(Math.max(0, all.size() - LINES), all.size()));
      }
    }
    return ofOutput(lines);
  }

  static String ofReport(List<String> report) {
    String signal = "";
    String frame = "";
    String thread = "";
    for (Iterator<String> lines = report.iterator(); lines.hasNext(); ) {
      String line = lines.next();
      if (END_OF_HEAD.matcher(line).find()) {
        break;
      }
      Matcher matcher = SIGNAL.matcher(line);
      if (signal.isEmpty() && matcher.find()) {
        signal = matcher.group(1);
      } else if (signal.isEmpty() && NO_MEMORY.matcher(line).find()) {
        signal = withoutSign(line);
      }
      if (FRAME.matcher(line).find() && lines.hasNext()) {
        frame = withoutSign(lines.next());
      }
      matcher = THREAD.matcher(line);
      if (matcher.find()) {
        thread = matcher.group(1);
      }
    }
    return "# "
        + (signal.isEmpty() ? "a fatal error" : signal)
        + (frame.isEmpty() ? "" : ", Problematic frame: " + frame)
        + (thread.isEmpty() ? "" : ", in the thread " + thread);
  }

  static String ofOutput(List<String> output) {
    boolean failed = false;
    boolean describes = false;
    boolean ended = false;
    String description = "";
    String error = "";
    String crash = "";
    String last = "";
    for (Iterator<String> lines = output.iterator(); lines.hasNext(); ) {
      String line = lines.next();
      if (ADDED.matcher(line).find()) {
        error = error.isEmpty() ? last : error;
        continue;
      }
      failed |= line.startsWith("APPLICATION FAILED TO START");
      if (failed && line.startsWith("Description:")) {
        describes = true;
        continue;
      }
      if (describes && !line.isBlank()) {
        description = line;
        describes = false;
      }
      boolean runFailed = RUN_FAILED.matcher(line).find();
      ended |= runFailed;
      if (runFailed || ENDED.matcher(line).find() || (ended && CAUSE.matcher(line).find())) {
        error = line;
      }
      Matcher signal = SIGNAL.matcher(line);
      if (signal.find()) {
        crash = "# " + signal.group(1);
      } else if (NO_MEMORY.matcher(line).find()) {
        crash = line;
      } else if (!crash.isEmpty() && FRAME.matcher(line).find() && lines.hasNext()) {
        crash += ", Problematic frame: " + withoutSign(lines.next());
      }
      if (!line.isBlank()) {
        last = line;
      }
    }
    for (String found : List.of(crash, description, error)) {
      if (!found.isEmpty()) {
        return found;
      }
    }
    return last.isEmpty()
        ? "without a word"
        : "without a word, as by kill -9 or for lack of memory; its log ends: " + last;
  }

  private static String withoutSign(String line) {
    return line.replaceFirst("^# *", "");
  }

  /** Of a file that may be large, what its beginning or its end has. */
  private static List<String> lines(Path file, boolean fromEnd) throws IOException {
    try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "r")) {
      int length = (int) Math.min(opened.length(), BYTES);
      opened.seek(fromEnd ? opened.length() - length : 0);
      byte[] bytes = new byte[length];
      opened.readFully(bytes);
      return new String(bytes, UTF_8).lines().toList();
    }
  }
}
