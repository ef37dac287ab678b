package io.onnxfleet.inference.protocol.error;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.http.UnsupportedCodingException;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.ErrorResponse;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.servlet.NoHandlerFoundException;
import org.springframework.web.servlet.resource.NoResourceFoundException;

/** Turns what handlers throw into answers. */
@RestControllerAdvice
@Order(0)
class ErrorAdvice {
  private static final Logger log = LoggerFactory.getLogger(ErrorAdvice.class);

  private final ErrorResponses responses;

  ErrorAdvice(ErrorResponses responses) {
    this.responses = responses;
  }

  @ExceptionHandler
  ResponseEntity<byte[]> refused(InferenceException failure, HttpServletRequest request) {
    return responses.refused(failure, request);
  }

  /** More requests at once than the replica takes, or its executor is closed. */
  @ExceptionHandler
  ResponseEntity<byte[]> rejected(TaskRejectedException failure, HttpServletRequest request) {
    return responses.of(
        request.getRequestURI(),
        failure.getCause() instanceof InferenceException full
            ? full
            : new InferenceException(ErrorCode.SHUTTING_DOWN, "this replica is going away"));
  }

  @ExceptionHandler
  ResponseEntity<byte[]> unsupported(
      UnsupportedCodingException failure, HttpServletRequest request) {
    return ErrorResponses.of(
        request.getRequestURI(),
        HttpStatus.UNSUPPORTED_MEDIA_TYPE,
        new HttpHeaders(),
        String.valueOf(failure.getMessage()));
  }

  @ExceptionHandler({NoHandlerFoundException.class, NoResourceFoundException.class})
  ResponseEntity<byte[]> notFound(HttpServletRequest request) {
    return ErrorResponses.of(
        request.getRequestURI(),
        HttpStatus.NOT_FOUND,
        new HttpHeaders(),
        "no such path: " + request.getRequestURI());
  }

  @ExceptionHandler
  ResponseEntity<byte[]> wrongMethod(
      HttpRequestMethodNotSupportedException failure, HttpServletRequest request) {
    return ErrorResponses.of(
        request.getRequestURI(),
        HttpStatus.METHOD_NOT_ALLOWED,
        failure.getHeaders(),
        "method %s (expected one of %s)"
            .formatted(failure.getMethod(), failure.getSupportedHttpMethods()));
  }

  /** The connection broke: nobody reads an answer. */
  @ExceptionHandler
  void disconnected(IOException failure) {
    log.debug("the client went away", failure);
  }

  @ExceptionHandler
  ResponseEntity<byte[]> failed(Exception failure, HttpServletRequest request) {
    if (failure instanceof ErrorResponse known) {
      return ErrorResponses.of(
          request.getRequestURI(),
          known.getStatusCode(),
          known.getHeaders(),
          String.valueOf(failure.getMessage()));
    }
    log.error("{} {}", request.getMethod(), request.getRequestURI(), failure);
    return ErrorResponses.of(
        request.getRequestURI(),
        HttpStatus.INTERNAL_SERVER_ERROR,
        new HttpHeaders(),
        "internal error");
  }
}
