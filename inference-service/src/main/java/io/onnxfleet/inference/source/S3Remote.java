package io.onnxfleet.inference.source;

import java.io.IOException;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProviderChain;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** An object store that speaks S3. */
final class S3Remote implements Remote {
  private static final int NO_SUCH_RANGE = 416;

  private final S3Client client;

  /** With the credentials that the environment, a profile or the machine has, or none. */
  S3Remote(S3Access access) {
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClientBuilder(UrlConnectionHttpClient.builder())
            .credentialsProvider(
                AwsCredentialsProviderChain.of(
                    DefaultCredentialsProvider.builder().build(),
                    AnonymousCredentialsProvider.create()))
            .region(Region.of(access.region()))
            .forcePathStyle(access.isPathStyle())
            // Digests of the files are checked anyway, and not every store knows these.
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED);
    if (access.endpoint() != null) {
      builder.endpointOverride(access.endpoint());
    }
    client = builder.build();
  }

  @Override
  public Content open(URI file, long from, @Nullable String tag) throws IOException {
    GetObjectRequest.Builder request =
        GetObjectRequest.builder().bucket(file.getAuthority()).key(key(file));
    if (tag != null) {
      // Whatever was put there since the folder was listed is another file.
      request.ifMatch(tag);
    }
    if (from > 0) {
      request.range("bytes=" + from + "-");
    }
    try {
      ResponseInputStream<GetObjectResponse> body = client.getObject(request.build());
      String range = body.response().contentRange();
      boolean isRest = range != null && range.startsWith("bytes " + from + "-");
      return new Content(body, isRest ? from : 0);
    } catch (S3Exception refused) {
      if (from > 0 && refused.statusCode() == NO_SUCH_RANGE) {
        throw new NothingLeft();
      }
      throw new IOException(reason(refused), refused);
    } catch (SdkException failure) {
      throw new IOException(failure.getMessage(), failure);
    }
  }

  @Override
  public List<Listed> list(URI folder) throws IOException {
    String prefix = key(folder);
    try {
      return client
          .listObjectsV2Paginator(list -> list.bucket(folder.getAuthority()).prefix(prefix))
          .contents()
          .stream()
          .filter(object -> !object.key().endsWith("/"))
          .map(
              object ->
                  new Listed(object.key().substring(prefix.length()), object.size(), object.eTag()))
          .toList();
    } catch (S3Exception refused) {
      throw new IOException(reason(refused), refused);
    } catch (SdkException failure) {
      throw new IOException(failure.getMessage(), failure);
    }
  }

  private static String reason(S3Exception refused) {
    String code = refused.awsErrorDetails() == null ? "" : refused.awsErrorDetails().errorCode();
    return "status %d %s (expected: 200)".formatted(refused.statusCode(), code);
  }

  private static String key(URI url) {
    String path = url.getPath();
    return path.startsWith("/") ? path.substring(1) : path;
  }

  @Override
  public void close() {
    client.close();
  }
}
