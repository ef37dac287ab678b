package io.onnxfleet.engine.textsettings;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Finds the files beside and above a model's ONNX file. What lies nearer to it counts: first its
 * own folder (a version's, or {@code onnx/} in the hub's layout), then the model's, then the
 * transformer's own in old folders of sentence-transformers. Immutable.
 */
public final class SideFiles {
  /** The folder of the hub's layout that holds the ONNX files. */
  public static final String HUB_FOLDER = "onnx";

  /** The tokenizer's file. */
  public static final String TOKENIZER = "tokenizer.json";

  private static final String OLD_TRANSFORMER_FOLDER = "0_Transformer";
  private static final String POINTER_BEGIN = "version https://git-lfs";
  private static final Pattern INSIDE =
      Pattern.compile(
          "[^./\\\\\\p{Cntrl}][^/\\\\\\p{Cntrl}]{0,200}(/[^./\\\\\\p{Cntrl}][^/\\\\\\p{Cntrl}]{0,200}){0,3}");

  private final Path modelFolder;
  private final List<Path> places;

  private SideFiles(Path modelFolder, List<Path> places) {
    this.modelFolder = modelFolder;
    this.places = List.copyOf(places);
  }

  /** Those of a version. */
  public static SideFiles of(Path modelFolder, long version) {
    List<Path> places = new ArrayList<>();
    Path ofVersion = modelFolder.resolve(Long.toString(version));
    Path hub = modelFolder.resolve(HUB_FOLDER);
    if (Files.isDirectory(ofVersion)) {
      places.add(ofVersion);
    } else if (Files.isDirectory(hub)) {
      places.add(hub);
    }
    places.add(modelFolder);
    places.add(modelFolder.resolve(OLD_TRANSFORMER_FOLDER));
    return new SideFiles(modelFolder, places);
  }

  /** The nearest file of that name, which may have folders in it. */
  public Optional<Path> find(String name) {
    return places.stream()
        .map(place -> place.resolve(name))
        .filter(Files::isRegularFile)
        .findFirst();
  }

  /** How messages call a file. */
  String describe(Path file) {
    return file.startsWith(modelFolder)
        ? modelFolder.relativize(file).toString()
        : String.valueOf(file.getFileName());
  }

  /** True for the plain path of something below a folder, as it may stand in a configuration. */
  static boolean isInside(String path) {
    if (!INSIDE.matcher(path).matches()) {
      return false;
    }
    try {
      return !Path.of(path).isAbsolute();
    } catch (InvalidPathException noPath) {
      return false;
    }
  }

  /**
   * Refuses a pointer of Git LFS, whose file was not fetched.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED}
   */
  void requireFetched(Path file) {
    byte[] head;
    try (InputStream in = Files.newInputStream(file)) {
      head = in.readNBytes(POINTER_BEGIN.length());
    } catch (IOException unreadable) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED, describe(file) + " (expected a readable file)", unreadable);
    }
    if (new String(head, StandardCharsets.US_ASCII).equals(POINTER_BEGIN)) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "%s is a pointer of Git LFS, whose file was not fetched (expected the file itself, as"
                  .formatted(describe(file))
              + " after 'git lfs pull')");
    }
  }
}
