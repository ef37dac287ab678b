package io.onnxfleet.jobs.api;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.api.Need;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.job.JobRequest;
import io.onnxfleet.jobs.store.ObjectStore;
import io.onnxfleet.jobs.store.ObjectWriter;
import jakarta.servlet.http.HttpServletRequest;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A request that can wait, read as it comes: its body goes straight to the store. Closing it before
 * it is taken leaves nothing. Not thread-safe.
 *
 * @param written the body
 */
record JobBody(JobRequest request, ObjectWriter written) implements Closeable {
  /** What is sent with the body again: what it is, and what answer is wanted. */
  private static final List<String> KEPT =
      List.of(
          "Content-Type",
          "Content-Encoding",
          "Accept",
          HeaderNames.HEADER_LENGTH,
          HeaderNames.LATENCY_BUDGET_MILLIS,
          HeaderNames.MIN_QUALITY,
          HeaderNames.ROLLOUT_KEY);

  private static final String CALL = ApiPaths.JOB_CALL + "=";
  private static final int LONGEST_TARGET = 4000;
  private static final Pattern KEY = Pattern.compile("[ -~]{1,255}");
  private static final int BLOCK = 64 << 10;

  /**
   * Reads a request to its end.
   *
   * @throws JobException if it is none, or too large
   */
  static JobBody read(HttpServletRequest request, ObjectStore store, long mostBytes)
      throws IOException {
    String target = target(call(request.getQueryString()));
    String key = key(request.getHeader(HeaderNames.IDEMPOTENCY_KEY));
    if (request.getContentLengthLong() > mostBytes) {
      throw tooLarge(request.getContentLengthLong(), mostBytes);
    }
    Map<String, String> headers = headers(request);
    MessageDigest digest = sha256();
    digest.update((target + '\n' + headers + '\n').getBytes(StandardCharsets.UTF_8));
    ObjectWriter writer = store.create();
    boolean isRead = false;
    try {
      copy(request.getInputStream(), writer, digest, mostBytes);
      isRead = true;
    } finally {
      if (!isRead) {
        writer.close();
      }
    }
    return new JobBody(
        new JobRequest(target, headers, HexFormat.of().formatHex(digest.digest()), key), writer);
  }

  /**
   * The target that a query says; null if it says none. No parameter is asked for: a body that
   * calls itself a form would be read in search of it.
   */
  static @Nullable String call(@Nullable String query) {
    if (query == null || !query.startsWith(CALL)) {
      return null;
    }
    try {
      return URLDecoder.decode(query.substring(CALL.length()), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException malformed) {
      return null;
    }
  }

  /** A path that runs a model; nothing else of the API can be a job. */
  private static String target(@Nullable String given) {
    boolean runsModel =
        given != null
            && given.length() <= LONGEST_TARGET
            && given.startsWith("/")
            // What is not ASCII would be sent as another path.
            && given.matches("[!-~]+")
            && ApiCall.read(ApiCall.Method.POST.name(), path(given)) instanceof ApiCall.Asked asked
            && asked.call().need() == Need.INFER;
    if (given == null || !runsModel) {
      throw JobException.invalid(
          ApiPaths.JOB_CALL,
          "call: %s (expected: a path that runs a model, such as %s)"
              .formatted(given == null ? "none" : "another", ApiCall.EMBEDDINGS.path()));
    }
    return given;
  }

  private static String path(String target) {
    try {
      return String.valueOf(URI.create("http://gateway" + target).getRawPath());
    } catch (IllegalArgumentException malformed) {
      return "";
    }
  }

  private static @Nullable String key(@Nullable String given) {
    if (given != null && !KEY.matcher(given).matches()) {
      throw JobException.invalid(
          HeaderNames.IDEMPOTENCY_KEY,
          "%s: %d characters (expected: 1 to 255 of ASCII)"
              .formatted(HeaderNames.IDEMPOTENCY_KEY, given.length()));
    }
    return given;
  }

  private static Map<String, String> headers(HttpServletRequest request) {
    Map<String, String> headers = new TreeMap<>();
    for (String name : KEPT) {
      String value = request.getHeader(name);
      if (value != null) {
        headers.put(name, value);
      }
    }
    return headers;
  }

  private static void copy(
      InputStream content, ObjectWriter target, MessageDigest digest, long mostBytes)
      throws IOException {
    byte[] block = new byte[BLOCK];
    for (int read = content.read(block); read >= 0; read = content.read(block)) {
      if (target.size() + read > mostBytes) {
        throw tooLarge(target.size() + read, mostBytes);
      }
      target.write(block, 0, read);
      digest.update(block, 0, read);
    }
  }

  private static JobException tooLarge(long bytes, long most) {
    return new JobException(
        ErrorCode.REQUEST_TOO_LARGE,
        "body: %d bytes or more (expected: <= %d)".formatted(bytes, most));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @Override
  public void close() throws IOException {
    written.close();
  }
}
