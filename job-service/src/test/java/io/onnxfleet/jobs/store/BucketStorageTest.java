package io.onnxfleet.jobs.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.jobs.MemoryDatabase;
import io.onnxfleet.jobs.configuration.S3Properties;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.store.s3.Bucket;
import io.onnxfleet.jobs.store.s3.S3Server;
import io.onnxfleet.jobs.store.s3.S3Server.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A store whose objects lie in a bucket, in parts of 1000 bytes. */
class BucketStorageTest {
  private static final int PART = 1000;
  private static final String MARK = "fleet/objects/mark";

  @TempDir private Path directory;

  private final S3Server server = new S3Server();
  private final List<ObjectStore> stores = new ArrayList<>();

  BucketStorageTest() throws IOException {}

  @AfterEach
  void close() throws IOException {
    for (ObjectStore store : stores) {
      store.close();
    }
    server.close();
  }

  private ObjectStore store() throws IOException {
    Names names = new Names();
    Scratch scratch = ObjectStore.scratch(directory, 0, names);
    S3Properties access =
        new S3Properties(
            S3Server.BUCKET,
            "fleet",
            server.endpoint(),
            S3Server.REGION,
            null,
            S3Server.ACCESS_KEY,
            S3Server.SECRET,
            "",
            "");
    ObjectStore store =
        new ObjectStore(
            scratch,
            new BucketStorage(Bucket.of(access, null), access.prefix(), scratch, PART),
            names);
    stores.add(store);
    return store;
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static String write(ObjectStore store, byte[] content) throws IOException {
    try (ObjectWriter object = store.create()) {
      // Pieces that fit no part.
      for (int from = 0; from < content.length; from += 333) {
        object.write(content, from, Math.min(333, content.length - from));
      }
      assertThat(object.size()).isEqualTo(content.length);
      return object.keep();
    }
  }

  private static byte[] read(ObjectStore store, String name) throws IOException {
    try (SeekableByteChannel object = store.open(name)) {
      return Channels.newInputStream(object).readAllBytes();
    }
  }

  private List<Path> underWay() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("incoming"))) {
      return files.toList();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, PART - 1, PART, PART + 1, 3 * PART, 5 * PART + 7})
  void object_isWhatWasWritten_inPartsThatAreLargeEnough(int length) throws IOException {
    server.partsOfAtLeast(PART);
    ObjectStore store = store();
    byte[] content = bytes(length);
    String name = write(store, content);
    assertThat(server.content("fleet/objects/" + name.substring(0, 2) + "/" + name))
        .isEqualTo(content);
    assertThat(read(store, name)).isEqualTo(content);
    try (FileChannel fetched = store.fetch(name)) {
      byte[] copy = new FileContent(fetched).readAllBytes();
      assertThat(copy).isEqualTo(content);
    }
    requirePart(
        store.fetch(name, length / 3, length), Arrays.copyOfRange(content, length / 3, length));
    assertThat(server.openUploads()).isZero();
    assertThat(underWay()).isEmpty();
  }

  private static void requirePart(ObjectStore.Piece piece, byte[] expected) throws IOException {
    try (FileChannel file = piece.file()) {
      byte[] part = new FileContent(file, piece.begin(), expected.length).readAllBytes();
      assertThat(part).isEqualTo(expected);
    }
  }

  @Test
  void partOfAFile_isReadWhereItLies() throws IOException {
    try (ObjectStore folder = new ObjectStore(directory, 0, new Names())) {
      byte[] content = bytes(1000);
      String name = write(folder, content);
      requirePart(folder.fetch(name, 300, 700), Arrays.copyOfRange(content, 300, 700));
      assertThat(underWay()).isEmpty();
    }
  }

  @Test
  void someOfAFile_isAppended() throws IOException {
    byte[] content = bytes(10 * PART);
    ObjectStore store = store();
    try (FileChannel scratch = store.scratch();
        ObjectWriter object = store.create()) {
      scratch.write(ByteBuffer.wrap(content));
      object.append(scratch, 5000, 4000);
      object.append(scratch, 10, 1);
      String name = object.keep();
      byte[] expected = Arrays.copyOfRange(content, 5000, 9001);
      expected[4000] = content[10];
      assertThat(read(store, name)).isEqualTo(expected);
    }
  }

  @Test
  void objectThatIsNotKept_leavesNothing() throws IOException {
    try (ObjectWriter object = store().create()) {
      object.write(bytes(3 * PART + 1));
      assertThat(server.openUploads()).isEqualTo(1);
    }
    assertThat(server.openUploads()).isZero();
    assertThat(server.keys()).isEmpty();
    assertThat(underWay()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"})
  void objectThatCannotBeWritten_isRefused_andLeavesNothing(String operation) throws IOException {
    server.failAll(operation, S3Server.BROKEN);
    ObjectStore store = store();
    assertThatThrownBy(() -> write(store, bytes(3 * PART + 1)))
        .isInstanceOfSatisfying(
            JobException.class,
            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE))
        .hasMessageContaining(operation);
    assertThat(server.openUploads()).isZero();
    assertThat(server.keys()).isEmpty();
    assertThat(underWay()).isEmpty();
  }

  /** All answers are lost, of what was done: nobody knows, so it must not stay. */
  @Test
  void objectThatMayHaveBeenWritten_doesNotStay() throws IOException {
    server.failAll("PutObject", new Failure.AnswerLost());
    ObjectStore store = store();
    assertThatThrownBy(() -> write(store, bytes(10))).isInstanceOf(JobException.class);
    assertThat(server.keys()).isEmpty();
  }

  @Test
  void lostObject_isOneOfABucketThatIsThere() throws IOException {
    ObjectStore store = store();
    String name = write(store, bytes(10));
    assertThat(store.isLost(name)).isFalse();
    store.delete(name);
    assertThat(store.isLost(name)).as("a bucket without a mark may be another one").isFalse();
    store.mark("mine");
    assertThat(store.isLost(name)).isTrue();
    assertThatThrownBy(() -> store.open(name)).isInstanceOf(NoSuchFileException.class);
    server.failAll("HeadObject", S3Server.BROKEN);
    assertThatThrownBy(() -> store.isLost(name)).isInstanceOf(JobException.class);
  }

  @Test
  void deletion_isTriedLater_whereItFails() throws IOException {
    ObjectStore store = store();
    String name = write(store, bytes(10));
    server.fail("DeleteObject", new Failure.Refused(403, "AccessDenied"));
    assertThat(store.delete(name)).isFalse();
    assertThat(store.delete(name)).isTrue();
    assertThat(server.keys()).isEmpty();
  }

  @Test
  void orphansGo_overPagesOfTheListing_andSoDoUploadsThatWereLeft() throws IOException {
    MemoryDatabase database = MemoryDatabase.make();
    ObjectStore store = store();
    new StoreMark(database.client(), store, new Names()).check();
    server.put("fleet/objects/readme", new byte[1]);
    server.put("another/objects/00/00000000000000000000000000000000", new byte[1]);
    String known = write(store, bytes(10));
    database.addFile("file", "alice", 1, 1, known);
    for (int count = 0; count < 10; count++) {
      write(store, bytes(count));
    }
    ObjectWriter left = store.create();
    left.write(bytes(2 * PART));
    Sweep sweep = new Sweep(database.client(), store, Instant::now);
    assertThat(sweep.run()).as("what is young may be named yet").isZero();
    server.ageUploads(Duration.ofHours(3));
    assertThat(sweep.run()).isZero();
    assertThat(server.openUploads()).as("one that goes on, though slowly").isEqualTo(1);
    assertThat(sweep.run(Duration.ofSeconds(-1))).isEqualTo(10);
    assertThat(server.openUploads()).isZero();
    assertThat(server.keys())
        .containsExactlyInAnyOrder(
            "another/objects/00/00000000000000000000000000000000",
            "fleet/objects/" + known.substring(0, 2) + "/" + known,
            MARK,
            "fleet/objects/readme");
    left.close();
  }

  @Test
  void sweep_goesOn_whereUploadsMayNotBeListed() throws IOException {
    MemoryDatabase database = MemoryDatabase.make();
    ObjectStore store = store();
    write(store, bytes(1));
    server.failAll("ListMultipartUploads", new Failure.Refused(403, "AccessDenied"));
    Sweep sweep = new Sweep(database.client(), store, Instant::now);
    assertThat(sweep.run(Duration.ofSeconds(-1))).isEqualTo(1);
  }

  @Test
  void bucketAndDatabase_belongTogether() throws IOException {
    MemoryDatabase database = MemoryDatabase.make();
    ObjectStore store = store();
    new StoreMark(database.client(), store, new Names()).check();
    String mark = store.mark();
    assertThat(mark).isEqualTo(new String(server.content(MARK), UTF_8)).hasSize(32);
    new StoreMark(database.client(), store(), new Names()).check();
    assertThat(store.mark()).isEqualTo(mark);

    server.put(MARK, "another".getBytes(UTF_8));
    requireConflict(database, store, "is marked 'another'");
    server.remove(MARK);
    requireConflict(database, store, "has no mark");
    requireConflict(
        database, new ObjectStore(directory.resolve("folder"), 0, new Names()), "has no mark");
    write(store, bytes(1));
    requireConflict(MemoryDatabase.make(), store, "the database knows of none");
  }

  private static void requireConflict(MemoryDatabase database, ObjectStore store, String reason) {
    assertThatThrownBy(() -> new StoreMark(database.client(), store, new Names()).check())
        .isInstanceOf(StoreConflictException.class)
        .hasMessageContainingAll(store.toString(), reason);
  }

  /** Each has found a store without a mark, and none in the database. */
  @Test
  void secondStoreOfADatabase_isRefused_alsoWhereBothBeginTogether() throws IOException {
    MemoryDatabase database = MemoryDatabase.make();
    ObjectStore other = new ObjectStore(directory.resolve("other"), 0, new Names());
    Names names = new Names();
    StoreMark second =
        new StoreMark(
            database.client(),
            store(),
            () -> {
              try {
                new StoreMark(database.client(), other, names).check();
              } catch (IOException failed) {
                throw new IllegalStateException(failed);
              }
              return names.get();
            });
    assertThatThrownBy(second::check)
        .isInstanceOf(StoreConflictException.class)
        .hasMessageContaining("another store");
    new StoreMark(database.client(), other, names).check();
  }
}
