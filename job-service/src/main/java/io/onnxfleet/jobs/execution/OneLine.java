package io.onnxfleet.jobs.execution;

import io.onnxfleet.contract.json.JsonRefusal;
import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.contract.json.MalformedJsonException;
import java.io.IOException;

/** Answers that go into a line of a file. Stateless. */
final class OneLine {
  private OneLine() {}

  /**
   * Whether it is one JSON value in UTF-8. Line ends in it, which stand between tokens, become
   * spaces.
   */
  static boolean make(byte[] body) {
    if (!isJson(body)) {
      return false;
    }
    for (int index = 0; index < body.length; index++) {
      if (body[index] == '\n' || body[index] == '\r') {
        body[index] = ' ';
      }
    }
    return true;
  }

  private static boolean isJson(byte[] body) {
    if (body.length == 0) {
      return false;
    }
    try {
      // Reads a copy.
      JsonScanner scanner = new JsonScanner(body, body.length, JsonRefusal.MALFORMED);
      scanner.skipValue();
      return scanner.atEnd();
    } catch (MalformedJsonException | IOException malformed) {
      return false;
    }
  }
}
