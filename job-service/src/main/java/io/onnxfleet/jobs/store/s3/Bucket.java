package io.onnxfleet.jobs.store.s3;

import io.onnxfleet.jobs.configuration.S3Properties;
import io.onnxfleet.jobs.failure.JobException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.NoSuchFileException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A bucket: objects by their keys. Tries again what may not last, five times, after pauses that
 * grow. What fails for good, or for now, is a {@link JobException} that says why; an {@link
 * IOException} is only ever about an object that is not there. Blocks. Thread-safe.
 */
public final class Bucket implements Closeable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Bucket.class);

  private static final int TRIES = 5;
  private static final int NOT_FOUND = 404;
  private static final int NOT_AS_ASKED = 412;
  private static final int NOT_IMPLEMENTED = 501;
  private static final int BLOCK = 64 << 10;
  private static final String CONTENT_TYPE = "application/octet-stream";

  private final S3Client client;
  private final String name;

  private Bucket(S3Client client, String name) {
    this.client = client;
    this.name = name;
  }

  /** One part of what is put together. */
  public record Part(int number, String tag) {}

  /** An object as a listing shows it. */
  public record Listed(String key, Instant modified) {}

  /**
   * A bucket, of which nothing is asked yet.
   *
   * @param authorities which sign the endpoint's certificate; null for the JVM's
   */
  public static Bucket of(S3Properties access, TrustManager @Nullable [] authorities) {
    UrlConnectionHttpClient.Builder http = UrlConnectionHttpClient.builder();
    if (authorities != null) {
      http.tlsTrustManagersProvider(() -> authorities);
    }
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClientBuilder(http)
            .credentialsProvider(credentials(access))
            .region(Region.of(access.region()))
            .forcePathStyle(access.isPathStyle())
            // Not every store knows these; what is sent has a digest that each knows.
            .serviceConfiguration(store -> store.chunkedEncodingEnabled(false))
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .overrideConfiguration(
                how ->
                    how.retryStrategy(
                        AwsRetryStrategy.standardRetryStrategy().toBuilder()
                            .maxAttempts(TRIES)
                            .build()));
    if (access.endpoint() != null) {
      builder.endpointOverride(access.endpoint());
    }
    return new Bucket(builder.build(), access.bucket());
  }

  private static AwsCredentialsProvider credentials(S3Properties access) {
    if (access.accessKeyId().isEmpty()) {
      return DefaultCredentialsProvider.builder().build();
    }
    AwsCredentials given =
        access.sessionToken().isEmpty()
            ? AwsBasicCredentials.create(access.accessKeyId(), access.secretAccessKey())
            : AwsSessionCredentials.create(
                access.accessKeyId(), access.secretAccessKey(), access.sessionToken());
    return StaticCredentialsProvider.create(given);
  }

  // ---------------------------------------------------------------- writing

  /** Writes an object as a whole. Returns when it would survive. */
  public void put(String key, Supplier<? extends InputStream> content, long size) {
    asked(
        "PutObject",
        key,
        () ->
            client.putObject(
                put -> put.bucket(name).key(key).contentMD5(digest(content)), body(content, size)));
  }

  /** The same unless there is one, as far as the store knows how; false if there is. */
  public boolean putFirst(String key, Supplier<? extends InputStream> content, long size) {
    try {
      client.putObject(
          put -> put.bucket(name).key(key).ifNoneMatch("*").contentMD5(digest(content)),
          body(content, size));
      return true;
    } catch (S3Exception refused) {
      if (refused.statusCode() == NOT_AS_ASKED) {
        return false;
      }
      if (refused.statusCode() == NOT_IMPLEMENTED) {
        put(key, content, size);
        return true;
      }
      throw failure("PutObject", key, refused);
    } catch (SdkException failed) {
      throw failure("PutObject", key, failed);
    }
  }

  /** Begins an object that comes in parts; what it is known by until it is whole. */
  public String begin(String key) {
    return asked(
            "CreateMultipartUpload",
            key,
            () ->
                client.createMultipartUpload(
                    create -> create.bucket(name).key(key).contentType(CONTENT_TYPE)))
        .uploadId();
  }

  /** Writes a part; every one but the last has 5 MiB or more. */
  public Part put(
      String key, String upload, int number, Supplier<? extends InputStream> content, long size) {
    String tag =
        asked(
                "UploadPart",
                key,
                () ->
                    client.uploadPart(
                        part ->
                            part.bucket(name)
                                .key(key)
                                .uploadId(upload)
                                .partNumber(number)
                                .contentMD5(digest(content)),
                        body(content, size)))
            .eTag();
    return new Part(number, tag);
  }

  /**
   * Makes an object of the parts. Returns when it would survive. An answer may be lost: then what
   * counts is whether the object is there, which nobody else writes.
   */
  public void complete(String key, String upload, List<Part> parts, long size) {
    List<CompletedPart> all =
        parts.stream()
            .map(part -> CompletedPart.builder().partNumber(part.number()).eTag(part.tag()).build())
            .toList();
    try {
      client.completeMultipartUpload(
          complete ->
              complete
                  .bucket(name)
                  .key(key)
                  .uploadId(upload)
                  .multipartUpload(list -> list.parts(all)));
    } catch (SdkException failed) {
      JobException reason = failure("CompleteMultipartUpload", key, failed);
      if (!isThere(key, size)) {
        throw reason;
      }
    }
  }

  private boolean isThere(String key, long size) {
    try {
      return size(key).orElse(-1) == size;
    } catch (JobException unknown) {
      return false;
    }
  }

  /** Forgets parts that nothing will be made of; where that fails a sweep does it. */
  public void abort(String key, String upload) {
    try {
      client.abortMultipartUpload(abort -> abort.bucket(name).key(key).uploadId(upload));
    } catch (SdkException failed) {
      if (!isNotFound(failed)) {
        LOGGER.warn(
            "the parts of s3://{}/{} are left, it will be tried again: {}",
            name,
            key,
            Refusals.reason(failed));
      }
    }
  }

  private static RequestBody body(Supplier<? extends InputStream> content, long size) {
    return RequestBody.fromContentProvider(content::get, size, CONTENT_TYPE);
  }

  /** Which every store compares with what came. */
  private static String digest(Supplier<? extends InputStream> content) {
    try (InputStream stream = content.get()) {
      MessageDigest digest = MessageDigest.getInstance("MD5");
      byte[] block = new byte[BLOCK];
      for (int read = stream.read(block); read >= 0; read = stream.read(block)) {
        digest.update(block, 0, read);
      }
      return Base64.getEncoder().encodeToString(digest.digest());
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    } catch (IOException unreadable) {
      throw Refusals.unavailable("what is to be sent cannot be read: " + unreadable.getMessage());
    }
  }

  // ---------------------------------------------------------------- reading

  /**
   * Opens an object.
   *
   * @param end nothing is wanted from there on
   * @throws NoSuchFileException if it is not there
   */
  public SeekableByteChannel open(String key, long end) throws NoSuchFileException {
    OptionalLong size = size(key);
    if (size.isEmpty()) {
      throw new NoSuchFileException("s3://" + name + "/" + key);
    }
    return new BucketReader(this, key, size.getAsLong(), end);
  }

  /** A part of an object, as it comes. */
  ResponseInputStream<GetObjectResponse> stream(String key, long from, long end)
      throws NoSuchFileException {
    try {
      ResponseInputStream<GetObjectResponse> stream =
          client.getObject(
              get -> get.bucket(name).key(key).range("bytes=" + from + "-" + (end - 1)));
      String range = String.valueOf(stream.response().contentRange());
      if (!range.startsWith("bytes " + from + "-")) {
        stream.abort();
        throw Refusals.unavailable(
            "the object store answers a range from %d with '%s' (expected: that range)"
                .formatted(from, range));
      }
      return stream;
    } catch (S3Exception refused) {
      if (Refusals.code(refused).equals("NoSuchKey")) {
        throw new NoSuchFileException("s3://" + name + "/" + key);
      }
      throw failure("GetObject", key, refused);
    } catch (SdkException failed) {
      throw failure("GetObject", key, failed);
    }
  }

  /** A small object; none if there is none. */
  public Optional<byte[]> read(String key) {
    try {
      return Optional.of(client.getObjectAsBytes(get -> get.bucket(name).key(key)).asByteArray());
    } catch (S3Exception refused) {
      if (Refusals.code(refused).equals("NoSuchKey")) {
        return Optional.empty();
      }
      throw failure("GetObject", key, refused);
    } catch (SdkException failed) {
      throw failure("GetObject", key, failed);
    }
  }

  /** How many bytes an object has; none if there is none, or no bucket. */
  public OptionalLong size(String key) {
    try {
      return OptionalLong.of(client.headObject(head -> head.bucket(name).key(key)).contentLength());
    } catch (SdkException failed) {
      if (isNotFound(failed)) {
        return OptionalLong.empty();
      }
      throw failure("HeadObject", key, failed);
    }
  }

  // ---------------------------------------------------------------- listing and deleting

  /** Deletes an object, if it is there. */
  public void delete(String key) {
    asked("DeleteObject", key, () -> client.deleteObject(delete -> delete.bucket(name).key(key)));
  }

  /** The first few keys below. */
  public List<String> first(String prefix, int most) {
    return asked(
            "ListObjectsV2",
            prefix,
            () -> client.listObjectsV2(list -> list.bucket(name).prefix(prefix).maxKeys(most)))
        .contents()
        .stream()
        .map(S3Object::key)
        .toList();
  }

  /** Shows the objects below, a thousand or so at a time. */
  public void list(String prefix, Consumer<List<Listed>> page) {
    @Nullable String next = null;
    do {
      String token = next;
      ListObjectsV2Response listed =
          asked(
              "ListObjectsV2",
              prefix,
              () ->
                  client.listObjectsV2(
                      list -> list.bucket(name).prefix(prefix).continuationToken(token)));
      page.accept(
          listed.contents().stream()
              .map(object -> new Listed(object.key(), object.lastModified()))
              .toList());
      next = Boolean.TRUE.equals(listed.isTruncated()) ? listed.nextContinuationToken() : null;
    } while (next != null);
  }

  /** Forgets parts below that came before then, where none of the same object came since. */
  public void abortUnchangedSince(String prefix, Instant before) {
    List<MultipartUpload> old =
        asked(
            "ListMultipartUploads",
            prefix,
            () ->
                client
                    .listMultipartUploadsPaginator(list -> list.bucket(name).prefix(prefix))
                    .uploads()
                    .stream()
                    .filter(upload -> upload.initiated().isBefore(before))
                    .toList());
    for (MultipartUpload upload : old) {
      if (lastPart(upload).isBefore(before)) {
        abort(upload.key(), upload.uploadId());
      }
    }
  }

  private Instant lastPart(MultipartUpload upload) {
    try {
      return client
          .listPartsPaginator(
              list -> list.bucket(name).key(upload.key()).uploadId(upload.uploadId()))
          .parts()
          .stream()
          .map(software.amazon.awssdk.services.s3.model.Part::lastModified)
          .max(Comparator.naturalOrder())
          .orElse(upload.initiated());
    } catch (SdkException failed) {
      if (isNotFound(failed)) {
        // It has just become an object, or was forgotten.
        return Instant.MAX;
      }
      throw failure("ListParts", upload.key(), failed);
    }
  }

  // ---------------------------------------------------------------- failures

  private static boolean isNotFound(SdkException failed) {
    return failed instanceof S3Exception refused && refused.statusCode() == NOT_FOUND;
  }

  private <T> T asked(String operation, String key, Supplier<T> request) {
    try {
      return request.get();
    } catch (SdkException failed) {
      throw failure(operation, key, failed);
    }
  }

  private JobException failure(String operation, String key, SdkException failed) {
    String reason = Refusals.reason(failed);
    LOGGER.warn("{} of s3://{}/{}: {}", operation, name, key, reason);
    return Refusals.unavailable("the object store does not serve " + operation + ": " + reason);
  }

  /** Where an object is asked for. */
  URL url(String key) {
    return client.utilities().getUrl(url -> url.bucket(name).key(key));
  }

  @Override
  public String toString() {
    return "s3://" + name;
  }

  @Override
  public void close() {
    client.close();
  }
}
