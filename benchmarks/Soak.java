import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Tells whether a replica's memory stays level: requests of varying rows and lengths for some
 * minutes, while its other model is unloaded and loaded again and again.
 *
 * <pre>java benchmarks/Soak.java [seconds, 600 if left out]</pre>
 *
 * <p>Run from the root of a built tree. The replica is started from its layout, with its options.
 * Prints resident memory, all of it and what is not a file's, twenty times; the growth in the second
 * half is that of the median of the last quarter over the median of the third.
 */
final class Soak {
  private static final String HOST = "127.0.0.1";
  private static final String SERVED = "all-minilm-l6-v2";
  private static final String RELOADED = "all-minilm-l6-v2-int8";
  private static final int CALLERS = 8;
  private static final int MOST_ROWS = 8;
  private static final int MOST_TOKENS = 256;
  private static final int SAMPLES = 60;
  private static final long SEED = 42;

  private final URI base;
  private final Process replica;
  private final long end;
  private final LongAdder answers = new LongAdder();
  private final LongAdder reloads = new LongAdder();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private Soak(URI base, Process replica, Duration length) {
    this.base = base;
    this.replica = replica;
    this.end = System.nanoTime() + length.toNanos();
  }

  public static void main(String[] arguments) throws Exception {
    Duration length =
        Duration.ofSeconds(arguments.length == 0 ? 600 : Long.parseLong(arguments[0]));
    Path root = Path.of("").toRealPath();
    int port = freePort();
    Path log = Files.createTempFile("soak", ".log");
    List<String> command = new ArrayList<>();
    Collections.addAll(
        command,
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "@jvm.args",
        "@application.args",
        "--server.port=" + port,
        "--eureka.client.enabled=false",
        "--fleet.inference.models=" + root.resolve("models"));
    Process replica =
        new ProcessBuilder(command)
            .directory(root.resolve("inference-service/target/layout").toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      Soak soak = new Soak(URI.create("http://" + HOST + ":" + port), replica, length);
      soak.awaitReady(log);
      soak.run(length);
    } finally {
      replica.destroyForcibly().waitFor();
      Files.delete(log);
    }
  }

  private void awaitReady(Path log) throws Exception {
    for (int attempt = 0; status(get("/v2/models/" + RELOADED + "/ready")) != 200; attempt++) {
      if (!replica.isAlive() || attempt > 1200) {
        throw new IOException("the replica does not get ready: " + Files.readString(log));
      }
      Thread.sleep(100);
    }
  }

  private void run(Duration length) throws Exception {
    long[] resident = new long[SAMPLES];
    long[] own = new long[SAMPLES];
    try (ExecutorService threads = Executors.newFixedThreadPool(CALLERS + 1)) {
      List<Future<?>> running = new ArrayList<>();
      for (int caller = 0; caller < CALLERS; caller++) {
        Random random = new Random(SEED + caller);
        running.add(threads.submit(() -> call(random)));
      }
      running.add(threads.submit(this::reload));
      System.out.printf("%8s %12s %12s %10s %8s%n", "s", "RSS MiB", "own MiB", "answers", "reloads");
      for (int sample = 0; sample < SAMPLES; sample++) {
        TimeUnit.MILLISECONDS.sleep(length.toMillis() / SAMPLES);
        resident[sample] = kibibytes("VmRSS") >> 10;
        own[sample] = kibibytes("RssAnon") >> 10;
        if (sample % 3 == 2) {
          System.out.printf(
              "%8d %12d %12d %10d %8d%n",
              length.toSeconds() * (sample + 1) / SAMPLES,
              resident[sample],
              own[sample],
              answers.sum(),
              reloads.sum());
        }
      }
      for (Future<?> each : running) {
        each.get();
      }
    }
    System.out.printf(
        "growth in the second half: resident %+.1f %%, own %+.1f %%%n",
        growthPercent(resident), growthPercent(own));
  }

  private static double growthPercent(long[] samples) {
    double third = median(samples, SAMPLES / 2, SAMPLES * 3 / 4);
    double last = median(samples, SAMPLES * 3 / 4, SAMPLES);
    return (last / third - 1) * 100;
  }

  private static double median(long[] samples, int from, int to) {
    List<Long> sorted = new ArrayList<>();
    for (int index = from; index < to; index++) {
      sorted.add(samples[index]);
    }
    Collections.sort(sorted);
    return sorted.get(sorted.size() / 2);
  }

  private Void call(Random random) throws Exception {
    while (System.nanoTime() < end) {
      int rows = 1 + random.nextInt(MOST_ROWS);
      int tokens = 1 + random.nextInt(MOST_TOKENS);
      require(infer(rows, tokens));
      answers.increment();
    }
    return null;
  }

  private Void reload() throws Exception {
    while (System.nanoTime() < end) {
      for (String change : List.of("unload", "load")) {
        require(
            HttpRequest.newBuilder(
                    base.resolve("/v2/repository/models/" + RELOADED + "/" + change))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{}"))
                .build());
      }
      reloads.increment();
      TimeUnit.SECONDS.sleep(2);
    }
    return null;
  }

  private void require(HttpRequest request) throws Exception {
    int status = status(request);
    if (status != 200) {
      throw new IOException("%s: %d (expected: 200)".formatted(request.uri(), status));
    }
  }

  private int status(HttpRequest request) throws InterruptedException {
    try {
      return http.send(request, BodyHandlers.discarding()).statusCode();
    } catch (IOException failure) {
      return 0;
    }
  }

  private HttpRequest get(String path) {
    return HttpRequest.newBuilder(base.resolve(path)).build();
  }

  private HttpRequest infer(int rows, int tokens) throws IOException {
    List<String> declarations = new ArrayList<>();
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    for (String input : List.of("attention_mask", "input_ids", "token_type_ids")) {
      int byteSize = rows * tokens * Long.BYTES;
      declarations.add(
          ("{\"name\":\"%s\",\"datatype\":\"INT64\",\"shape\":[%d,%d],"
                  + "\"parameters\":{\"binary_data_size\":%d}}")
              .formatted(input, rows, tokens, byteSize));
      ByteBuffer values = ByteBuffer.allocate(byteSize).order(ByteOrder.LITTLE_ENDIAN);
      for (int element = 0; element < rows * tokens; element++) {
        values.putLong(input.equals("token_type_ids") ? 0 : input.equals("input_ids") ? 2000 : 1);
      }
      data.write(values.array());
    }
    byte[] header =
        "{\"inputs\":[%s],\"parameters\":{\"binary_data_output\":true}}"
            .formatted(String.join(",", declarations))
            .getBytes(UTF_8);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.write(header);
    data.writeTo(body);
    return HttpRequest.newBuilder(base.resolve("/v2/models/" + SERVED + "/infer"))
        .header("Content-Type", "application/octet-stream")
        .header("Inference-Header-Content-Length", Integer.toString(header.length))
        .POST(BodyPublishers.ofByteArray(body.toByteArray()))
        .build();
  }

  private long kibibytes(String field) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc", Long.toString(replica.pid()), "status"))) {
      if (line.startsWith(field + ":")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("no " + field + " (expected Linux)");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
