package io.onnxfleet.inference.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Archives from a real server on the loopback address, which cuts answers off as it is told. */
class SourceCacheTest {
  private static final long LARGE = 1 << 24;
  private static final S3Access S3 = new S3Access(null, "us-east-1", null);

  @TempDir private Path root;

  private final Map<String, byte[]> files = new ConcurrentHashMap<>();
  private final List<String> ranges = new CopyOnWriteArrayList<>();
  private volatile int cutAfter = Integer.MAX_VALUE;
  private HttpServer server = start();

  @BeforeEach
  void serves() {
    server.createContext("/", this::answer);
    server.start();
  }

  @AfterEach
  void stops() {
    server.stop(0);
  }

  private static HttpServer start() {
    try {
      return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException failure) {
      throw new AssertionError(failure);
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    byte[] whole = files.get(exchange.getRequestURI().getPath());
    if (whole == null) {
      exchange.sendResponseHeaders(404, -1);
      exchange.close();
      return;
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    ranges.add(String.valueOf(range));
    int from = range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
    if (from >= whole.length) {
      exchange.sendResponseHeaders(416, -1);
      exchange.close();
      return;
    }
    if (range != null) {
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes %d-%d/%d".formatted(from, whole.length - 1, whole.length));
    }
    exchange.sendResponseHeaders(range == null ? 200 : 206, whole.length - from);
    int length = Math.min(cutAfter, whole.length - from);
    exchange.getResponseBody().write(whole, from, length);
    exchange.getResponseBody().flush();
    if (length < whole.length - from) {
      awaitPart(sha256(whole), from + length);
    }
    // Ends the connection too early where it was cut.
    exchange.close();
  }

  /** Waits until the client has written what it was sent. */
  private void awaitPart(String sha256, long size) throws IOException {
    Path part = root.resolve(sha256 + ".part");
    while (!Files.exists(part) || Files.size(part) < size) {
      Thread.onSpinWait();
    }
  }

  private Source serve(String name, byte[] content) {
    return serve(name, content, name);
  }

  /** A source that is pinned by a file of it. */
  private Source serve(String name, byte[] content, String pinned) {
    files.put("/" + pinned, content);
    return new Source(
        URI.create("http://127.0.0.1:%d/%s".formatted(server.getAddress().getPort(), name)),
        sha256(content));
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError(impossible);
    }
  }

  private static byte[] zip(String entry, byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry(entry));
      zip.write(content);
    }
    return bytes.toByteArray();
  }

  private static byte[] noise(int size) {
    byte[] noise = new byte[size];
    new Random(size).nextBytes(noise);
    return noise;
  }

  @Test
  void folder_isFetchedOnce_andSharedByProcesses() throws Exception {
    Source source = serve("a.zip", zip("m/1/model.onnx", noise(1000)));
    try (SourceCache one = new SourceCache(root, LARGE, S3);
        SourceCache other = new SourceCache(root, LARGE, S3)) {
      Path folder = one.folder(source);
      assertThat(folder.resolve("m/1/model.onnx")).hasBinaryContent(noise(1000));
      assertThat(other.folder(source)).isEqualTo(folder);
    }
    files.clear();
    try (SourceCache later = new SourceCache(root, LARGE, S3)) {
      assertThat(later.folder(source)).isDirectory();
    }
    assertThat(ranges).hasSize(1);
  }

  @Test
  void folder_isFetchedAnew_whenItWasWrittenToSince() throws Exception {
    Source source = serve("a.zip", zip("m/1/model.onnx", noise(1000)));
    Path folder;
    try (SourceCache cache = new SourceCache(root, LARGE, S3)) {
      folder = cache.folder(source);
    }
    Path file = folder.resolve("m/1/model.onnx");
    FileTime time = Files.getLastModifiedTime(file);
    byte[] other = noise(1000);
    other[500]++;
    Files.write(file, other);
    Files.setLastModifiedTime(file, time);
    try (SourceCache cache = new SourceCache(root, LARGE, S3)) {
      assertThat(cache.folder(source)).isEqualTo(folder);
      assertThat(file).hasBinaryContent(noise(1000));
    }
    Files.writeString(folder.resolve("m/1/tokenizer.json"), "{}");
    files.clear();
    try (SourceCache cache = new SourceCache(root, LARGE, S3)) {
      assertThatThrownBy(() -> cache.folder(source))
          .as("it came since, and nobody has it to fetch")
          .hasMessageContaining("status 404");
    }
    assertThat(ranges).hasSize(2);
  }

  @Test
  void folder_goesOnWhereTheAnswerWasCutOff() throws Exception {
    Source source = serve("a.zip", zip("m/1/model.onnx", noise(3000)));
    cutAfter = 1000;
    try (SourceCache cache = new SourceCache(root, LARGE, S3)) {
      assertThat(cache.folder(source).resolve("m/1/model.onnx")).hasBinaryContent(noise(3000));
    }
    assertThat(ranges).hasSize(4).startsWith("null", "bytes=1000-", "bytes=2000-");
  }

  @Test
  void folder_isRefused_whenTheContentIsAnother() throws Exception {
    byte[] content = zip("m/1/model.onnx", noise(10));
    Source source = serve("a.zip", content);
    files.put("/a.zip", zip("m/1/model.onnx", noise(11)));
    try (SourceCache cache = new SourceCache(root, LARGE, S3)) {
      assertThatThrownBy(() -> cache.folder(source))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("(expected " + sha256(content));
      files.put("/a.zip", content);
      assertThat(cache.folder(source)).isDirectory();
    }
  }

  @Test
  void folder_isRefused_whenAnEntryLeavesIt() throws Exception {
    for (String entry : List.of("../evil", "/etc/evil", "m/../../evil", "..\\evil", ".")) {
      Source source = serve("a.zip", zip(entry, noise(10)));
      try (SourceCache cache = new SourceCache(root.resolve("cache"), LARGE, S3)) {
        assertThatThrownBy(() -> cache.folder(source))
            .as(entry)
            .hasMessageContaining("expected a path within the source");
      }
    }
    assertThat(root.resolve("evil")).doesNotExist();
  }

  @Test
  void folder_isRefused_whenItUnpacksToTooMuch() throws Exception {
    Source source = serve("bomb.zip", zip("m/1/model.onnx", new byte[1 << 20]));
    try (SourceCache cache = new SourceCache(root, 1 << 16, S3)) {
      assertThatThrownBy(() -> cache.folder(source)).hasMessageContaining("unpacks to more bytes");
      assertThatThrownBy(
              () -> cache.folder(serve("text.zip", "no zip".getBytes(StandardCharsets.UTF_8))))
          .hasMessageContaining("no zip archive");
    }
  }

  @Test
  void folder_ofAFolder_hasWhatItsListNames_andGoesOnAfterItWasRefused() throws Exception {
    files.put("/models/m/1/model.onnx", noise(2000));
    files.put("/models/m/a name+%.txt", noise(10));
    files.put("/models/other/1/model.onnx", noise(20));
    Source source =
        serve(
            "models/",
            list("m/1/model.onnx", noise(2000), "m/a name+%.txt", noise(11)),
            "models/SHA256SUMS");
    try (SourceCache cache = new SourceCache(root, LARGE, S3)) {
      assertThatThrownBy(() -> cache.folder(source))
          .hasMessageContaining("a%20name+%25.txt: SHA-256");
      files.put("/models/m/a name+%.txt", noise(11));
      ranges.clear();
      Path folder = cache.folder(source);
      assertThat(folder.resolve("m/1/model.onnx")).hasBinaryContent(noise(2000));
      assertThat(folder.resolve("m/a name+%.txt")).hasBinaryContent(noise(11));
      assertThat(folder.resolve("other")).doesNotExist();
      assertThat(ranges).as("the list and the file that was refused").hasSize(2);
    }
  }

  @Test
  void folder_ofAFolder_isRefused_whenItsListIsNotTheOne_orLeadsElsewhere() throws Exception {
    byte[] evil = list("../evil", noise(1), "x", noise(1));
    for (byte[] content : List.of(evil, "no list".getBytes(StandardCharsets.UTF_8))) {
      Source source = serve("models/", content, "models/SHA256SUMS");
      try (SourceCache cache = new SourceCache(root.resolve("cache"), LARGE, S3)) {
        files.put("/models/SHA256SUMS", noise(3));
        assertThatThrownBy(() -> cache.folder(source)).hasMessageContaining("SHA-256");
        files.put("/models/SHA256SUMS", content);
        assertThatThrownBy(() -> cache.folder(source))
            .hasMessageMatching(".*(a path within the source|two spaces and a path).*");
      }
    }
    assertThat(root.resolve("evil")).doesNotExist();
  }

  private static byte[] list(String one, byte[] content, String other, byte[] otherContent) {
    return "%s  %s\n%s  %s\n"
        .formatted(sha256(content), one, sha256(otherContent), other)
        .getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void folders_leave_whenTheyTakeTooMuch_unlessTheyAreUsed() throws Exception {
    List<Source> sources = new ArrayList<>();
    for (int index = 0; index < 3; index++) {
      sources.add(serve(index + ".zip", zip("m/1/model.onnx", noise(1000 + index))));
    }
    try (SourceCache first = new SourceCache(root, 2500, S3)) {
      Path used = first.folder(sources.get(0));
      try (SourceCache second = new SourceCache(root, 2500, S3)) {
        assertThat(second.folder(sources.get(1))).isDirectory();
      }
      try (SourceCache third = new SourceCache(root, 2500, S3)) {
        assertThat(third.folder(sources.get(2))).isDirectory();
      }
      assertThat(used).isDirectory();
      assertThat(root.resolve(sources.get(1).sha256())).doesNotExist();
    }
  }

  @Test
  void source_refusesWhatItCannotBe() {
    assertThatThrownBy(() -> new Source(URI.create("file:///etc/passwd"), "0".repeat(64)))
        .hasMessageContaining("expected: http://");
    assertThatThrownBy(() -> new Source(URI.create("http://x/a.zip"), "abc"))
        .hasMessageContaining("64 hexadecimal digits");
    assertThatThrownBy(() -> new Source(URI.create("http://x/models/"), null))
        .hasMessageContaining("expected one, but for a folder of s3");
    assertThatThrownBy(() -> new Source(URI.create("s3://x/a.zip"), null))
        .hasMessageContaining("expected one, but for a folder of s3");
  }
}
