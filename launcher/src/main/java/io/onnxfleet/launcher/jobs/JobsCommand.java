package io.onnxfleet.launcher.jobs;

import io.onnxfleet.contract.json.JsonRefusal;
import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.contract.json.JsonToken;
import io.onnxfleet.contract.json.MalformedJsonException;
import io.onnxfleet.launcher.fleet.Numbers;
import io.onnxfleet.launcher.process.Time;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code ./fleet jobs}. Answers go to the output, what is said beside them to the errors' stream,
 * so that {@code ID=$(./fleet jobs submit FILE)} gives an id. A file of results is there as a whole
 * or not at all.
 */
public final class JobsCommand {
  private static final String USAGE =
      """
      usage: ./fleet jobs COMMAND [--url GATEWAY]

        submit FILE [--endpoint E] [--window W] [--wait]
                                      uploads a file of requests, one a line, and has them answered; tells the batch's id.
                                      --endpoint: the path of every line (that of the first); --window: 1h to 168h, or 1d
                                      to 7d (24h); --wait: watches it to its end
        list [--limit N]              the latest batches (20)
        watch ID                      how far it is, until it has ended
        results ID [--output F] [--errors F]
                                      the answers of a batch that has ended, and the lines without one; without an option
                                      the answers are printed
        cancel ID                     ends it early; what is answered is kept

      Exit codes of watch and --wait: 0 if every line was answered, 3 if some were not, 1 if the batch did not complete.
      A gateway that asks for keys is shown FLEET_API_KEY, a key with the scopes jobs and infer.
      docs/jobs.md says what a line looks like.
      """;

  private static final int FAILED = 1;
  private static final int SOME_FAILED = 3;
  private static final int LISTED = 20;
  private static final int MOST_OF_A_PAGE = 100;
  private static final int REASONS = 10;
  private static final String ROW = "%-40s %-12s %22s  %-16s  %s";
  private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm");

  private final URI gateway;
  private final @Nullable String key;
  private final Path directory;
  private final PrintStream out;
  private final PrintStream err;
  private final Time time;
  private final boolean isTerminal;

  /**
   * For a caller.
   *
   * @param gateway unless an option names another
   * @param key that the gateway is shown; null for none
   * @param directory where the caller stands
   * @param isTerminal whether the output is one
   */
  public JobsCommand(
      URI gateway,
      @Nullable String key,
      Path directory,
      PrintStream out,
      PrintStream err,
      Time time,
      boolean isTerminal) {
    this.gateway = gateway;
    this.key = key;
    this.directory = directory;
    this.out = out;
    this.err = err;
    this.time = time;
    this.isTerminal = isTerminal;
  }

  /**
   * Does one; its exit code.
   *
   * @throws IllegalArgumentException if it is none
   */
  public int run(List<String> arguments) throws IOException, InterruptedException {
    if (arguments.isEmpty() || arguments.contains("--help") || arguments.contains("-h")) {
      out.print(USAGE);
      return 0;
    }
    JobsOptions options = JobsOptions.of(arguments);
    try (GatewayCalls calls = new GatewayCalls(base(options), key, new SecureRandom())) {
      return switch (options.command()) {
        case "submit" -> submit(options, calls);
        case "list" -> list(options, calls);
        case "watch" -> watch(options.only("a batch's id"), calls);
        case "results" -> results(options, calls);
        case "cancel" -> cancel(options, calls);
        default -> throw new IllegalStateException(options.command());
      };
    }
  }

  private URI base(JobsOptions options) {
    String url = options.value(JobsOptions.URL);
    if (url == null) {
      return gateway;
    }
    if (!url.matches("https?://[^/?#\\s]+/*")) {
      throw new IllegalArgumentException(
          "--url: '%s' (expected: a gateway's, such as http://127.0.0.1:8080)".formatted(url));
    }
    return URI.create(url.replaceAll("/+$", ""));
  }

  private int submit(JobsOptions options, GatewayCalls calls)
      throws IOException, InterruptedException {
    Path file = directory.resolve(options.only("a file"));
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException("'%s' (expected: a file)".formatted(file));
    }
    String given = options.value(JobsOptions.ENDPOINT);
    String endpoint = given == null ? endpointOf(file) : given;
    String window = options.value(JobsOptions.WINDOW);
    String input = calls.upload(file);
    String id;
    try {
      id = calls.create(input, endpoint, window == null ? "24h" : window);
    } catch (IOException refused) {
      forget(input, calls);
      throw refused;
    }
    out.println(id);
    if (!options.has(JobsOptions.WAIT)) {
      err.println("./fleet jobs watch %s shows how far it is".formatted(id));
      return 0;
    }
    return watch(id, calls);
  }

  /** Nothing is left of what came to nothing; where that fails, the first reason counts. */
  private void forget(String input, GatewayCalls calls) throws InterruptedException {
    try {
      calls.delete(input);
    } catch (IOException left) {
      err.println("file %s is left: %s".formatted(input, left.getMessage()));
    }
  }

  /** That of the first line; every line has the same. */
  private static String endpointOf(Path file) throws IOException {
    String reason = "its first line has no 'url'";
    try (InputStream content = Files.newInputStream(file)) {
      JsonScanner line = new JsonScanner(content, Files.size(file), JsonRefusal.MALFORMED);
      if (line.nextToken() == JsonToken.START_OBJECT) {
        for (String name = line.nextName(); name != null; name = line.nextName()) {
          if (!name.equals("url")) {
            line.skipValue();
          } else if (line.nextToken() == JsonToken.VALUE_STRING) {
            return line.string();
          }
        }
      }
    } catch (MalformedJsonException malformed) {
      reason = String.valueOf(malformed.getMessage());
    }
    throw new IllegalArgumentException(
        "%s: %s (expected: lines as docs/jobs.md has them)".formatted(file, reason));
  }

  private int list(JobsOptions options, GatewayCalls calls)
      throws IOException, InterruptedException {
    options.requireNoOthers();
    String limit = options.value(JobsOptions.LIMIT);
    int left = limit == null ? LISTED : Numbers.atLeast(JobsOptions.LIMIT, limit, 1);
    List<BatchView> found = new ArrayList<>();
    boolean isLast = false;
    while (left > 0 && !isLast) {
      int asked = Math.min(left, MOST_OF_A_PAGE);
      List<BatchView> page = calls.list(asked, found.isEmpty() ? null : found.getLast().id());
      found.addAll(page);
      left -= page.size();
      isLast = page.size() < asked;
    }
    if (found.isEmpty()) {
      out.println("there are no batches");
      return 0;
    }
    out.println(ROW.formatted("BATCH", "STATUS", "LINES", "CREATED", "ENDPOINT"));
    for (BatchView batch : found) {
      out.println(
          ROW.formatted(
              batch.id(),
              batch.status(),
              batch.done() + "/" + batch.total(),
              MINUTE.format(Instant.ofEpochSecond(batch.created()).atZone(ZoneId.systemDefault())),
              batch.endpoint()));
    }
    return 0;
  }

  private int watch(String id, GatewayCalls calls) throws IOException, InterruptedException {
    BatchView batch = new Watching(calls, out, err, time, isTerminal).untilEnd(id);
    out.println("%s: %s".formatted(id, batch.status()));
    batch.reasons().stream().limit(REASONS).forEach(reason -> err.println("  " + reason));
    if (batch.reasons().size() > REASONS) {
      err.println("  and %d more".formatted(batch.reasons().size() - REASONS));
    }
    if (batch.output() != null || batch.errors() != null) {
      err.println(
          "./fleet jobs results %s%s%s"
              .formatted(
                  id,
                  batch.output() == null ? "" : " --output FILE",
                  batch.errors() == null ? "" : " --errors FILE"));
    }
    if (!batch.isCompleted()) {
      return FAILED;
    }
    return batch.failed() > 0 ? SOME_FAILED : 0;
  }

  private int results(JobsOptions options, GatewayCalls calls)
      throws IOException, InterruptedException {
    String id = options.only("a batch's id");
    String output = options.value(JobsOptions.OUTPUT);
    String errors = options.value(JobsOptions.ERRORS);
    if (output != null && errors != null && isSame(output, errors)) {
      throw new IllegalArgumentException(
          "--output and --errors: '%s' (expected: two files)".formatted(output));
    }
    BatchView batch = calls.batch(id);
    if (!batch.isEnded()) {
      throw new IOException(
          "%s is %s (expected: one that has ended; ./fleet jobs watch waits for that)"
              .formatted(id, batch.status()));
    }
    if (output == null && errors == null) {
      copy(batch.output(), "no line was answered", calls);
    }
    if (output != null) {
      save(batch.output(), "no line was answered", directory.resolve(output), calls);
    }
    if (errors != null) {
      save(batch.errors(), "every line was answered", directory.resolve(errors), calls);
    }
    return 0;
  }

  private boolean isSame(String one, String other) {
    return directory.resolve(one).normalize().equals(directory.resolve(other).normalize());
  }

  private void copy(@Nullable String file, String none, GatewayCalls calls)
      throws IOException, InterruptedException {
    if (file == null) {
      err.println(none + ": there is no such file");
      return;
    }
    try (InputStream content = calls.content(file)) {
      content.transferTo(out);
    }
    out.flush();
    if (out.checkError()) {
      throw new IOException("the output was closed (expected: open until all is written)");
    }
  }

  private void save(@Nullable String file, String none, Path target, GatewayCalls calls)
      throws IOException, InterruptedException {
    if (file == null) {
      err.println(none + ": " + target + " is not written");
      return;
    }
    Path fresh = target.resolveSibling(target.getFileName() + ".part");
    try {
      try (InputStream content = calls.content(file);
          OutputStream written = Files.newOutputStream(fresh)) {
        content.transferTo(written);
      }
      Files.move(fresh, target, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
    err.println("%s: %,d bytes".formatted(target, Files.size(target)));
  }

  private int cancel(JobsOptions options, GatewayCalls calls)
      throws IOException, InterruptedException {
    BatchView batch = calls.cancel(options.only("a batch's id"));
    out.println("%s: %s".formatted(batch.id(), batch.status()));
    return 0;
  }
}
