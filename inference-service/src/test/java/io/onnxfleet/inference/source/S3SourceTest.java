package io.onnxfleet.inference.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders and archives of an object store on the loopback address, by the real client. */
class S3SourceTest {
  private static final long LARGE = 1 << 24;
  private static final String KEY = "aws.accessKeyId";
  private static final String SECRET = "aws.secretAccessKey";

  @TempDir private Path root;

  private final ObjectStore store = ObjectStore.start("models");

  @BeforeEach
  void hasCredentials() {
    System.setProperty(KEY, ObjectStore.KEY);
    System.setProperty(SECRET, "secret");
  }

  @AfterEach
  void stops() {
    System.clearProperty(KEY);
    System.clearProperty(SECRET);
    store.close();
  }

  private SourceCache cache() throws Exception {
    return new SourceCache(root, LARGE, new S3Access(store.endpoint(), "eu-central-1", null));
  }

  private static Source source(String url) {
    return new Source(URI.create(url), null);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void folder_hasAllObjectsBelow_overPagesOfTheListing() throws Exception {
    for (int model = 0; model < 7; model++) {
      store.put("production/m" + model + "/1/model.onnx", bytes("model " + model));
    }
    store.put("production/m0/", new byte[0]);
    store.put("production/m0/a name+%&.txt", bytes("odd"));
    store.put("staging/m/1/model.onnx", bytes("not this one"));
    try (SourceCache cache = cache()) {
      Path folder = cache.folder(source("s3://models/production/"));
      assertThat(folder.resolve("m6/1/model.onnx")).hasContent("model 6");
      assertThat(folder.resolve("m0/a name+%&.txt")).hasContent("odd");
      try (Stream<Path> files = Files.walk(folder).filter(Files::isRegularFile)) {
        assertThat(files).hasSize(8);
      }
    }
    assertThat(store.listings()).isGreaterThan(2);
  }

  @Test
  void folder_isFetchedAgain_onlyWhenAnObjectHasChanged() throws Exception {
    store.put("m/1/model.onnx", bytes("first"));
    try (SourceCache cache = cache()) {
      Path first = cache.folder(source("s3://models/"));
      assertThat(cache.folder(source("s3://models/"))).isEqualTo(first);
      assertThat(store.gets()).isEqualTo(1);
      store.put("m/1/model.onnx", bytes("other"));
      Path other = cache.folder(source("s3://models/"));
      assertThat(other).isNotEqualTo(first);
      assertThat(other.resolve("m/1/model.onnx")).hasContent("other");
      assertThat(first.resolve("m/1/model.onnx")).hasContent("first");
    }
  }

  @Test
  void folder_isRefused_whenItChangesWhileItIsRead() throws Exception {
    store.put("m/1/model.onnx", bytes("first"));
    store.onGet(() -> store.put("m/1/model.onnx", bytes("other")));
    try (SourceCache cache = cache()) {
      assertThatThrownBy(() -> cache.folder(source("s3://models/")))
          .hasMessageContaining("has changed while it was read");
    }
    try (Stream<Path> left = Files.list(root).filter(Files::isDirectory)) {
      assertThat(left).isEmpty();
    }
  }

  /** And is what it was again when the folder is looked at for the last time. */
  @ParameterizedTest
  @CsvSource({"1, has changed while it was read", "2, 412 PreconditionFailed"})
  void folder_isRefused_whenAnObjectWasAnotherOneForAWhile(int listing, String reason)
      throws Exception {
    store.put("m/1/model.onnx", bytes("first"));
    AtomicInteger listings = new AtomicInteger();
    store.onList(
        () -> {
          if (listings.incrementAndGet() == listing) {
            store.put("m/1/model.onnx", bytes("other"));
          }
        });
    store.onGet(() -> store.put("m/1/model.onnx", bytes("first")));
    try (SourceCache cache = cache()) {
      assertThatThrownBy(() -> cache.folder(source("s3://models/"))).hasMessageContaining(reason);
      store.onList(() -> {});
      store.put("m/1/model.onnx", bytes("first"));
      assertThat(cache.folder(source("s3://models/")).resolve("m/1/model.onnx"))
          .hasContent("first");
    }
  }

  @Test
  void folder_goesOnWhereTheAnswerWasCutOff_andNeedsNoStoreOnceItIsThere() throws Exception {
    String model = "0123456789".repeat(300);
    String list = Digests.of(model) + "  m/1/model.onnx\n";
    store.put("pinned/m/1/model.onnx", bytes(model));
    store.put("pinned/SHA256SUMS", bytes(list));
    Source pinned = new Source(URI.create("s3://models/pinned/"), Digests.of(list));
    store.cutAfter(1000);
    try (SourceCache cache = cache()) {
      assertThat(cache.folder(pinned).resolve("m/1/model.onnx")).hasContent(model);
      assertThat(store.ranges()).contains("bytes=1000-", "bytes=2000-");
      store.close();
      assertThat(cache.folder(pinned)).isDirectory();
    }
  }

  @Test
  void folder_isRefused_withTheStoresReason() throws Exception {
    try (SourceCache cache = cache()) {
      assertThatThrownBy(() -> cache.folder(source("s3://models/empty/")))
          .hasMessageContaining("0 files (expected: 1 to");
      assertThatThrownBy(() -> cache.folder(source("s3://others/x/")))
          .hasMessageContaining("404 NoSuchBucket");
      System.setProperty(KEY, "another");
      assertThatThrownBy(() -> cache.folder(source("s3://models/x/")))
          .hasMessageContaining("403 InvalidAccessKeyId");
    }
  }
}
