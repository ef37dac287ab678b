package io.onnxfleet.jobs.lines;

import java.io.IOException;

/** An input, or a line of it that was found to be right, is not what it was. */
public final class ChangedInputException extends IOException {
  private static final long serialVersionUID = 1L;

  ChangedInputException(String message) {
    super(message);
  }
}
