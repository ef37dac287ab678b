package io.onnxfleet.jobs.store.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.jobs.configuration.S3Properties;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.store.s3.S3Server.Failure;
import io.onnxfleet.testing.process.Keytool;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The real client against a store that checks what it signs. */
class BucketTest {
  private static final String KEY = "objects/00/name";
  private static final byte[] CONTENT = "0123456789".getBytes(UTF_8);

  private final List<AutoCloseable> open = new ArrayList<>();
  private final S3Server server = closing(new S3Server());

  BucketTest() throws IOException {}

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private <T extends AutoCloseable> T closing(T opened) {
    open.add(opened);
    return opened;
  }

  private static S3Properties access(URI endpoint, String bucket, String secret, String token) {
    return new S3Properties(
        bucket, "", endpoint, S3Server.REGION, null, S3Server.ACCESS_KEY, secret, token, "");
  }

  private Bucket bucket() {
    return bucket(access(server.endpoint(), S3Server.BUCKET, S3Server.SECRET, ""), null);
  }

  private Bucket bucket(S3Properties access, TrustManager @Nullable [] authorities) {
    return closing(Bucket.of(access, authorities));
  }

  private static Supplier<InputStream> stream(byte[] content) {
    return () -> new ByteArrayInputStream(content);
  }

  private static void requireUnavailable(ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            JobException.class,
            refused -> {
              assertThat(refused.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE);
              assertThat(refused).hasMessageContainingAll(words);
            });
  }

  private static byte[] readAll(SeekableByteChannel channel) throws IOException {
    try (channel) {
      return Channels.newInputStream(channel).readAllBytes();
    }
  }

  @Test
  void object_isWrittenReadAndDeleted() throws IOException {
    Bucket bucket = bucket();
    assertThat(bucket.size(KEY)).isEmpty();
    assertThat(bucket.read(KEY)).isEmpty();
    bucket.put(KEY, stream(CONTENT), CONTENT.length);
    assertThat(server.content(KEY)).isEqualTo(CONTENT);
    assertThat(bucket.size(KEY)).hasValue(CONTENT.length);
    assertThat(bucket.read(KEY)).hasValueSatisfying(read -> assertThat(read).isEqualTo(CONTENT));
    assertThat(readAll(bucket.open(KEY, Long.MAX_VALUE))).isEqualTo(CONTENT);
    bucket.delete(KEY);
    bucket.delete(KEY);
    assertThat(server.keys()).isEmpty();
    assertThatThrownBy(() -> bucket.open(KEY, 1)).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void emptyObject_isOne() throws IOException {
    Bucket bucket = bucket();
    bucket.put(KEY, stream(new byte[0]), 0);
    assertThat(readAll(bucket.open(KEY, Long.MAX_VALUE))).isEmpty();
  }

  @Test
  void wrongSecret_isRefused() {
    Bucket bucket = bucket(access(server.endpoint(), S3Server.BUCKET, "another", ""), null);
    requireUnavailable(
        () -> bucket.put(KEY, stream(CONTENT), CONTENT.length),
        "403 SignatureDoesNotMatch",
        "secret");
    requireUnavailable(() -> bucket.read(KEY), "403 SignatureDoesNotMatch");
    requireUnavailable(() -> bucket.size(KEY), "403");
    assertThat(server.keys()).isEmpty();
  }

  @Test
  void sessionToken_isSent() {
    server.expecting(
        new SignatureCheck(
            Map.of(S3Server.ACCESS_KEY, S3Server.SECRET), S3Server.REGION, "token+/=", false));
    requireUnavailable(() -> bucket().read(KEY), "403 InvalidToken", "session token");
    Bucket bucket =
        bucket(access(server.endpoint(), S3Server.BUCKET, S3Server.SECRET, "token+/="), null);
    assertThat(bucket.read(KEY)).isEmpty();
  }

  @Test
  void credentials_comeFromTheEnvironment_whereNoneAreGiven() {
    System.setProperty("aws.accessKeyId", S3Server.ACCESS_KEY);
    System.setProperty("aws.secretAccessKey", S3Server.SECRET);
    try {
      Bucket bucket =
          bucket(
              new S3Properties(
                  S3Server.BUCKET, "", server.endpoint(), S3Server.REGION, null, "", "", "", ""),
              null);
      assertThat(bucket.read(KEY)).isEmpty();
    } finally {
      System.clearProperty("aws.accessKeyId");
      System.clearProperty("aws.secretAccessKey");
    }
  }

  @Test
  void missingBucket_isSaid_andIsNoMissingObject() {
    Bucket bucket = bucket(access(server.endpoint(), "others", S3Server.SECRET, ""), null);
    requireUnavailable(() -> bucket.read(KEY), "404 NoSuchBucket", "a bucket that is there");
    requireUnavailable(() -> bucket.first("", 1), "404 NoSuchBucket");
    requireUnavailable(() -> bucket.stream(KEY, 0, 1), "404 NoSuchBucket");
  }

  @Test
  void wrongRegion_isSaid() {
    S3Properties access =
        new S3Properties(
            S3Server.BUCKET,
            "",
            server.endpoint(),
            "us-west-2",
            null,
            S3Server.ACCESS_KEY,
            S3Server.SECRET,
            "",
            "");
    requireUnavailable(
        () -> bucket(access, null).first("", 1),
        "400 AuthorizationHeaderMalformed",
        "fleet.jobs.s3.region");
  }

  @Test
  void clockThatIsWrong_isSaid() {
    server.ahead(Duration.ofHours(2));
    requireUnavailable(
        () -> bucket().put(KEY, stream(CONTENT), CONTENT.length),
        "403 RequestTimeTooSkewed",
        "a clock here that is within 15 minutes");
  }

  @Test
  void nobodyThere_isSaid() {
    server.close();
    requireUnavailable(() -> bucket().first("", 1), "ListObjectsV2", "Connection refused");
  }

  @Test
  void whatMayNotLast_isTriedAgain() {
    server.fail(
        "PutObject",
        new Failure.Refused(503, "SlowDown"),
        new Failure.Reset(),
        new Failure.Refused(500, "InternalError"),
        new Failure.AnswerLost());
    bucket().put(KEY, stream(CONTENT), CONTENT.length);
    assertThat(server.content(KEY)).isEqualTo(CONTENT);
    server.failAll("PutObject", new Failure.Refused(503, "SlowDown"));
    requireUnavailable(
        () -> bucket().put("another", stream(CONTENT), CONTENT.length), "503 SlowDown");
    assertThat(server.content("another")).isNull();
  }

  @Test
  void first_isWhoeverIsFirst() {
    Bucket bucket = bucket();
    assertThat(bucket.putFirst(KEY, stream(CONTENT), CONTENT.length)).isTrue();
    assertThat(bucket.putFirst(KEY, stream(new byte[1]), 1)).isFalse();
    assertThat(server.content(KEY)).isEqualTo(CONTENT);
    server.withoutConditions();
    assertThat(bucket.putFirst("another", stream(CONTENT), CONTENT.length)).isTrue();
    assertThat(server.content("another")).isEqualTo(CONTENT);
  }

  private static List<Bucket.Part> parts(Bucket bucket, String upload, String... contents) {
    List<Bucket.Part> parts = new ArrayList<>();
    for (String content : contents) {
      byte[] bytes = content.getBytes(UTF_8);
      parts.add(bucket.put(KEY, upload, parts.size() + 1, stream(bytes), bytes.length));
    }
    return parts;
  }

  @Test
  void parts_becomeAnObject_onlyWhenAllAreThere() {
    Bucket bucket = bucket();
    String upload = bucket.begin(KEY);
    List<Bucket.Part> parts = parts(bucket, upload, "01234", "56789");
    assertThat(server.keys()).isEmpty();
    bucket.complete(KEY, upload, parts, CONTENT.length);
    assertThat(server.content(KEY)).isEqualTo(CONTENT);
    assertThat(server.openUploads()).isZero();
    String aborted = bucket.begin("another");
    bucket.abort("another", aborted);
    bucket.abort("another", aborted);
    assertThat(server.openUploads()).isZero();
  }

  /** The client asks again, and then there is no such upload any more. */
  @Test
  void completion_counts_whoseAnswerIsLost() {
    Bucket bucket = bucket();
    String upload = bucket.begin(KEY);
    List<Bucket.Part> parts = parts(bucket, upload, "01234", "56789");
    server.fail("CompleteMultipartUpload", new Failure.AnswerLost());
    bucket.complete(KEY, upload, parts, CONTENT.length);
    assertThat(server.content(KEY)).isEqualTo(CONTENT);
  }

  /** And so does one that was refused in the body of a 200, as it may be. */
  @Test
  void completion_doesNotCount_thatIsRefused() {
    Bucket bucket = bucket();
    String upload = bucket.begin(KEY);
    List<Bucket.Part> parts = parts(bucket, upload, "01234", "56789");
    server.failAll("CompleteMultipartUpload", new Failure.RefusedLate("InternalError"));
    requireUnavailable(
        () -> bucket.complete(KEY, upload, parts, CONTENT.length), "CompleteMultipartUpload");
    server.failNoMore();
    server.fail("CompleteMultipartUpload", new Failure.RefusedLate("InternalError"));
    bucket.complete(KEY, upload, parts, CONTENT.length);
    assertThat(server.content(KEY)).isEqualTo(CONTENT);
    requireUnavailable(
        () -> bucket.complete(KEY, upload, parts, CONTENT.length + 1), "404 NoSuchUpload");
  }

  @Test
  void reading_goesOnWhereTheAnswerBroke() throws IOException {
    byte[] content = new byte[100_000];
    new Random(1).nextBytes(content);
    server.put(KEY, content);
    server.fail(
        "GetObject", Collections.nCopies(6, new Failure.CutOff(9000)).toArray(Failure[]::new));
    assertThat(readAll(bucket().open(KEY, Long.MAX_VALUE))).isEqualTo(content);
    server.failAll("GetObject", new Failure.CutOff(0));
    requireUnavailable(
        () -> readAll(bucket().open(KEY, Long.MAX_VALUE)), "the object store breaks off");
  }

  @Test
  void reading_mayLookAnywhere_andReadsInOrderByOneAnswer() throws IOException {
    byte[] content = new byte[100_000];
    new Random(1).nextBytes(content);
    server.put(KEY, content);
    try (SeekableByteChannel channel = bucket().open(KEY, 90_000)) {
      assertThat(channel.size()).isEqualTo(content.length);
      assertThat(read(channel, 1000, 30_000)).isEqualTo(Arrays.copyOfRange(content, 1000, 31_000));
      // A look back, whole though its answer breaks off.
      server.fail("GetObject", new Failure.CutOff(10));
      assertThat(read(channel, 500, 2000)).isEqualTo(Arrays.copyOfRange(content, 500, 2500));
      assertThat(read(channel, 31_000, 9000))
          .isEqualTo(Arrays.copyOfRange(content, 31_000, 40_000));
      assertThat(read(channel, 40_000, 90_000))
          .isEqualTo(Arrays.copyOfRange(content, 40_000, 90_000));
      assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
    assertThat(server.requests())
        .containsExactly("HeadObject", "GetObject", "GetObject", "GetObject");
  }

  private static byte[] read(SeekableByteChannel channel, long from, int length)
      throws IOException {
    ByteBuffer target = ByteBuffer.allocate(length);
    channel.position(from);
    while (target.hasRemaining() && channel.read(target) >= 0) {
      // As much as there is.
    }
    return Arrays.copyOf(target.array(), target.position());
  }

  @Test
  void objectThatGoesWhileItIsRead_isMissing() throws IOException {
    server.put(KEY, CONTENT);
    try (SeekableByteChannel channel = bucket().open(KEY, Long.MAX_VALUE)) {
      server.remove(KEY);
      assertThatThrownBy(() -> read(channel, 0, 10)).isInstanceOf(NoSuchFileException.class);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "true, https://s3.eu-central-1.amazonaws.com/jobs/a",
    "false, https://jobs.s3.eu-central-1.amazonaws.com/a"
  })
  void bucket_isInThePath_orInTheHostsName(boolean isPathStyle, String expected) {
    Bucket bucket =
        bucket(
            new S3Properties(
                "jobs", "", null, "eu-central-1", isPathStyle, "key", "secret", "", ""),
            null);
    assertThat(bucket.url("a")).hasToString(expected);
  }

  @Test
  void certificate_mustBeSignedByAnAuthority(@TempDir Path folder) throws Exception {
    KeyStore keys = keys(folder.resolve("store.p12"));
    KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    own.init(keys, "changeit".toCharArray());
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(own.getKeyManagers(), null, null);
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(keys);
    S3Server secured = closing(new S3Server(tls));
    S3Properties access = access(secured.endpoint(), S3Server.BUCKET, S3Server.SECRET, "");
    requireUnavailable(() -> bucket(access, null).first("", 1), "PKIX path building failed");
    assertThat(secured.requests()).isEmpty();
    Bucket trusting = bucket(access, trust.getTrustManagers());
    trusting.put(KEY, stream(CONTENT), CONTENT.length);
    assertThat(secured.content(KEY)).isEqualTo(CONTENT);
  }

  private static KeyStore keys(Path store) throws Exception {
    Keytool.selfSigned(store, "changeit", "store", "-ext", "san=ip:127.0.0.1");
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream content = Files.newInputStream(store)) {
      keys.load(content, "changeit".toCharArray());
    }
    KeyStore both = KeyStore.getInstance("PKCS12");
    both.load(null, null);
    both.setKeyEntry(
        "store",
        keys.getKey("store", "changeit".toCharArray()),
        "changeit".toCharArray(),
        keys.getCertificateChain("store"));
    both.setCertificateEntry("authority", keys.getCertificate("store"));
    return both;
  }
}
