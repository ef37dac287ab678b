package io.onnxfleet.plain;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import dev.langchain4j.model.embedding.onnx.allminilml6v2q.AllMiniLmL6V2QuantizedEmbeddingModel;
import io.onnxfleet.contract.api.ApiPaths;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/**
 * Vectors of texts by LangChain4j's models in this process, which are the bytes that the fleet
 * serves. Each is loaded when it is first asked for: the other comparisons do without them.
 */
@RestController
class EmbeddingsController {
  private static final Map<String, Supplier<EmbeddingModel>> MODELS =
      Map.of(
          "all-minilm-l6-v2", AllMiniLmL6V2EmbeddingModel::new,
          "all-minilm-l6-v2-int8", AllMiniLmL6V2QuantizedEmbeddingModel::new);

  private final Map<String, EmbeddingModel> loaded = new ConcurrentHashMap<>();

  /** The part of OpenAI's request that the comparison needs. */
  record Request(String model, List<String> input) {}

  /** OpenAI's answer. */
  record Answer(String object, String model, List<Item> data) {}

  /** One text's vector. */
  @SuppressWarnings("ArrayRecordComponent") // written as JSON, and compared by nobody
  record Item(String object, int index, float[] embedding) {}

  @PostMapping(ApiPaths.EMBEDDINGS)
  Answer embed(@RequestBody Request request) {
    Supplier<EmbeddingModel> known = MODELS.get(request.model);
    if (known == null) {
      throw new ResponseStatusException(
          HttpStatus.NOT_FOUND, "unknown model '" + request.model + "'");
    }
    EmbeddingModel model = loaded.computeIfAbsent(request.model, _ -> known.get());
    List<Embedding> vectors =
        model.embedAll(request.input.stream().map(TextSegment::from).toList()).content();
    List<Item> items =
        IntStream.range(0, vectors.size())
            .mapToObj(index -> new Item("embedding", index, vectors.get(index).vector()))
            .toList();
    return new Answer("list", request.model, items);
  }
}
