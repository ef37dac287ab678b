package io.onnxfleet.jobs.api;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.ErrorBody;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.jobs.failure.JobException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.ErrorResponse;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** The one mapping from an error to an answer, in OpenAI's shape. Stateless. */
@RestControllerAdvice
class ErrorAdvice {
  private static final Logger LOGGER = LoggerFactory.getLogger(ErrorAdvice.class);

  private static final String RETRY_AFTER_SECONDS = "10";
  private static final Set<String> READS = Set.of("GET", "HEAD");

  @ExceptionHandler
  ResponseEntity<byte[]> answer(
      Exception failure, HttpServletRequest request, HttpServletResponse response)
      throws Exception {
    if (response.isCommitted()) {
      // Breaks the connection, so that no half answer looks whole.
      throw failure;
    }
    response.reset();
    return switch (failure) {
      case JobException refused ->
          answer(request, refused.code(), String.valueOf(refused.getMessage()), refused.param());
      case ErrorResponse known -> answer(request, known);
      // Of the store; the caller's body has no file, and who only reads sends none.
      case FileSystemException store -> internal(request, store);
      case IOException store when READS.contains(request.getMethod()) -> internal(request, store);
      case IOException broken ->
          answer(
              request,
              ErrorCode.MALFORMED_REQUEST,
              "the body ended before it was whole: " + broken.getMessage(),
              null);
      default -> internal(request, failure);
    };
  }

  private static ResponseEntity<byte[]> internal(HttpServletRequest request, Exception failure) {
    LOGGER.error("{} {} failed", request.getMethod(), request.getRequestURI(), failure);
    return answer(request, ErrorCode.INTERNAL, "internal error of the job service", null);
  }

  /** The path that the caller knows: of a request that can wait it is the one that it named. */
  private static String asked(HttpServletRequest request) {
    String path = request.getRequestURI();
    String call = path.equals(ApiPaths.JOBS) ? JobBody.call(request.getQueryString()) : null;
    return call == null ? path : call;
  }

  private static ResponseEntity<byte[]> answer(HttpServletRequest request, ErrorResponse known) {
    int status = known.getStatusCode().value();
    ErrorCode code =
        switch (status) {
          case 404 -> ErrorCode.UNKNOWN_PATH;
          case 405 -> ErrorCode.METHOD_NOT_ALLOWED;
          case 413 -> ErrorCode.REQUEST_TOO_LARGE;
          default -> status < 500 ? ErrorCode.MALFORMED_REQUEST : ErrorCode.INTERNAL;
        };
    String title = String.valueOf(known.getBody().getDetail());
    return answer(request, code, title, null);
  }

  private static ResponseEntity<byte[]> answer(
      HttpServletRequest request, ErrorCode code, String message, @Nullable String param) {
    ResponseEntity.BodyBuilder answer =
        ResponseEntity.status(code.status()).contentType(MediaType.APPLICATION_JSON);
    if (code.category().isRetryable()) {
      answer.header(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS);
    }
    String said = param == null ? code.param() : param;
    return answer.body(ErrorBody.of(asked(request), code, message, said).write());
  }
}
