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
class ArchiveCacheTest {
  private static final long LARGE = 1 << 24;

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

  private Archive serve(String name, byte[] content) {
    files.put("/" + name, content);
    return new Archive(
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
    Archive archive = serve("a.zip", zip("m/1/model.onnx", noise(1000)));
    try (ArchiveCache one = new ArchiveCache(root, LARGE);
        ArchiveCache other = new ArchiveCache(root, LARGE)) {
      Path folder = one.folder(archive);
      assertThat(folder.resolve("m/1/model.onnx")).hasBinaryContent(noise(1000));
      assertThat(other.folder(archive)).isEqualTo(folder);
    }
    files.clear();
    try (ArchiveCache later = new ArchiveCache(root, LARGE)) {
      assertThat(later.folder(archive)).isDirectory();
    }
    assertThat(ranges).hasSize(1);
  }

  @Test
  void folder_goesOnWhereTheAnswerWasCutOff() throws Exception {
    Archive archive = serve("a.zip", zip("m/1/model.onnx", noise(3000)));
    cutAfter = 1000;
    try (ArchiveCache cache = new ArchiveCache(root, LARGE)) {
      assertThat(cache.folder(archive).resolve("m/1/model.onnx")).hasBinaryContent(noise(3000));
    }
    assertThat(ranges).hasSize(4).startsWith("null", "bytes=1000-", "bytes=2000-");
  }

  @Test
  void folder_isRefused_whenTheContentIsAnother() throws Exception {
    byte[] content = zip("m/1/model.onnx", noise(10));
    Archive archive = serve("a.zip", content);
    files.put("/a.zip", zip("m/1/model.onnx", noise(11)));
    try (ArchiveCache cache = new ArchiveCache(root, LARGE)) {
      assertThatThrownBy(() -> cache.folder(archive))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("(expected " + sha256(content));
      files.put("/a.zip", content);
      assertThat(cache.folder(archive)).isDirectory();
    }
  }

  @Test
  void folder_isRefused_whenAnEntryLeavesIt() throws Exception {
    for (String entry : List.of("../evil", "/etc/evil", "m/../../evil", "..\\evil", ".")) {
      Archive archive = serve("a.zip", zip(entry, noise(10)));
      try (ArchiveCache cache = new ArchiveCache(root.resolve("cache"), LARGE)) {
        assertThatThrownBy(() -> cache.folder(archive))
            .as(entry)
            .hasMessageContaining("expected a path within the archive");
      }
    }
    assertThat(root.resolve("evil")).doesNotExist();
  }

  @Test
  void folder_isRefused_whenItUnpacksToTooMuch() throws Exception {
    Archive archive = serve("bomb.zip", zip("m/1/model.onnx", new byte[1 << 20]));
    try (ArchiveCache cache = new ArchiveCache(root, 1 << 16)) {
      assertThatThrownBy(() -> cache.folder(archive)).hasMessageContaining("unpacks to more bytes");
      assertThatThrownBy(
              () -> cache.folder(serve("text.zip", "no zip".getBytes(StandardCharsets.UTF_8))))
          .hasMessageContaining("no zip archive");
    }
  }

  @Test
  void folders_leave_whenTheyTakeTooMuch_unlessTheyAreUsed() throws Exception {
    List<Archive> archives = new ArrayList<>();
    for (int index = 0; index < 3; index++) {
      archives.add(serve(index + ".zip", zip("m/1/model.onnx", noise(1000 + index))));
    }
    try (ArchiveCache first = new ArchiveCache(root, 2500)) {
      Path used = first.folder(archives.get(0));
      try (ArchiveCache second = new ArchiveCache(root, 2500)) {
        assertThat(second.folder(archives.get(1))).isDirectory();
      }
      try (ArchiveCache third = new ArchiveCache(root, 2500)) {
        assertThat(third.folder(archives.get(2))).isDirectory();
      }
      assertThat(used).isDirectory();
      assertThat(root.resolve(archives.get(1).sha256())).doesNotExist();
    }
  }

  @Test
  void archive_refusesWhatItCannotBe() {
    assertThatThrownBy(() -> new Archive(URI.create("file:///etc/passwd"), "0".repeat(64)))
        .hasMessageContaining("expected: http://");
    assertThatThrownBy(() -> new Archive(URI.create("http://x/a.zip"), "abc"))
        .hasMessageContaining("64 hexadecimal digits");
  }
}
