import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Makes the AOT caches of the three services: what the JVM loads, links and profiles in its first
 * seconds, kept beside each layout as {@code application.aot}.
 *
 * <p>A fleet of one replica is started from the layouts, real requests are sent through its gateway,
 * and it is stopped; each JVM then writes its cache and {@code jvm.args} names it. A cache is good
 * for the same JDK, the same jars (by name, size and time) and a compatible command line; a JVM that
 * finds it otherwise starts without it. The layout may be moved or copied, if the jars keep their
 * times.
 *
 * <p>Started after {@code package}: {@code java AotCache.java <root of the repository> [seconds of
 * load]}. If anything fails, what was there before stays.
 */
final class AotCache {
  private static final String HOST = "127.0.0.1";
  private static final String MODEL = "all-minilm-l6-v2";
  private static final String OPTIONS = "jvm.args";
  private static final String CACHE = "application.aot";
  private static final int CALLERS = 8;
  private static final int TOKENS = 32;
  private static final Duration LONGEST_START = Duration.ofMinutes(10);
  private static final Duration LONGEST_STOP = Duration.ofMinutes(4);

  /** A JVM without a usable cache says so in several lines, and then runs as well as ever. */
  private static final List<String> WITH_CACHE =
      List.of("-XX:AOTCache=" + CACHE, "-Xlog:aot=off", "-Xlog:cds=off");

  private final Path root;
  private final Duration load;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final List<Service> services = new ArrayList<>();

  private AotCache(Path root, Duration load) {
    this.root = root;
    this.load = load;
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments.length < 1 || arguments.length > 2) {
      throw new IllegalArgumentException(
          arguments.length + " arguments (expected: root of the repository, seconds of load)");
    }
    long seconds = arguments.length == 2 ? Long.parseLong(arguments[1]) : 8;
    new AotCache(Path.of(arguments[0]).toRealPath(), Duration.ofSeconds(seconds)).make();
  }

  /** A process in training, and the files of its layout. */
  private record Service(String name, Path layout, URI base, Process process) {
    Path fresh() {
      return layout.resolve(CACHE + ".new");
    }

    Path log() {
      return layout.resolveSibling("aot-cache.log");
    }
  }

  private void make() throws Exception {
    try {
      int registryPort = freePort();
      Service registry = start("discovery-server", registryPort, List.of());
      await(registry, "/actuator/health");
      String zone =
          "--eureka.client.service-url.defaultZone=http://%s:%d/eureka/"
              .formatted(HOST, registryPort);
      Service gateway = start("gateway-service", freePort(), List.of(zone));
      Service replica =
          start(
              "inference-service",
              freePort(),
              List.of(zone, "--fleet.inference.models=" + root.resolve("models")));
      await(replica, "/v2/models/" + MODEL + "/ready");
      await(gateway, "/v2/models/" + MODEL + "/ready");
      exercise(gateway, replica);
      for (Service service : List.of(gateway, replica, registry)) {
        service.process().destroy();
      }
      for (Service service : services) {
        keep(service);
      }
    } finally {
      for (Service service : services) {
        service.process().destroyForcibly();
        Files.deleteIfExists(service.fresh());
        Files.deleteIfExists(service.layout().resolve(service.fresh().getFileName() + ".config"));
      }
      http.close();
    }
  }

  private Service start(String module, int port, List<String> arguments) throws IOException {
    Path layout = root.resolve(module).resolve("target/layout");
    Path options = layout.resolve(OPTIONS);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(withoutCache(Files.readAllLines(options)));
    Collections.addAll(
        command,
        "-XX:AOTCacheOutput=" + CACHE + ".new",
        "-Xlog:aot=off",
        "-Xlog:cds=off",
        "@application.args",
        "--server.port=" + port,
        "--server.address=" + HOST);
    command.addAll(arguments);
    Path log = layout.resolveSibling("aot-cache.log");
    Process process =
        new ProcessBuilder(command)
            .directory(layout.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    Service service =
        new Service(module, layout, URI.create("http://" + HOST + ":" + port), process);
    services.add(service);
    return service;
  }

  /** Puts a cache in its place once it is whole, and only then names it in the options. */
  private static void keep(Service service) throws IOException, InterruptedException {
    boolean ended =
        service.process().waitFor(LONGEST_STOP.toMillis(), TimeUnit.MILLISECONDS);
    if (!ended || !Files.isRegularFile(service.fresh())) {
      throw new IOException("%s made no cache (see %s)".formatted(service.name(), service.log()));
    }
    Path options = service.layout().resolve(OPTIONS);
    List<String> lines = withoutCache(Files.readAllLines(options));
    lines.addAll(WITH_CACHE);
    Path freshOptions = options.resolveSibling(OPTIONS + ".new");
    Files.write(freshOptions, lines);
    Path cache = service.layout().resolve(CACHE);
    Files.move(service.fresh(), cache, StandardCopyOption.REPLACE_EXISTING);
    Files.move(freshOptions, options, StandardCopyOption.REPLACE_EXISTING);
    System.out.printf("%s: %d MiB%n", service.name(), Files.size(cache) >> 20);
  }

  private static List<String> withoutCache(List<String> options) {
    List<String> others = new ArrayList<>(options);
    others.removeAll(WITH_CACHE);
    return others;
  }

  // ---------------------------------------------------------------- requests

  /** The ways that callers come, each many times, from several connections at once. */
  private void exercise(Service gateway, Service replica) throws Exception {
    List<HttpRequest> requests = new ArrayList<>();
    for (Service service : List.of(gateway, replica)) {
      requests.add(inferJson(service));
      requests.add(inferBinary(service));
      requests.add(inferBinary(service));
      requests.add(embeddings(service, "\"A sentence of some length, to be embedded.\"", "float"));
      requests.add(embeddings(service, "[\"One sentence.\", \"And another one.\"]", "base64"));
    }
    List<HttpRequest> rare = new ArrayList<>();
    for (Service service : List.of(gateway, replica)) {
      for (String path :
          List.of(
              "/v2/health/live", "/v2/health/ready", "/v2", "/v2/models/" + MODEL,
              "/v2/models/" + MODEL + "/config", "/v2/models/" + MODEL + "/stats",
              "/v2/models/stats", "/v1/models", "/actuator/health", "/actuator/prometheus",
              "/v2/models/unknown")) {
        rare.add(HttpRequest.newBuilder(service.base().resolve(path)).build());
      }
      rare.add(post(service, "/v2/repository/index", "application/json", "{}".getBytes(UTF_8)));
      rare.add(infer(service, "{\"inputs\": 1}".getBytes(UTF_8)));
    }
    for (HttpRequest request : rare) {
      http.send(request, BodyHandlers.discarding());
    }
    for (HttpRequest request : requests) {
      HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new IOException(
            "%s: %d %s".formatted(request.uri(), answer.statusCode(), answer.body()));
      }
    }
    long end = System.nanoTime() + load.toNanos();
    try (ExecutorService callers = Executors.newFixedThreadPool(CALLERS)) {
      List<Future<?>> running = new ArrayList<>();
      for (int caller = 0; caller < CALLERS; caller++) {
        int first = caller;
        running.add(
            callers.submit(
                () -> {
                  for (int next = first; System.nanoTime() < end; next++) {
                    HttpRequest request = requests.get(next % requests.size());
                    http.send(request, BodyHandlers.discarding());
                  }
                  return null;
                }));
      }
      for (Future<?> caller : running) {
        caller.get();
      }
    }
  }

  private static HttpRequest inferJson(Service service) {
    StringBuilder body = new StringBuilder("{\"inputs\":[");
    for (String input : List.of("input_ids", "attention_mask", "token_type_ids")) {
      body.append(body.charAt(body.length() - 1) == '[' ? "" : ",")
          .append("{\"name\":\"%s\",\"datatype\":\"INT64\",\"shape\":[1,%d],\"data\":["
              .formatted(input, TOKENS));
      for (int token = 0; token < TOKENS; token++) {
        body.append(token == 0 ? "" : ",").append(value(input, token));
      }
      body.append("]}");
    }
    return infer(service, body.append("]}").toString().getBytes(UTF_8));
  }

  private static HttpRequest inferBinary(Service service) throws IOException {
    List<String> inputs = List.of("attention_mask", "input_ids", "token_type_ids");
    List<String> declarations = new ArrayList<>();
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    for (String input : inputs) {
      declarations.add(
          ("{\"name\":\"%s\",\"datatype\":\"INT64\",\"shape\":[1,%d],"
                  + "\"parameters\":{\"binary_data_size\":%d}}")
              .formatted(input, TOKENS, TOKENS * Long.BYTES));
      ByteBuffer values =
          ByteBuffer.allocate(TOKENS * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (int token = 0; token < TOKENS; token++) {
        values.putLong(value(input, token));
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
    return HttpRequest.newBuilder(
            service.base().resolve("/v2/models/" + MODEL + "/infer"))
        .header("Content-Type", "application/octet-stream")
        .header("Inference-Header-Content-Length", Integer.toString(header.length))
        .POST(BodyPublishers.ofByteArray(body.toByteArray()))
        .build();
  }

  private static long value(String input, int token) {
    return switch (input) {
      case "attention_mask" -> 1;
      case "input_ids" -> 1000 + token;
      default -> 0;
    };
  }

  private static HttpRequest embeddings(Service service, String input, String encoding) {
    String body =
        "{\"model\":\"%s\",\"input\":%s,\"encoding_format\":\"%s\"}"
            .formatted(MODEL, input, encoding);
    return post(service, "/v1/embeddings", "application/json", body.getBytes(UTF_8));
  }

  private static HttpRequest infer(Service service, byte[] json) {
    return post(service, "/v2/models/" + MODEL + "/infer", "application/json", json);
  }

  private static HttpRequest post(Service service, String path, String type, byte[] body) {
    return HttpRequest.newBuilder(service.base().resolve(path))
        .header("Content-Type", type)
        .POST(BodyPublishers.ofByteArray(body))
        .build();
  }

  private void await(Service service, String path) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(service.base().resolve(path)).timeout(Duration.ofSeconds(10)).build();
    long end = System.nanoTime() + LONGEST_START.toNanos();
    while (!isOk(request)) {
      if (!service.process().isAlive() || System.nanoTime() - end > 0) {
        throw new IOException(
            "%s did not answer %s (see %s)".formatted(service.name(), path, service.log()));
      }
      Thread.sleep(100);
    }
  }

  private boolean isOk(HttpRequest request) throws InterruptedException {
    try {
      return http.send(request, BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
