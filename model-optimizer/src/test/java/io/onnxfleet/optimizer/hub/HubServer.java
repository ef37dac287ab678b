package io.onnxfleet.optimizer.hub;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A hub of one model on this machine: the list of files at a commit, small files from itself, and
 * large ones by a redirect to a store that is another host to its callers.
 */
public final class HubServer implements AutoCloseable {
  public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  public static final String ID = "somebody/some-model";
  private static final int LARGE = 4096;

  private final HttpServer hub;
  private final HttpServer store;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, byte[]> files = new TreeMap<>();
  private final List<String> named = new CopyOnWriteArrayList<>();

  /** Each request: where to, the range that was asked for and the token that came along. */
  private final List<Request> requests = new CopyOnWriteArrayList<>();

  /** By path, how many bytes go out before the connection is cut; each cut is made once. */
  private final Map<String, Integer> cuts = new ConcurrentHashMap<>();

  @GuardedBy("this")
  private final Map<String, Long> arrived = new HashMap<>();

  private final Map<String, byte[]> answeredInstead = new ConcurrentHashMap<>();
  private volatile @Nullable String token;
  private volatile @Nullable Refusal refusal;
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile String stalling = "";
  private volatile boolean ignoresRanges;
  private volatile String withoutDigest = "";
  private volatile String commitOfFiles = COMMIT;

  public record Request(String server, String path, String range, String authorization) {}

  public record Refusal(int status, String code) {}

  public HubServer() {
    try {
      InetAddress here = InetAddress.ofLiteral("127.0.0.1");
      hub = HttpServer.create(new InetSocketAddress(here, 0), 0);
      store = HttpServer.create(new InetSocketAddress(here, 0), 0);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    hub.setExecutor(threads);
    store.setExecutor(threads);
    hub.createContext("/api/models/", exchange -> answer("hub", exchange, this::list));
    hub.createContext("/" + ID + "/resolve/", exchange -> answer("hub", exchange, this::resolve));
    store.createContext("/", exchange -> answer("store", exchange, this::stored));
    hub.start();
    store.start();
  }

  public String address() {
    return "http://127.0.0.1:" + hub.getAddress().getPort();
  }

  public HubServer file(String path, byte[] content) {
    files.put(path, content);
    return this;
  }

  public HubServer file(String path, String content) {
    return file(path, content.getBytes(UTF_8));
  }

  /** Names a file that it does not have. */
  public HubServer naming(String path) {
    named.add(path);
    return this;
  }

  public HubServer asking(String wanted) {
    token = wanted;
    return this;
  }

  public HubServer refusing(int status, String code) {
    refusal = new Refusal(status, code);
    return this;
  }

  /** Says that so many bytes of a file have reached its caller. */
  public synchronized void arrived(String path, long bytes) {
    arrived.put(path, bytes);
    notifyAll();
  }

  private synchronized void awaitArrival(String path, long bytes) {
    try {
      while (arrived.getOrDefault(path, 0L) < bytes) {
        wait();
      }
    } catch (InterruptedException ending) {
      Thread.currentThread().interrupt();
    }
  }

  /** Cuts the connection once, after so many bytes of a file have {@link #arrived}. */
  public HubServer cutting(String path, int after) {
    cuts.put(path, after);
    return this;
  }

  /** Sends other bytes than its digest is of. */
  public HubServer sendingInstead(String path, byte[] content) {
    answeredInstead.put(path, content);
    return this;
  }

  /** Sends a half of a file, and then nothing. */
  public HubServer stalling(String path) {
    stalling = path;
    return this;
  }

  public HubServer ignoringRanges() {
    ignoresRanges = true;
    return this;
  }

  public HubServer withoutDigestOf(String path) {
    withoutDigest = path;
    return this;
  }

  public HubServer answeringWithCommit(String commit) {
    commitOfFiles = commit;
    return this;
  }

  public List<Request> requests() {
    return List.copyOf(requests);
  }

  private interface Answering {
    void answer(HttpExchange exchange) throws IOException;
  }

  private void answer(String server, HttpExchange exchange, Answering answering)
      throws IOException {
    try (exchange) {
      requests.add(
          new Request(
              server,
              exchange.getRequestURI().getPath(),
              first(exchange, "Range"),
              first(exchange, "Authorization")));
      Refusal refused = refusal;
      String wanted = token;
      if (server.equals("hub") && refused != null) {
        refuse(exchange, refused);
      } else if (server.equals("hub")
          && wanted != null
          && !first(exchange, "Authorization").equals("Bearer " + wanted)) {
        refuse(exchange, new Refusal(401, "RepoNotFound"));
      } else {
        answering.answer(exchange);
      }
    }
  }

  private static String first(HttpExchange exchange, String header) {
    String value = exchange.getRequestHeaders().getFirst(header);
    return value == null ? "" : value;
  }

  private static void refuse(HttpExchange exchange, Refusal refusal) throws IOException {
    if (!refusal.code().isEmpty()) {
      exchange.getResponseHeaders().set("X-Error-Code", refusal.code());
    }
    exchange.sendResponseHeaders(refusal.status(), -1);
  }

  private void list(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    if (!path.startsWith("/api/models/" + ID + "/revision/")) {
      refuse(exchange, new Refusal(404, "RepoNotFound"));
      return;
    }
    String revision = path.substring(path.lastIndexOf('/') + 1);
    if (!revision.equals("main") && !revision.matches("[0-9a-f]{40}")) {
      refuse(exchange, new Refusal(404, "RevisionNotFound"));
      return;
    }
    String siblings =
        Stream.concat(files.keySet().stream(), named.stream())
            .map(name -> "{\"rfilename\": \"%s\"}".formatted(name.replace("\\", "\\\\")))
            .collect(Collectors.joining(", "));
    byte[] body =
        """
        {"id": "%s", "sha": "%s", "cardData": {"license": "apache-2.0"}, "siblings": [%s]}
        """
            .formatted(ID, COMMIT, siblings)
            .getBytes(UTF_8);
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  private void resolve(HttpExchange exchange) throws IOException {
    String prefix = "/" + ID + "/resolve/" + COMMIT + "/";
    String path = exchange.getRequestURI().getPath();
    byte[] content = path.startsWith(prefix) ? files.get(path.substring(prefix.length())) : null;
    if (content == null) {
      refuse(exchange, new Refusal(404, "EntryNotFound"));
      return;
    }
    String name = path.substring(prefix.length());
    exchange.getResponseHeaders().set("X-Repo-Commit", commitOfFiles);
    if (withoutDigest.equals(name)) {
      exchange.getResponseHeaders().set("ETag", "\"another-tag\"");
      send(exchange, name, content);
      return;
    }
    if (content.length < LARGE) {
      byte[] blob = ("blob " + content.length + "\0").getBytes(UTF_8);
      byte[] whole = Arrays.copyOf(blob, blob.length + content.length);
      System.arraycopy(content, 0, whole, blob.length, content.length);
      exchange.getResponseHeaders().set("ETag", "\"" + digest("SHA-1", whole) + "\"");
      send(exchange, name, content);
      return;
    }
    exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + digest("SHA-256", content) + "\"");
    exchange.getResponseHeaders().set("X-Linked-Size", Integer.toString(content.length));
    exchange
        .getResponseHeaders()
        .set("Location", "http://127.0.0.1:" + store.getAddress().getPort() + "/" + name);
    exchange.sendResponseHeaders(302, -1);
  }

  private void stored(HttpExchange exchange) throws IOException {
    String name = exchange.getRequestURI().getPath().substring(1);
    exchange.getResponseHeaders().set("ETag", "\"another-tag\"");
    send(exchange, name, files.getOrDefault(name, new byte[0]));
  }

  private void send(HttpExchange exchange, String name, byte[] known) throws IOException {
    byte[] content = answeredInstead.getOrDefault(name, known);
    String range = first(exchange, "Range");
    int from = 0;
    int status = 200;
    if (!range.isEmpty() && !ignoresRanges) {
      from = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
      if (from >= content.length) {
        exchange.getResponseHeaders().set("Content-Range", "bytes */" + content.length);
        exchange.sendResponseHeaders(416, -1);
        return;
      }
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range",
              "bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
      status = 206;
    }
    Integer cut = cuts.remove(name);
    boolean stalls = stalling.equals(name);
    int most = stalls ? (content.length - from) / 2 : cut == null ? content.length : cut;
    int to = Math.min(content.length, from + most);
    exchange.sendResponseHeaders(status, content.length - from);
    OutputStream body = exchange.getResponseBody();
    body.write(content, from, to - from);
    body.flush();
    if (stalls) {
      await();
    } else if (cut != null) {
      // What has not been read when a connection fails is lost to its reader.
      awaitArrival(name, to);
    }
  }

  private void await() {
    try {
      closed.await();
    } catch (InterruptedException ending) {
      Thread.currentThread().interrupt();
    }
  }

  private static String digest(String algorithm, byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @Override
  public void close() {
    closed.countDown();
    hub.stop(0);
    store.stop(0);
    threads.shutdownNow();
  }
}
