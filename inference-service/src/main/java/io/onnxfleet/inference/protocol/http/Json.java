package io.onnxfleet.inference.protocol.http;

import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonEncoding;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/**
 * Jackson's streaming parser and generator, set up for long texts: no tree, and a bound on a
 * string's length and a name's. Thread-safe; what it makes is not.
 */
public final class Json {
  /** Objects and arrays within each other; a tensor has far fewer dimensions. */
  public static final int MAX_DEPTH = JsonScanner.MAX_DEPTH;

  /** What the parser may have taken from the source beyond its current place, at most. */
  public static final int READ_AHEAD = 64 << 10;

  /** Characters of a string: more than the tokens of one call can have. */
  public static final int LONGEST_STRING = 8 << 20;

  private static final int LONGEST_NAME = 1024;
  private static final String TOO_LONG = "String value length";
  private static final int LONGEST_IN_MESSAGE = 120;
  private static final Pattern SETTING = Pattern.compile(", from `[^`]*`");

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(LONGEST_STRING)
                  .maxNameLength(LONGEST_NAME)
                  .build())
          .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
          .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
          // What was not written to its end must not look as if it was.
          .disable(StreamWriteFeature.AUTO_CLOSE_CONTENT)
          .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
          .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
          .build();

  private Json() {}

  public static JsonParser parser(InputStream source) {
    return FACTORY.createParser(ObjectReadContext.empty(), source);
  }

  /** A parser of the first {@code length} bytes. */
  public static JsonParser parser(byte[] source, int length) {
    return FACTORY.createParser(ObjectReadContext.empty(), source, 0, length);
  }

  /** A generator that neither closes nor flushes the stream. */
  public static JsonGenerator generator(OutputStream target) {
    return FACTORY.createGenerator(ObjectWriteContext.empty(), target, JsonEncoding.UTF8);
  }

  /** What Jackson threw, as the caller's fault with its place, or as the transport's failure. */
  public static InferenceException refused(JacksonException failure) throws IOException {
    if (failure instanceof JacksonIOException && failure.getCause() instanceof IOException cause) {
      throw cause;
    }
    if (failure instanceof StreamConstraintsException
        && failure.getOriginalMessage().startsWith(TOO_LONG)) {
      return new InferenceException(
          ErrorCode.REQUEST_TOO_LARGE,
          "JSON: a string of more than %d characters (expected: <= %d)"
              .formatted(LONGEST_STRING, LONGEST_STRING));
    }
    TokenStreamLocation at = failure.getLocation();
    String reason = SETTING.matcher(failure.getOriginalMessage()).replaceAll("");
    return at == null
        ? InferenceException.invalidInput("JSON: %s", reason)
        : InferenceException.invalidInput(
            "JSON, line %d, column %d: %s", at.getLineNr(), at.getColumnNr(), reason);
  }

  /** A caller's text, short enough for a message. */
  public static String shortened(String text) {
    return text.length() <= LONGEST_IN_MESSAGE
        ? text
        : text.substring(0, LONGEST_IN_MESSAGE) + "...";
  }
}
