package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.Sha256;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.check.ExternalFiles;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import io.onnxfleet.engine.textsettings.SideFiles;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a version of a model is: SHA-256 over the bytes of all its files. Two versions of equal
 * digests are one model, whatever they are called, wherever they lie and whatever their files'
 * times say; two of different digests are two models.
 *
 * <ul>
 *   <li>{@link #model} covers the model file and the files of external data that it names.
 *   <li>{@link #version} covers these, every other file of the version's folder, the files and
 *       folders beside the versions (a tokenizer, pooling, labels, warm-up data), and what the
 *       configuration says but for the instances and the versions to serve.
 *   <li>Links are followed. Names that begin with a dot are passed over, and so are weights that
 *       this server has no use for: other ONNX files, and those of other frameworks that lie right
 *       beside the model.
 * </ul>
 *
 * <p>Immutable.
 */
public final class ContentDigest implements SideFiles.Contents {
  /** Letters of {@link #brief}. */
  public static final int BRIEF_LENGTH = 12;

  private static final Set<String> OF_OTHER_FRAMEWORKS =
      Set.of("safetensors", "bin", "h5", "msgpack", "ot", "pt", "pth", "ckpt", "gguf", "tflite");

  /** Model files, and what is named after one. */
  private static final Pattern OTHER_MODELS = Pattern.compile("(?i).*\\.(onnx|ort)([._-].*)?");

  private static final String UNREADABLE = "unreadable";

  private final String version;
  private final String brief;
  private final String model;
  private final SortedMap<String, String> modelFiles;
  private final SortedMap<String, String> sideFiles;

  /** Of the model file, relative to the model's folder. Where a file lies decides nothing. */
  private final String ownFolder;

  private ContentDigest(
      String config,
      String ownFolder,
      SortedMap<String, String> modelFiles,
      SortedMap<String, String> sideFiles) {
    this.ownFolder = ownFolder;
    this.modelFiles = Collections.unmodifiableSortedMap(modelFiles);
    this.sideFiles = Collections.unmodifiableSortedMap(sideFiles);
    this.model = Sha256.of(modelFiles.toString());
    this.version = Sha256.of(String.join("\n", config, model, sideFiles.toString()));
    this.brief = version.substring(0, BRIEF_LENGTH);
  }

  /** Of a version without files. */
  public static ContentDigest ofNothing() {
    return new ContentDigest("", "", new TreeMap<>(), new TreeMap<>());
  }

  /**
   * Reads every file of a version.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} and the reason if a file of
   *     the model cannot be read, or is written to meanwhile
   */
  public static ContentDigest of(ModelFolder folder, Version version) {
    try {
      SortedMap<String, String> modelFiles = modelFiles(version.modelFile());
      return new ContentDigest(
          DeclaredConfig.modelText(folder.config()),
          ownFolder(folder.path(), version.modelFile()),
          modelFiles,
          sideFiles(folder.path(), version.modelFile(), modelFiles.keySet()));
    } catch (IOException failure) {
      throw unreadable(described(failure));
    } catch (SecurityException forbidden) {
      throw unreadable(String.valueOf(forbidden.getMessage()));
    }
  }

  /** Of all that decides the version's answers: 64 letters of hexadecimal. */
  public String version() {
    return version;
  }

  /** Of the model's own files alone: 64 letters of hexadecimal. */
  public String model() {
    return model;
  }

  /** The first {@value #BRIEF_LENGTH} letters of {@link #version}, to show and to compare. */
  public String brief() {
    return brief;
  }

  /**
   * The digest of one of the files beside the model.
   *
   * @param name relative to the model's folder, as {@code 1/tokenizer.json}
   * @return empty if it was not there or could not be read
   */
  public Optional<String> sideFile(String name) {
    return Optional.ofNullable(sideFiles.get(name)).filter(digest -> !digest.equals(UNREADABLE));
  }

  @Override
  public String ownFolder() {
    return ownFolder;
  }

  @Override
  public boolean lists(String name) {
    return sideFiles.containsKey(name);
  }

  @Override
  public boolean matches(String name, byte[] content) {
    return FileDigest.of(content).equals(sideFiles.get(name));
  }

  /** Each of the model's own files, by its name relative to the model file's folder. */
  SortedMap<String, String> modelFiles() {
    return modelFiles;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ContentDigest digest && version.equals(digest.version);
  }

  @Override
  public int hashCode() {
    return version.hashCode();
  }

  @Override
  public String toString() {
    return brief();
  }

  private static String ownFolder(Path folder, Path modelFile) {
    Path own = modelFile.toAbsolutePath().getParent();
    Path root = folder.toAbsolutePath();
    return own == null || !own.startsWith(root) ? "" : root.relativize(own).toString();
  }

  private static SortedMap<String, String> modelFiles(Path modelFile) throws IOException {
    SortedMap<String, String> digests = new TreeMap<>();
    digests.put(String.valueOf(modelFile.getFileName()), FileDigest.of(modelFile));
    for (String location : ExternalFiles.of(modelFile)) {
      Path file = modelFile.resolveSibling(location);
      if (Files.isRegularFile(file)) {
        digests.put(Path.of(location).normalize().toString(), FileDigest.of(file));
      }
    }
    return digests;
  }

  private static SortedMap<String, String> sideFiles(
      Path folder, Path modelFile, Set<String> ownFiles) throws IOException {
    Path root = folder.toAbsolutePath();
    Path own = modelFile.toAbsolutePath().getParent();
    Set<Path> passedOver = new TreeSet<>();
    passedOver.add(root.resolve(FolderModelRepository.CONFIG_FILENAME));
    if (own != null) {
      ownFiles.forEach(name -> passedOver.add(own.resolve(name)));
    }
    SortedMap<String, String> digests = new TreeMap<>();
    Files.walkFileTree(
        root,
        EnumSet.of(FileVisitOption.FOLLOW_LINKS),
        ModelFiles.DEEPEST_FILE,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path entry, BasicFileAttributes attributes)
              throws IOException {
            boolean isPassedOver =
                !entry.equals(root)
                    && !entry.equals(own)
                    && (isHidden(entry) || isVersion(root, entry));
            return isPassedOver ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            boolean isBesideModel =
                root.equals(file.getParent()) || (own != null && own.equals(file.getParent()));
            if (attributes.isRegularFile()
                && !passedOver.contains(file)
                && !isHidden(file)
                && !isUnused(file.getFileName().toString(), isBesideModel)) {
              String name = root.relativize(file).toString();
              digests.put(name, Files.isReadable(file) ? FileDigest.of(file) : UNREADABLE);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path entry, IOException failure)
              throws IOException {
            if (failure instanceof NoSuchFileException) {
              throw failure;
            }
            // A link that leads back, or a folder that is closed to this process.
            digests.put(root.relativize(entry).toString(), UNREADABLE);
            return FileVisitResult.CONTINUE;
          }
        });
    return digests;
  }

  /** True of the folders of the versions, also by another name: a link to the latest, say. */
  private static boolean isVersion(Path root, Path folder) throws IOException {
    Path real = folder.toRealPath();
    Path parent = real.getParent();
    return FolderModelRepository.isVersion(real.getFileName().toString())
        && parent != null
        && (root.equals(folder.getParent()) || parent.equals(root.toRealPath()));
  }

  private static boolean isHidden(Path entry) {
    return entry.getFileName().toString().startsWith(".");
  }

  private static boolean isUnused(String name, boolean isBesideModel) {
    String suffix = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return OTHER_MODELS.matcher(name).matches()
        || (isBesideModel && OF_OTHER_FRAMEWORKS.contains(suffix));
  }

  private static String described(IOException failure) {
    String file =
        failure instanceof FileSystemException named && named.getFile() != null
            ? Path.of(named.getFile()).getFileName() + ": "
            : "";
    return switch (failure) {
      case NoSuchFileException _ -> file + "gone (expected a file)";
      case AccessDeniedException _ -> file + "not readable (expected a readable file)";
      default -> file + failure.getMessage();
    };
  }

  private static InferenceException unreadable(String reason) {
    return new InferenceException(ErrorCode.MODEL_LOAD_FAILED, reason);
  }
}
