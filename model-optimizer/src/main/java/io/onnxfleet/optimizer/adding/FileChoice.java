package io.onnxfleet.optimizer.adding;

import io.onnxfleet.optimizer.OptimizerException;
import java.text.Normalizer;
import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which of a model's files the fleet serves it by: one ONNX file with its weights, and what says
 * how to use it. Programs, weights of other libraries and other forms of the model are left out.
 *
 * @param model the ONNX file
 * @param taken all that are brought, the model last: what is small may show that it will not do
 */
record FileChoice(String model, List<String> taken) {
  private static final List<String> USUAL = List.of("onnx/model.onnx", "model.onnx");

  /** A model in Triton's layout is brought whole. */
  private static final Pattern VERSION = Pattern.compile("([1-9][0-9]{0,18})/[^/]+\\.onnx");

  private static final String TRITON = "config.pbtxt";

  private static final Pattern SIDE_FILE =
      Pattern.compile(
          "(?:onnx/|0_Transformer/)?(?:[A-Za-z_-]*config[A-Za-z_-]*|tokenizer|special_tokens_map"
              + "|added_tokens|modules|vocab)\\.json"
              + "|(?:onnx/)?(?:vocab\\.txt|merges\\.txt|sentencepiece\\.bpe\\.model|spiece\\.model"
              + "|tokenizer\\.model|labels\\.txt)"
              + "|[0-9]{1,3}_[A-Za-z0-9]+/(?:config\\.json|model\\.safetensors)"
              + "|(?:LICEN[SC]E|NOTICE|COPYING)(?:\\.[A-Za-z]+)?|README\\.md|report\\.json");

  private static final Pattern PICKLED =
      Pattern.compile("(?:.*/)?[^/]*\\.(?:bin|pt|pth|ckpt|pkl|pickle)");

  private static final Pattern OTHER_WEIGHTS =
      Pattern.compile("(?:.*/)?[^/]*\\.(?:safetensors|h5|msgpack|gguf|tflite)");

  FileChoice {
    taken = List.copyOf(taken);
    Set<String> names = new HashSet<>();
    for (String file : taken) {
      if (!names.add(Normalizer.normalize(file, Form.NFC).toLowerCase(Locale.ROOT))) {
        throw new OptimizerException(
            "file '%s' is there twice (expected: names that differ by more than case)"
                .formatted(file));
      }
    }
  }

  /**
   * Chooses.
   *
   * @param files all that there are, from the model's folder on
   * @param asked the ONNX file that is wanted, or null for the usual one
   * @param origin of the files, for the message
   * @throws OptimizerException if there is no ONNX file, or several and none is the usual one
   */
  static FileChoice of(List<String> files, @Nullable String asked, String origin) {
    if (asked == null) {
      List<String> versions =
          files.stream().filter(file -> VERSION.matcher(file).matches()).sorted().toList();
      if (!versions.isEmpty()) {
        return whole(files, versions.getLast());
      }
    }
    String model = model(files, asked, origin);
    List<String> taken = new ArrayList<>();
    for (String file : files) {
      if (!file.equals(model)
          && (SIDE_FILE.matcher(file).matches()
              || file.equals(TRITON)
              || file.startsWith(model + "_")
              || file.startsWith(model + "."))) {
        taken.add(file);
      }
    }
    taken.sort(null);
    taken.add(model);
    return new FileChoice(model, taken);
  }

  private static FileChoice whole(List<String> files, String model) {
    List<String> taken = new ArrayList<>();
    for (String file : files) {
      boolean hidden = file.startsWith(".") || file.contains("/.");
      if (!hidden && !PICKLED.matcher(file).matches() && !file.equals(model)) {
        taken.add(file);
      }
    }
    taken.sort(null);
    taken.add(model);
    return new FileChoice(model, taken);
  }

  private static String model(List<String> files, @Nullable String asked, String origin) {
    List<String> models =
        files.stream()
            .filter(file -> file.endsWith(".onnx"))
            .filter(file -> !file.startsWith(".") && !file.contains("/."))
            .sorted()
            .toList();
    if (asked != null) {
      if (!models.contains(asked) || asked.replaceFirst("^onnx/", "").contains("/")) {
        throw new OptimizerException(
            "%s: no file '%s' (expected one of: %s, in its folder or in onnx/)"
                .formatted(origin, asked, models));
      }
      return asked;
    }
    for (String usual : USUAL) {
      if (models.contains(usual)) {
        return usual;
      }
    }
    if (!models.isEmpty()) {
      throw new OptimizerException(
          "%s: neither of %s, but %s (expected: --file with one of these)"
              .formatted(origin, USUAL, models));
    }
    throw new OptimizerException(withoutModel(files, origin));
  }

  private static String withoutModel(List<String> files, String origin) {
    String export =
        "; export it: optimum-cli export onnx --model NAME FOLDER, then ./fleet add FOLDER";
    List<String> pickled =
        files.stream().filter(file -> PICKLED.matcher(file).matches()).sorted().toList();
    List<String> others =
        files.stream().filter(file -> OTHER_WEIGHTS.matcher(file).matches()).sorted().toList();
    if (!others.isEmpty()) {
      return "%s: no ONNX file; its weights are in %s%s".formatted(origin, others, export);
    }
    if (!pickled.isEmpty()) {
      return "%s: no ONNX file; its weights are in %s, which is a program to Python and is not opened here%s"
          .formatted(origin, pickled, export);
    }
    return "%s: no ONNX file among %d files (expected: onnx/model.onnx, model.onnx or 1/model.onnx)"
        .formatted(origin, files.size());
  }

  /** The configuration that names an ONNX file of another name, or empty where none is needed. */
  String configuration() {
    String name = model.substring(model.lastIndexOf('/') + 1);
    return name.equals("model.onnx") || taken.contains(TRITON)
        ? ""
        : "default_model_filename: \"%s\"\n".formatted(name);
  }
}
