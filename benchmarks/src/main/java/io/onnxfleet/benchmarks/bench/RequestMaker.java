package io.onnxfleet.benchmarks.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.benchmarks.client.FleetClient;
import io.onnxfleet.benchmarks.client.ModelInput;
import io.onnxfleet.benchmarks.command.Span;
import io.onnxfleet.benchmarks.load.PreparedRequest;
import io.onnxfleet.benchmarks.load.Target;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes the requests of a run: valid data of the sizes asked for, the same ones for the same seed.
 *
 * @param rows of each request
 * @param tokens of each row: the length of what a model declares variable, or the words of a text
 * @param texts that are sent in turn, each once; if there are none, texts are made up
 * @param deadlineMillis told to the server with each request; null if it has none
 */
record RequestMaker(
    String model,
    Encoding encoding,
    Span rows,
    Span tokens,
    List<String> texts,
    @Nullable Long deadlineMillis) {

  /** How a request's input is written. */
  enum Encoding {
    /** Text, to {@code /v1/embeddings}. */
    TEXT,
    /** Tensors in JSON, both ways. */
    JSON,
    /** Tensors in binary, both ways. */
    BINARY
  }

  private static final JsonMapper MAPPER = JsonMapper.shared();
  private static final int MOST_REQUESTS = 64;
  private static final long MOST_BYTES = 64L << 20;
  private static final long SEED = 7;

  /** Each is one token to the usual vocabularies of English. */
  private static final String[] WORDS = {
    "the", "red", "house", "by", "old", "river", "was", "sold", "to", "a", "young", "man", "who",
    "had", "never", "seen", "it", "before", "that", "day"
  };

  @SuppressWarnings("ArrayRecordComponent") // Compared by nobody; sent as it is.
  private record Body(byte[] bytes, Map<String, String> headers) {}

  RequestMaker {
    texts = List.copyOf(texts);
  }

  /** As many different ones as fit 64 MiB, at most 64, or until all texts are sent. */
  List<PreparedRequest> make(Target target, List<ModelInput> inputs) {
    String path = encoding == Encoding.TEXT ? ApiPaths.EMBEDDINGS : ApiCall.INFER.path(model, null);
    RandomGenerator random = new SplittableRandom(SEED);
    List<PreparedRequest> requests = new ArrayList<>();
    String key = FleetClient.apiKey();
    Iterator<String> given = texts.iterator();
    long bytes = 0;
    do {
      int rowCount = rows.any(random);
      Body body =
          given.hasNext()
              ? text(given, rowCount)
              : body(inputs, rowCount, tokens.any(random), random);
      if (deadlineMillis != null) {
        body.headers.put(HeaderNames.DEADLINE_MILLIS, deadlineMillis.toString());
      }
      if (key != null) {
        body.headers.put(FleetClient.AUTHORIZATION, FleetClient.BEARER + key);
      }
      requests.add(PreparedRequest.post(target, path, body.headers, body.bytes));
      bytes += body.bytes.length;
    } while ((texts.isEmpty() ? requests.size() < MOST_REQUESTS : given.hasNext())
        && bytes < MOST_BYTES);
    return requests;
  }

  private Body body(List<ModelInput> inputs, int rowCount, int tokenCount, RandomGenerator random) {
    return switch (encoding) {
      case TEXT -> text(rowCount, tokenCount, random);
      case JSON -> tensors(inputs, rowCount, tokenCount, random, false);
      case BINARY -> tensors(inputs, rowCount, tokenCount, random, true);
    };
  }

  private Body text(Iterator<String> given, int rowCount) {
    ObjectNode document = MAPPER.createObjectNode().put("model", model);
    ArrayNode input = document.putArray("input");
    for (int row = 0; row < rowCount && given.hasNext(); row++) {
      input.add(given.next());
    }
    return json(document);
  }

  private Body text(int rowCount, int tokenCount, RandomGenerator random) {
    ObjectNode document = MAPPER.createObjectNode().put("model", model);
    ArrayNode input = document.putArray("input");
    for (int row = 0; row < rowCount; row++) {
      int words = Math.max(1, tokenCount - 2); // the tokenizer puts a mark before and one behind
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < words; i++) {
        text.append(i == 0 ? "" : " ").append(WORDS[random.nextInt(WORDS.length)]);
      }
      input.add(text.toString());
    }
    return json(document);
  }

  private Body tensors(
      List<ModelInput> inputs,
      int rowCount,
      int tokenCount,
      RandomGenerator random,
      boolean isBinary) {
    ObjectNode document = MAPPER.createObjectNode();
    ArrayNode declarations = document.putArray("inputs");
    ByteArrayOutputStream tail = new ByteArrayOutputStream();
    for (ModelInput input : inputs) {
      List<Long> shape = input.shape(rowCount, tokenCount);
      double[] values = input.values(shape, random);
      ObjectNode declaration = declarations.addObject().put("name", input.name());
      shape.forEach(declaration.putArray("shape")::add);
      declaration.put("datatype", input.datatype());
      if (isBinary) {
        byte[] bytes = input.binary(values);
        declaration.putObject("parameters").put("binary_data_size", bytes.length);
        tail.writeBytes(bytes);
      } else {
        input.json(values, declaration.putArray("data"));
      }
    }
    if (!isBinary) {
      return json(document);
    }
    document.putObject("parameters").put("binary_data_output", true);
    byte[] header = document.toString().getBytes(UTF_8);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(header);
    body.writeBytes(tail.toByteArray());
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Content-Type", "application/octet-stream");
    headers.put(HeaderNames.HEADER_LENGTH, Integer.toString(header.length));
    return new Body(body.toByteArray(), headers);
  }

  private static Body json(ObjectNode document) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Content-Type", "application/json");
    return new Body(document.toString().getBytes(UTF_8), headers);
  }
}
