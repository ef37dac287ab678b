package io.onnxfleet.jobs.store;

/** The database and the folder are not made for each other, or not for this process. */
public final class StoreConflictException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  StoreConflictException(String message) {
    super(message);
  }
}
