package io.onnxfleet.engine.runtime;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * ONNX Runtime's shared library, and those of its execution providers beside it, as files.
 *
 * <p>They are taken from the folder that {@value #PATH_PROPERTY} names, or else from the class
 * path. A library inside a jar is copied once into a folder of this user which is named after its
 * checksum, so that later processes find it there and two versions never meet. The folder lies in
 * the one for temporary files, or in the one that {@value #CACHE_PROPERTY} names.
 *
 * <p>Thread-safe; processes that start together wait for each other.
 */
final class NativeLibrary {
  static final String PATH_PROPERTY = "onnxruntime.native.path";
  static final String CACHE_PROPERTY = "onnxfleet.native-cache";

  private static final String PART = ".part";

  private final String nativePath;
  private final String cache;
  private final Platform platform;
  private final String resourceFolder;

  @GuardedBy("this")
  private @Nullable Path folder;

  /** By the system properties of this process. */
  NativeLibrary() {
    this(System.getProperty(PATH_PROPERTY, ""), System.getProperty(CACHE_PROPERTY, ""));
  }

  /**
   * By these settings instead of the properties.
   *
   * @param nativePath the folder that holds the libraries, or empty
   * @param cache the folder that copies go to, or empty
   */
  NativeLibrary(String nativePath, String cache) {
    this.nativePath = nativePath;
    this.cache = cache;
    platform = Platform.current();
    resourceFolder = "ai/onnxruntime/native/" + platform.label + "/";
  }

  /**
   * Loads the library for good.
   *
   * @throws IllegalStateException if there is none for this platform, or it cannot be loaded
   */
  @SuppressWarnings("restricted") // loads native code, which is what this class is for
  SymbolLookup load() {
    Path library = locate("onnxruntime").orElseThrow(this::missing);
    return SymbolLookup.libraryLookup(library, Arena.global());
  }

  /**
   * Brings a provider's library next to the runtime's own, which looks for it there.
   *
   * @param name without a platform's prefix and suffix: {@code onnxruntime_providers_cuda}
   * @return empty if neither the folder nor the class path has it
   */
  Optional<Path> locate(String name) {
    String fileName = platform.prefix + name + platform.suffix;
    try {
      if (!nativePath.isEmpty()) {
        Path file = Path.of(nativePath).resolve(fileName);
        return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
      }
      URL resource = NativeLibrary.class.getClassLoader().getResource(resourceFolder + fileName);
      if (resource == null) {
        return Optional.empty();
      }
      return Optional.of(
          "file".equals(resource.getProtocol()) ? fileOf(resource) : extract(resource, fileName));
    } catch (IOException | URISyntaxException failure) {
      throw new IllegalStateException(
          "%s: %s (a folder for native libraries can be set with -D%s)"
              .formatted(fileName, failure, CACHE_PROPERTY),
          failure);
    }
  }

  private IllegalStateException missing() {
    return new IllegalStateException(
        nativePath.isEmpty()
            ? "no ONNX Runtime for %s on the class path (expected onnxruntime_gpu, or onnxruntime by the build's profile cpu)"
                .formatted(platform.label)
            : "-D%s=%s: no ONNX Runtime library there".formatted(PATH_PROPERTY, nativePath));
  }

  private synchronized Path extract(URL resource, String fileName) throws IOException {
    if (!(resource.openConnection() instanceof JarURLConnection connection)) {
      throw new IOException(resource.getProtocol() + ": (expected a file or an entry of a jar)");
    }
    long byteSize = connection.getJarEntry().getSize();
    if (folder == null) {
      folder = ownFolder(connection.getJarEntry().getCrc());
    }
    Path target = folder.resolve(fileName);
    if (isComplete(target, byteSize)) {
      return target;
    }
    Path lockFile = folder.resolve("extraction.lock");
    try (FileChannel channel =
            FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.lock()) {
      // INVARIANT: the holder of the lock alone writes, so a part lying about is a dead process's.
      if (held.isValid() && !isComplete(target, byteSize)) {
        deleteParts(folder);
        copy(connection, byteSize, target);
      }
    }
    return target;
  }

  private static void copy(JarURLConnection connection, long byteSize, Path target)
      throws IOException {
    Path part = target.resolveSibling(target.getFileName() + PART);
    try (InputStream library = connection.getInputStream()) {
      Files.copy(library, part, StandardCopyOption.REPLACE_EXISTING);
      if (!isComplete(part, byteSize)) {
        throw new IOException(
            "%d bytes of %s written (expected %d)"
                .formatted(Files.size(part), target.getFileName(), byteSize));
      }
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static boolean isComplete(Path file, long byteSize) throws IOException {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.size(file) == byteSize;
  }

  private static void deleteParts(Path folder) throws IOException {
    try (DirectoryStream<Path> parts = Files.newDirectoryStream(folder, "*" + PART)) {
      for (Path part : parts) {
        Files.deleteIfExists(part);
      }
    }
  }

  /** The folder for libraries of one build of the runtime, which nobody else can write to. */
  private Path ownFolder(long checksum) throws IOException {
    String name = "onnxruntime-%08x".formatted(checksum);
    return cache.isEmpty()
        ? OwnFolder.amongTemporaryFiles(name)
        : Files.createDirectories(Path.of(cache).resolve(name));
  }

  private static Path fileOf(URL resource) throws URISyntaxException {
    return Path.of(new URI(resource.toString()));
  }

  /** Names of shared libraries and of the folders in ONNX Runtime's jars. */
  private record Platform(String label, String prefix, String suffix) {
    static Platform current() {
      String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
      String machine = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
      boolean arm = machine.equals("aarch64") || machine.equals("arm64");
      String architecture = arm ? "aarch64" : "x64";
      if (!arm && !machine.equals("amd64") && !machine.equals("x86_64")) {
        throw new IllegalStateException("os.arch: " + machine + " (expected x86-64 or aarch64)");
      }
      if (system.startsWith("mac")) {
        return new Platform("osx-" + architecture, "lib", ".dylib");
      }
      if (system.startsWith("windows")) {
        return new Platform("win-" + architecture, "", ".dll");
      }
      return new Platform("linux-" + architecture, "lib", ".so");
    }
  }
}
