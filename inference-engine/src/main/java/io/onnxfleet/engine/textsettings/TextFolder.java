package io.onnxfleet.engine.textsettings;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.textsettings.KnownTextModels.Entry;
import io.onnxfleet.engine.textsettings.TextOutputs.Choice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Completes a text model's parameters by what lies beside and above its file. What an operator
 * declares stands. Then count, in this order: what the folder of a sentence-transformers model
 * says; the project's table, by {@code config.json}'s {@code _name_or_path}, by the file's content,
 * or by the folder's name, which is a guess and called so; a default, which is called that.
 *
 * <p>A side file that cannot be read, is malformed or is a pointer of Git LFS is refused by its
 * name. What is well-formed and not served as text is told by {@link TextParameters#REFUSAL}; the
 * model's tensors are served all the same. Lives for one reading; not thread-safe.
 */
public final class TextFolder {
  private static final String INPUT_IDS = "input_ids";
  private static final String POSITION_IDS = "position_ids";
  private static final String PAST = "past_key_values";
  private static final String PROMPTS_FILE = "config_sentence_transformers.json";
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
  private static final String WEIGHTS = "model.safetensors";
  private static final String PICKLED_WEIGHTS = "pytorch_model.bin";
  private static final String PROMPTS = "prompts";

  /** The names that sentence-transformers gave to the file over the years. */
  private static final List<String> LENGTH_FILES =
      List.of(
          "sentence_bert_config.json",
          "sentence_roberta_config.json",
          "sentence_distilbert_config.json",
          "sentence_camembert_config.json",
          "sentence_albert_config.json",
          "sentence_xlm-roberta_config.json",
          "sentence_xlnet_config.json");

  private final Model model;
  private final SideFiles files;
  private final Map<String, String> declared;
  private final TextSettings asked;
  private final TransformerConfig transformer;
  private final Map<String, String> completed;

  /**
   * A version of a model, opened.
   *
   * @param folder the model's
   * @param file that holds it
   * @param files beside and above it
   * @param asItLies true if neither a configuration nor Triton's layout says that tensors are meant
   */
  public record Model(
      Path folder,
      Path file,
      SideFiles files,
      boolean asItLies,
      List<TensorSpec> inputs,
      List<TensorSpec> outputs) {

    public Model {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
    }
  }

  /** What the table says of a model, and by what it was found. */
  private record Known(Entry entry, String source, boolean isGuess) {}

  private TextFolder(
      Model model, SideFiles files, Map<String, String> declared, TextSettings asked) {
    this.model = model;
    this.files = files;
    this.declared = declared;
    this.asked = asked;
    this.transformer = TransformerConfig.read(files);
    this.completed = new TreeMap<>(declared);
  }

  /**
   * The parameters of a model, completed if it serves text; declared ones are checked in any case.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if a parameter or a side
   *     file makes no sense
   */
  public static Map<String, String> complete(Model model, Map<String, String> declared) {
    TextSettings asked = TextSettings.of(declared);
    SideFiles files = model.files();
    Optional<Path> tokenizer = files.find(SideFiles.TOKENIZER);
    boolean takesTokens = model.inputs().stream().anyMatch(input -> input.name().equals(INPUT_IDS));
    if (!takesTokens || (tokenizer.isEmpty() && !model.asItLies())) {
      return declared;
    }
    if (tokenizer.isPresent()) {
      files.requireFetched(tokenizer.get());
    }
    return new TextFolder(model, files, declared, asked).complete();
  }

  /** What should be known of a model that serves text by a guess, by a default or not at all. */
  public static List<String> notes(Map<String, String> parameters) {
    List<String> notes = new ArrayList<>();
    String source = parameters.get(TextParameters.POOLING + TextParameters.SOURCE);
    if (source != null
        && (source.startsWith(TextParameters.GUESS) || source.startsWith(TextParameters.DEFAULT))) {
      notes.add(
          "pooling %s: %s (parameter %s says it for certain)"
              .formatted(parameters.get(TextParameters.POOLING), source, TextParameters.POOLING));
    }
    String refusal = parameters.get(TextParameters.REFUSAL);
    if (refusal != null) {
      notes.add("serves tensors, but no text: " + refusal);
    }
    return notes;
  }

  private Map<String, String> complete() {
    completed.remove(TextParameters.REFUSAL);
    Optional<SentenceModules> modules = SentenceModules.read(files);
    refuseDecoder(modules.isPresent());
    ModelTask task = readTask(modules.orElse(null));
    Choice choice = TextOutputs.choose(model.outputs(), asked, task);
    switch (choice) {
      case Choice.Refused(String reason) -> {
        if (asked.output() != null) {
          throw failed("parameter %s: %s".formatted(TextParameters.OUTPUT, reason));
        }
        refuse(reason);
      }
      case Choice.Chosen chosen when task.hasHead() -> readHead(task, chosen.output(), modules);
      case Choice.Chosen chosen -> readVector(chosen, modules.orElse(null));
    }
    return completed;
  }

  /** What the folder says that the model is for, unless its operator does. */
  private ModelTask readTask(@Nullable SentenceModules modules) {
    if (declared.containsKey(TextParameters.TASK)) {
      source(TextParameters.TASK, TextParameters.DECLARED);
      return asked.task().task();
    }
    ModelTask task = ModelTask.EMBED;
    String source = TextParameters.DEFAULT + ": nothing says another";
    if (modules != null) {
      task = modules.isSparse() ? ModelTask.SPARSE : ModelTask.EMBED;
      source = modules.source();
    } else if (asked.output() == null && !asked.poolingAsked()) {
      Optional<ModelTask> ofHead =
          transformer.task().filter(this::hasScores).map(this::orRelevance);
      if (ofHead.isPresent()) {
        task = ofHead.get();
        source = TransformerConfig.FILE + ": " + transformer.head().orElse("");
      }
    }
    put(TextParameters.TASK, task.label());
    source(TextParameters.TASK, source);
    return task;
  }

  /** One logit of a pair of texts is their relevance, also where no labels are named. */
  private ModelTask orRelevance(ModelTask task) {
    boolean isOne =
        model.outputs().stream()
            .anyMatch(
                output -> output.name().equals(TextOutputs.SCORES) && output.shape().dim(1) == 1);
    return task == ModelTask.CLASSIFY && isOne ? ModelTask.RERANK : task;
  }

  private boolean hasScores(ModelTask task) {
    return TextOutputs.hasScores(model.outputs(), task == ModelTask.TOKEN_CLASSIFY ? 3 : 2);
  }

  /** A head's labels and what its logits mean. */
  private void readHead(ModelTask task, TensorSpec output, Optional<SentenceModules> modules) {
    modules.map(SentenceModules::refusal).ifPresent(this::refuse);
    put(TextParameters.OUTPUT, output.name());
    List<String> labels =
        declared.containsKey(TextParameters.LABELS)
            ? asked.task().labels()
            : transformer.orderedLabels();
    long logits = output.shape().dim(output.shape().rank() - 1);
    switch (task) {
      case RERANK -> {
        if (logits > 2 || labels.size() > 2) {
          refuse(
              "its output '%s' has %d logits (expected 1 or 2, for the task %s)"
                  .formatted(output.name(), Math.max(logits, labels.size()), task.label()));
        }
      }
      case CLASSIFY, TOKEN_CLASSIFY -> {
        String excess = TaskSettings.excess(labels);
        if (excess != null) {
          refuse(
              "%s has %s, which is more than is served".formatted(TransformerConfig.FILE, excess));
        } else if (!labels.isEmpty()) {
          put(TextParameters.LABELS, TaskSettings.asParameter(labels));
        }
        if (logits > 0 && !labels.isEmpty() && logits != labels.size()) {
          refuse(
              "its output '%s' has %d logits (expected %d, as many as it has labels)"
                  .formatted(output.name(), logits, labels.size()));
        }
        if (ScoreFunction.of(transformer.problem()).isPresent()) {
          put(TextParameters.PROBLEM_TYPE, transformer.problem());
        }
      }
      case EMBED, SPARSE -> {}
    }
    readLength(Optional.empty());
    readTokenizer();
    readPositions();
    readVocabulary();
  }

  private void readVocabulary() {
    transformer
        .vocabulary()
        .ifPresent(size -> put(TextParameters.VOCABULARY, Integer.toString(size)));
  }

  private void readVector(Choice.Chosen chosen, @Nullable SentenceModules modules) {
    TensorSpec output = chosen.output();
    transformer
        .head()
        .filter(head -> asked.output() == null && !asked.poolingAsked() && modules == null)
        .filter(head -> chosen.isPooled() || !output.name().equals("last_hidden_state"))
        .ifPresent(
            head ->
                refuse(
                    "%s says that it is a %s, with %d labels (parameter %s names an output all the"
                            .formatted(
                                TransformerConfig.FILE,
                                head,
                                transformer.labels().size(),
                                TextParameters.OUTPUT)
                        + " same)"));
    Optional<Known> known = known(output);
    put(TextParameters.OUTPUT, output.name());
    readPooling(chosen, modules, known);
    readNormalizing(modules, known);
    readDense(chosen, modules);
    readLength(known);
    readPrompts(known);
    readTokenizer();
    readPositions();
    readVocabulary();
  }

  /** A decoder with nothing that makes vectors of it; in the hub's layout it is not loaded. */
  private void refuseDecoder(boolean isSentenceModel) {
    String reason = null;
    Optional<TensorSpec> past =
        model.inputs().stream().filter(input -> input.name().startsWith(PAST)).findFirst();
    if (past.isPresent()) {
      reason = "its input '%s' is a decoder's".formatted(past.get().name());
    } else if (!isSentenceModel && !asked.poolingAsked() && asked.output() == null) {
      reason =
          transformer
              .decoder()
              .filter(name -> knownByName().isEmpty())
              .map(
                  name ->
                      "%s says %s, which is a decoder: it continues texts and makes no vectors"
                          .formatted(TransformerConfig.FILE, name))
              .orElse(null);
    }
    if (reason == null) {
      return;
    }
    if (model.asItLies()) {
      throw failed(
          reason + " (expected a text encoder; with a config.pbtxt its tensors are served)");
    }
    refuse(reason);
  }

  private void readPooling(
      Choice.Chosen chosen, @Nullable SentenceModules modules, Optional<Known> known) {
    if (chosen.isPooled()) {
      if (!asked.poolingAsked()) {
        completed.remove(TextParameters.POOLING);
      } else if (asked.output() != null) {
        throw failed(
            "parameter %s: %s (expected none, since output '%s' is one vector a text)"
                .formatted(
                    TextParameters.POOLING,
                    PoolingMode.name(asked.pooling()),
                    chosen.output().name()));
      }
      return;
    }
    if (declared.containsKey(TextParameters.POOLING)) {
      source(TextParameters.POOLING, TextParameters.DECLARED);
    } else if (modules != null) {
      if (modules.refusal() != null) {
        refuse(modules.refusal());
      }
      List<PoolingMode> modes = modules.pooling();
      if (modes != null) {
        put(TextParameters.POOLING, PoolingMode.name(modes));
        source(TextParameters.POOLING, modules.poolingSource());
        if (!modules.includesPrompt()) {
          put(TextParameters.INCLUDE_PROMPT, "false");
        }
      }
    } else if (known.isPresent()) {
      put(TextParameters.POOLING, known.get().entry().pooling());
      source(TextParameters.POOLING, known.get().source());
    } else {
      put(TextParameters.POOLING, PoolingMode.MEAN.label());
      source(TextParameters.POOLING, TextParameters.DEFAULT + ": nothing says another");
    }
  }

  private void readNormalizing(@Nullable SentenceModules modules, Optional<Known> known) {
    if (declared.containsKey(TextParameters.NORMALIZE)) {
      return;
    }
    if (modules != null) {
      put(TextParameters.NORMALIZE, Boolean.toString(modules.normalizes()));
      source(TextParameters.NORMALIZE, modules.source());
      return;
    }
    Boolean said = known.map(found -> found.entry().normalize()).orElse(null);
    if (said != null) {
      put(TextParameters.NORMALIZE, said.toString());
      source(TextParameters.NORMALIZE, known.map(Known::source).orElse(""));
    }
  }

  /**
   * A graph that makes one vector a text has these layers in it, unless its size says otherwise.
   */
  private void readDense(Choice.Chosen chosen, @Nullable SentenceModules modules) {
    List<String> folders =
        declared.containsKey(TextParameters.DENSE)
            ? asked.dense()
            : modules == null ? List.of() : modules.dense();
    if (folders.isEmpty()) {
      return;
    }
    long vector = chosen.output().shape().dim(chosen.output().shape().rank() - 1);
    boolean inGraph =
        chosen.isPooled()
            && !declared.containsKey(TextParameters.DENSE)
            && (vector != inFeatures(folders.getFirst())
                || vector == outFeatures(folders.getLast()));
    if (inGraph) {
      return;
    }
    for (String folder : folders) {
      if (files.find(folder + "/" + WEIGHTS).isPresent()) {
        files.find(folder + "/" + WEIGHTS).ifPresent(files::requireFetched);
      } else if (files.find(folder + "/" + PICKLED_WEIGHTS).isPresent()) {
        refuse(
            "the weights of %s are in %s, which is a program to Python (expected %s)"
                .formatted(folder, PICKLED_WEIGHTS, WEIGHTS));
      } else {
        throw failed("%s/%s (expected a file)".formatted(folder, WEIGHTS));
      }
    }
    put(TextParameters.DENSE, String.join(",", folders));
  }

  private int inFeatures(String folder) {
    return features(folder, "in_features");
  }

  private int outFeatures(String folder) {
    return features(folder, "out_features");
  }

  private int features(String folder, String key) {
    Path file =
        files
            .find(folder + "/config.json")
            .orElseThrow(() -> failed(folder + "/config.json (expected a file)"));
    SideJson config = SideJson.object(files, file);
    return config.wholeNumber(key).orElseThrow(() -> config.wrong(key, "absent", "a whole number"));
  }

  private void readLength(Optional<Known> known) {
    Optional<Integer> positions = transformer.positions();
    if (asked.maxLength().isPresent()) {
      int length = asked.maxLength().get();
      if (positions.isPresent() && length > positions.get()) {
        throw failed(
            "parameter %s: %d (expected <= %d, the positions that %s says)"
                .formatted(
                    TextParameters.MAX_SEQUENCE_LENGTH,
                    length,
                    positions.get(),
                    TransformerConfig.FILE));
      }
      return;
    }
    if (readSentenceLength(positions)) {
      return;
    }
    Optional<Integer> ofTable = known.map(found -> found.entry().maxSequenceLength());
    if (ofTable.isPresent() && !known.orElseThrow().isGuess()) {
      length(Math.min(ofTable.get(), positions.orElse(ofTable.get())), known.get().source());
      return;
    }
    Optional<Integer> ofTokenizer =
        files
            .find(TOKENIZER_CONFIG)
            .map(file -> SideJson.object(files, file))
            .flatMap(config -> config.wholeNumber("model_max_length"))
            .filter(length -> length > 0 && length <= TextSettings.LONGEST);
    if (ofTokenizer.isPresent() && ofTokenizer.get() <= positions.orElse(Integer.MAX_VALUE)) {
      length(ofTokenizer.get(), TOKENIZER_CONFIG);
    } else if (ofTable.isPresent()) {
      length(
          Math.min(ofTable.get(), positions.orElse(ofTable.get())), known.orElseThrow().source());
    } else if (positions.isPresent()) {
      length(Math.min(positions.get(), TextSettings.LONGEST), TransformerConfig.FILE);
    }
  }

  private boolean readSentenceLength(Optional<Integer> positions) {
    for (String name : LENGTH_FILES) {
      Optional<Path> file = files.find(name);
      if (file.isEmpty()) {
        continue;
      }
      SideJson config = SideJson.object(files, file.get());
      if (config.flag("do_lower_case").orElse(false)) {
        put(TextParameters.LOWERCASE, "true");
      }
      Optional<Integer> length = config.wholeNumber("max_seq_length");
      if (length.isPresent()) {
        if (length.get() < 1) {
          throw config.wrong("max_seq_length", length.get().toString(), ">= 1");
        }
        int most = Math.min(positions.orElse(TextSettings.LONGEST), TextSettings.LONGEST);
        length(Math.min(length.get(), most), length.get() > most ? TransformerConfig.FILE : name);
        return true;
      }
    }
    return false;
  }

  private void length(int length, String source) {
    put(TextParameters.MAX_SEQUENCE_LENGTH, Integer.toString(length));
    source(TextParameters.MAX_SEQUENCE_LENGTH, source);
  }

  private void readPrompts(Optional<Known> known) {
    Map<String, String> prompts = Map.of();
    String source = "";
    Optional<Path> file = files.find(PROMPTS_FILE);
    Optional<String> defaultName = Optional.empty();
    if (file.isPresent()) {
      SideJson config = SideJson.object(files, file.get());
      prompts = config.stringsByName(PROMPTS);
      source = PROMPTS_FILE;
      defaultName = config.string("default_prompt_name");
      Optional<String> similarity = config.string("similarity_fn_name");
      if (similarity.isPresent()) {
        if (SimilarityFunction.of(similarity.get()).isEmpty()) {
          throw config.wrong(
              "similarity_fn_name", similarity.get(), "one of " + SimilarityFunction.labels());
        }
        put(TextParameters.SIMILARITY, similarity.get());
      }
      if (defaultName.isPresent()
          && !prompts.containsKey(defaultName.get())
          && !declared.containsKey(TextParameters.PROMPT + defaultName.get())) {
        throw config.wrong(
            "default_prompt_name", defaultName.get(), "one of the prompts " + prompts.keySet());
      }
    }
    if (prompts.values().stream().allMatch(String::isEmpty)
        && defaultName.isEmpty()
        && known.isPresent()
        && !known.get().entry().promptsOrNone().isEmpty()) {
      prompts = known.get().entry().promptsOrNone();
      source = known.get().source();
    }
    boolean said = false;
    for (Map.Entry<String, String> prompt : prompts.entrySet()) {
      if (!prompt.getKey().isBlank()) {
        said |= put(TextParameters.PROMPT + prompt.getKey(), prompt.getValue());
      }
    }
    if (said) {
      source(PROMPTS, source);
    }
    defaultName.ifPresent(name -> put(TextParameters.DEFAULT_PROMPT, name));
  }

  private void readTokenizer() {
    files
        .find(TOKENIZER_CONFIG)
        .map(file -> SideJson.object(files, file))
        .flatMap(config -> config.string("padding_side"))
        .filter(side -> side.equals("left") || side.equals("right"))
        .ifPresent(side -> put(TextParameters.PADDING_SIDE, side));
    if (transformer.padToken() != 0) {
      put(TextParameters.PAD_TOKEN, Integer.toString(transformer.padToken()));
    }
  }

  private void readPositions() {
    if (declared.containsKey(TextParameters.POSITION_OFFSET)
        || model.inputs().stream().noneMatch(input -> input.name().equals(POSITION_IDS))) {
      return;
    }
    if (!transformer.present() || transformer.modelType().isEmpty()) {
      refuse(
          "nothing says what its input '%s' begins with (expected model_type in %s, or parameter %s)"
              .formatted(POSITION_IDS, TransformerConfig.FILE, TextParameters.POSITION_OFFSET));
      return;
    }
    put(TextParameters.POSITION_OFFSET, Integer.toString(transformer.firstPosition()));
  }

  private Optional<Entry> knownByName() {
    return transformer.nameOrPath().isEmpty()
        ? Optional.empty()
        : KnownTextModels.table().byName(transformer.nameOrPath());
  }

  private Optional<Known> known(TensorSpec output) {
    long vector = output.shape().dim(output.shape().rank() - 1);
    Optional<Entry> byName = knownByName().filter(entry -> fits(entry, vector));
    if (byName.isPresent()) {
      return byName.map(
          entry ->
              new Known(
                  entry,
                  "the table of known models, by %s's _name_or_path '%s'"
                      .formatted(TransformerConfig.FILE, transformer.nameOrPath()),
                  false));
    }
    try {
      Optional<Entry> byContent = KnownTextModels.table().byContent(model.file());
      if (byContent.isPresent()) {
        return byContent.map(
            entry -> new Known(entry, "the table of known models, by the file's content", false));
      }
    } catch (IOException unreadable) {
      throw failed(files.describe(model.file()) + " (expected a readable file)");
    }
    String name = String.valueOf(model.folder().getFileName());
    return KnownTextModels.table()
        .byName(name)
        .filter(entry -> fits(entry, vector))
        .map(
            entry ->
                new Known(
                    entry,
                    "%s: the table of known models, by the folder's name '%s'"
                        .formatted(TextParameters.GUESS, name),
                    true));
  }

  private static boolean fits(Entry entry, long vector) {
    return vector < 0 || vector == entry.dimensions();
  }

  /** The first reason counts. */
  private void refuse(String reason) {
    completed.putIfAbsent(TextParameters.REFUSAL, reason);
  }

  private boolean put(String key, String value) {
    return completed.putIfAbsent(key, value) == null;
  }

  private void source(String key, String source) {
    completed.put(key + TextParameters.SOURCE, source);
  }

  private static InferenceException failed(String message) {
    return new InferenceException(ErrorCode.MODEL_LOAD_FAILED, message);
  }
}
