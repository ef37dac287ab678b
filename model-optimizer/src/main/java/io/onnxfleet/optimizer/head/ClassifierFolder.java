package io.onnxfleet.optimizer.head;

import io.onnxfleet.engine.textsettings.SideFiles;
import io.onnxfleet.engine.textsettings.TextSettings;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.repository.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes what stands beside a classifier in the hub's layout: {@code config.json} with its labels,
 * and the embedder's tokenizer with all that says how texts become rows, so that the fleet makes
 * the same rows of them as the training did. Nothing of the embedder's pooling comes along: it is
 * in the graph.
 */
final class ClassifierFolder {
  private static final String CONFIG = "config.json";
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
  private static final String TASK = "ForSequenceClassification";

  /** Where nothing says of which kind the encoder is. */
  private static final String SOME_ENCODER = "Encoder";

  /** What the libraries of others want beside the tokenizer, and what permits its use. */
  private static final List<String> COPIED =
      List.of(
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.txt",
          "vocab.json",
          "merges.txt",
          "sentencepiece.bpe.model",
          "spiece.model",
          "LICENSE",
          "LICENSE.txt",
          "LICENSE.md",
          "NOTICE");

  private static final int MOST_BYTES = 16 << 20;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Embedder embedder;
  private final SideFiles files;
  private final TextSettings settings;
  private final ModelFolder folder;

  private ClassifierFolder(Embedder embedder, ModelFolder folder) {
    this.embedder = embedder;
    this.files = embedder.folder().files();
    this.settings = embedder.folder().model().settings();
    this.folder = folder;
  }

  static void write(Embedder embedder, Head head, ModelFolder folder) {
    ClassifierFolder classifier = new ClassifierFolder(embedder, folder);
    embedder.withHead(head).write(folder.model());
    classifier.writeConfig(head.labels());
    classifier.writeTokenizer();
    classifier.writeTextSettings();
  }

  private void writeConfig(List<String> labels) {
    ObjectNode source = object(CONFIG);
    ObjectNode config = JSON.createObjectNode();
    config.putArray("architectures").add(architecture(source));
    Map<String, String> byId = new LinkedHashMap<>();
    Map<String, Integer> byLabel = new LinkedHashMap<>();
    for (int id = 0; id < labels.size(); id++) {
      byId.put(Integer.toString(id), labels.get(id));
      byLabel.put(labels.get(id), id);
    }
    config.set("id2label", JSON.valueToTree(byId));
    config.set("label2id", JSON.valueToTree(byLabel));
    config.put("problem_type", "single_label_classification");
    // These would have the model taken for what it was made of, or for a cross-encoder.
    source.remove(
        List.of(
            "_name_or_path",
            "num_labels",
            "sentence_transformers",
            "sbert_ce_default_activation_function"));
    source.properties().stream()
        .filter(property -> !config.has(property.getKey()))
        .forEach(property -> config.set(property.getKey(), property.getValue()));
    if (settings.padToken() != 0) {
      config.put("pad_token_id", settings.padToken());
    }
    folder.text(CONFIG, text(config));
  }

  /** {@code BertModel} becomes {@code BertForSequenceClassification}. */
  private static String architecture(ObjectNode source) {
    JsonNode first = source.path("architectures").path(0);
    if (!first.isString()) {
      return SOME_ENCODER + TASK;
    }
    String name = first.asString();
    String kind =
        name.contains("For")
            ? name.substring(0, name.indexOf("For"))
            : name.endsWith("Model") ? name.substring(0, name.length() - "Model".length()) : name;
    return (kind.isEmpty() ? SOME_ENCODER : kind) + TASK;
  }

  private void writeTokenizer() {
    files.find(SideFiles.TOKENIZER).ifPresent(folder::tokenizer);
    ObjectNode config = object(TOKENIZER_CONFIG);
    config.put("model_max_length", embedder.windowLength());
    if (settings.padsLeft()) {
      config.put("padding_side", "left");
    }
    folder.text(TOKENIZER_CONFIG, text(config));
    COPIED.forEach(name -> files.find(name).ifPresent(file -> folder.copy(file, name)));
  }

  /** What a file of sentence-transformers alone says of a text before it is cut. */
  private void writeTextSettings() {
    if (settings.lowercases()) {
      ObjectNode config = JSON.createObjectNode();
      config.put("max_seq_length", embedder.windowLength());
      config.put("do_lower_case", true);
      folder.text("sentence_bert_config.json", text(config));
    }
  }

  /** A file beside the embedder; empty if there is none. */
  private ObjectNode object(String name) {
    Optional<Path> file = files.find(name);
    if (file.isEmpty()) {
      return JSON.createObjectNode();
    }
    try {
      JsonNode node = JSON.readTree(files.read(file.get(), MOST_BYTES));
      if (node instanceof ObjectNode object) {
        return object;
      }
      throw new OptimizerException(file.get() + " (expected: a JSON object)");
    } catch (IOException | JacksonException malformed) {
      throw new OptimizerException(
          "%s: %s (expected: a JSON object)".formatted(file.get(), malformed.getMessage()),
          malformed);
    }
  }

  private static String text(ObjectNode node) {
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n";
  }
}
