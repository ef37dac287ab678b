package io.onnxfleet.gateway.routing;

import io.onnxfleet.gateway.failure.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;

/**
 * Finds {@code model} in the JSON of an embeddings request. Reads tokens, builds nothing, and stops
 * at the name: what follows is for the replica to judge. Safe for use by many threads.
 */
final class RequestedModel {

  private static final JsonFactory JSON = new JsonFactory();

  private final String defaultModel;
  private final long mostDecompressed;

  RequestedModel(String defaultModel, long mostDecompressed) {
    this.defaultModel = defaultModel;
    this.mostDecompressed = mostDecompressed;
  }

  String defaultModel() {
    return defaultModel;
  }

  /** The model's name; the default one where the body names none. */
  String in(byte[] body, @Nullable String contentEncoding) {
    try (JsonParser parser = parser(body, contentEncoding)) {
      return in(parser);
    } catch (JacksonIOException broken) {
      throw malformed(broken.getOriginalMessage());
    } catch (JacksonException broken) {
      throw malformed(
          "malformed JSON at line %d, column %d: %s"
              .formatted(
                  broken.getLocation().getLineNr(),
                  broken.getLocation().getColumnNr(),
                  broken.getOriginalMessage()));
    }
  }

  private String in(JsonParser parser) {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw malformed("the body is not a JSON object");
    }
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      boolean model = "model".equals(parser.currentName());
      JsonToken value = parser.nextToken();
      if (!model) {
        parser.skipChildren();
      } else if (value == JsonToken.VALUE_STRING) {
        return parser.getString();
      } else if (value != JsonToken.VALUE_NULL) {
        throw malformed("model: " + value + " (expected: a string)");
      }
    }
    return defaultModel;
  }

  private JsonParser parser(byte[] body, @Nullable String contentEncoding) {
    String encoding =
        contentEncoding == null ? "identity" : contentEncoding.strip().toLowerCase(Locale.ROOT);
    try {
      return switch (encoding) {
        case "identity", "" -> JSON.createParser(ObjectReadContext.empty(), body);
        case "gzip", "x-gzip" -> parser(new GZIPInputStream(new ByteArrayInputStream(body)));
        case "deflate" -> parser(new InflaterInputStream(new ByteArrayInputStream(body)));
        default ->
            throw new GatewayException(
                ErrorCode.UNSUPPORTED_ENCODING,
                "Content-Encoding: '" + contentEncoding + "' (expected: gzip or deflate)");
      };
    } catch (EOFException | ZipException broken) {
      throw malformed("the body is not " + encoding + ": " + broken.getMessage());
    } catch (IOException broken) {
      throw malformed("the body cannot be read: " + broken.getMessage());
    }
  }

  private JsonParser parser(InputStream decompressed) {
    return JSON.createParser(
        ObjectReadContext.empty(), new BoundedInput(decompressed, mostDecompressed));
  }

  private static GatewayException malformed(@Nullable String message) {
    return new GatewayException(ErrorCode.MALFORMED_REQUEST, String.valueOf(message));
  }

  /** Ends a decompression bomb. */
  private static final class BoundedInput extends java.io.FilterInputStream {

    private final long most;
    private long left;

    BoundedInput(InputStream in, long most) {
      super(in);
      this.most = most;
      this.left = most;
    }

    @Override
    public int read() throws IOException {
      return count(super.read(), 1);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int read = super.read(buffer, offset, length);
      return count(read, read);
    }

    private int count(int result, int bytes) {
      if (result >= 0) {
        left -= bytes;
        if (left < 0) {
          throw new GatewayException(
              ErrorCode.BODY_TOO_LARGE,
              "body: more than " + most + " bytes after decompression (expected: fewer)");
        }
      }
      return result;
    }
  }
}
