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
import org.jspecify.annotations.Nullable;

/**
 * Finds and reads the files beside and above a model's ONNX file. What lies nearer to it counts:
 * first its own folder (a version's, or {@code onnx/} in the hub's layout), then the model's, then
 * the transformer's own in old folders of sentence-transformers.
 *
 * <p>Those of a model that is loaded are what {@link Contents} says: a file that came since is not
 * found, and one that went or was written to since is refused when it is read. Immutable.
 */
public final class SideFiles {
  /** What a model's side files were when they were looked at. */
  public interface Contents {
    /** The folder of the model file, relative to the model's folder. */
    String ownFolder();

    /** True if there was a file of that name, relative to the model's folder. */
    boolean lists(String name);

    /** True if that file's bytes were these. */
    boolean matches(String name, byte[] content);
  }

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
  private final @Nullable Contents contents;

  private SideFiles(Path modelFolder, List<Path> places, @Nullable Contents contents) {
    this.modelFolder = modelFolder;
    this.places = List.copyOf(places);
    this.contents = contents;
  }

  /** Those of a version whose files were looked at. */
  public static SideFiles of(Path modelFolder, Contents contents) {
    List<Path> places = new ArrayList<>();
    if (!contents.ownFolder().isEmpty()) {
      places.add(modelFolder.resolve(contents.ownFolder()));
    }
    places.add(modelFolder);
    places.add(modelFolder.resolve(OLD_TRANSFORMER_FOLDER));
    return new SideFiles(modelFolder, places, contents);
  }

  /** Those of a version, as they lie there. */
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
    return new SideFiles(modelFolder, places, null);
  }

  /** The nearest file of that name, which may have folders in it. */
  public Optional<Path> find(String name) {
    return places.stream()
        .map(place -> place.resolve(name))
        .filter(file -> contents == null ? Files.isRegularFile(file) : contents.lists(name(file)))
        .findFirst();
  }

  /**
   * A file's bytes.
   *
   * @param file found here
   * @param most of them
   * @throws IOException if it cannot be read, or has more
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if it is not what it was
   *     when the model's files were looked at
   */
  public byte[] read(Path file, int most) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(most);
      if (bytes.length == most && in.read() >= 0) {
        throw new IOException("%d bytes (expected: <= %d)".formatted(Files.size(file), most));
      }
    }
    if (contents != null && !contents.matches(name(file), bytes)) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "%s has changed since the model's files were looked at".formatted(describe(file))
              + " (expected the same until the model is loaded again)");
    }
    return bytes;
  }

  private String name(Path file) {
    return modelFolder.relativize(file).toString();
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
