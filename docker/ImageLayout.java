import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Makes of each service's layout one for an image:
 *
 * <ul>
 *   <li>This build's jars go to {@code application/}, all others to {@code lib/}, so that they become
 *       layers of their own.
 *   <li>Native libraries of the image's platform are unpacked, once, into a folder that {@code
 *       jvm.args} names; the jars keep none. A process then unpacks nothing, and a read-only root
 *       suffices.
 *   <li>The heap is a share of the container's memory. The rest of a replica's is for ONNX Runtime,
 *       which takes its memory beside the heap.
 * </ul>
 *
 * <p>Equal input makes equal output, times of change included: the JVM's AOT cache compares them.
 *
 * <p>Started by {@code docker/Dockerfile}: {@code java ImageLayout.java <source tree> <target tree>
 * <folder of native libraries> <amd64 or arm64>}.
 */
final class ImageLayout {
  private static final Map<String, Integer> HEAP_PERCENT =
      Map.of(
          "discovery-server", 50, "gateway-service", 40, "inference-service", 25, "job-service", 50);

  private static final String ONNX_RUNTIME = "ai/onnxruntime/native/";
  private static final String TOKENIZERS = "native/lib/";
  private static final String JNA = "com/sun/jna/";
  private static final String EPOLL = "META-INF/native/";
  private static final String NATIVE_LIBRARY = ".*\\.(so|a|dll|dylib|jnilib)";
  private static final String NATIVE_IN_IMAGE = "/app/native";
  private static final FileTime TIME = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));

  private final Path source;
  private final Path target;
  private final Path natives;
  private final boolean arm;

  private ImageLayout(Path source, Path target, Path natives, boolean arm) {
    this.source = source;
    this.target = target;
    this.natives = natives;
    this.arm = arm;
  }

  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 4 || !List.of("amd64", "arm64").contains(arguments[3])) {
      throw new IllegalArgumentException(
          List.of(arguments) + " (expected: source, target, native libraries, amd64 or arm64)");
    }
    ImageLayout images =
        new ImageLayout(
            Path.of(arguments[0]),
            Path.of(arguments[1]),
            Path.of(arguments[2]),
            arguments[3].equals("arm64"));
    for (String module : HEAP_PERCENT.keySet()) {
      images.lay(module);
    }
  }

  private void lay(String module) throws IOException {
    Path from = source.resolve(module).resolve("target/layout");
    Path to = target.resolve(module).resolve("target/layout");
    List<String> start = Files.readAllLines(from.resolve("application.args"));
    String classPath = start.get(1).replace("\"", "");
    List<String> placed = new ArrayList<>();
    for (String jar : classPath.split(":")) {
      boolean ours = jar.endsWith("-SNAPSHOT.jar") || !jar.contains("/");
      Path file = from.resolve(jar);
      Path copy = to.resolve(ours ? "application" : "lib").resolve(file.getFileName());
      if (Files.exists(copy)) {
        throw new IOException(module + ": two jars are named " + file.getFileName());
      }
      Files.createDirectories(copy.getParent());
      copy(file, copy);
      placed.add(to.relativize(copy).toString());
    }
    start.set(1, "\"" + String.join(":", placed) + "\"");
    Files.write(to.resolve("application.args"), start);
    Files.write(to.resolve("jvm.args"), options(module, Files.readAllLines(from.resolve("jvm.args"))));
    if (module.equals("inference-service")
        && !Files.isRegularFile(natives.resolve("cpu/libonnxruntime.so"))) {
      throw new IOException(
          "the layouts hold no ONNX Runtime for %s (expected: built with the profile cpu, which has it)"
              .formatted(arm ? "linux-aarch64" : "linux-x64"));
    }
  }

  private static List<String> options(String module, List<String> options) {
    List<String> changed = new ArrayList<>();
    for (String option : options) {
      if (option.startsWith("-Xmx")) {
        changed.add("-XX:MaxRAMPercentage=" + HEAP_PERCENT.get(module));
      } else if (!option.startsWith("-XX:AOTCache=") && !option.startsWith("-Xlog:")) {
        changed.add(option);
      }
    }
    if (module.equals("inference-service")) {
      changed.add("-Donnxruntime.native.path=" + NATIVE_IN_IMAGE);
      // Outlives the container's process, which the next one asks what ended it; not shared, since
      // processes of all containers have the same id.
      changed.add("-XX:ErrorFile=/local/crashes/hs_err_%p.log");
      changed.add("-DRUST_LIBRARY_PATH=" + NATIVE_IN_IMAGE + "/libtokenizers.so");
      changed.add("-Djna.boot.library.path=" + NATIVE_IN_IMAGE);
    }
    if (module.equals("gateway-service")) {
      changed.add("-Djava.library.path=/app/lib/native");
    }
    return changed;
  }

  private void copy(Path jar, Path copy) throws IOException {
    String name = jar.getFileName().toString();
    if (name.startsWith("onnxruntime")) {
      unpack(jar, copy, ONNX_RUNTIME, arm ? "linux-aarch64/" : "linux-x64/");
    } else if (name.startsWith("tokenizers-")) {
      unpack(jar, copy, TOKENIZERS, arm ? "linux-aarch64/cpu/" : "linux-x86_64/cpu/");
    } else if (name.startsWith("jna-")) {
      unpack(jar, copy, JNA, arm ? "linux-aarch64/" : "linux-x86-64/");
    } else {
      Files.copy(jar, copy, StandardCopyOption.COPY_ATTRIBUTES);
    }
    if (name.startsWith("netty-transport-native-epoll-")
        && name.endsWith(arm ? "linux-aarch_64.jar" : "linux-x86_64.jar")) {
      unpackEpoll(jar, copy.resolveSibling("native"));
    }
    Files.setLastModifiedTime(copy, TIME);
  }

  /** Beside the jar, since Netty looks for it among the libraries first. */
  private static void unpackEpoll(Path jar, Path folder) throws IOException {
    Files.createDirectories(folder);
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      for (ZipEntry entry : zip.stream().toList()) {
        if (entry.getName().startsWith(EPOLL) && entry.getName().matches(NATIVE_LIBRARY)) {
          try (InputStream content = zip.getInputStream(entry)) {
            Files.copy(content, folder.resolve(entry.getName().substring(EPOLL.length())));
          }
        }
      }
    }
  }

  /** Copies the jar without its native libraries, and those of this platform out of it. */
  private void unpack(Path jar, Path copy, String nativeFolder, String platform) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile());
        OutputStream file = Files.newOutputStream(copy);
        ZipOutputStream slim = new ZipOutputStream(file)) {
      for (ZipEntry entry : zip.stream().toList()) {
        String name = entry.getName();
        if (entry.isDirectory()) {
          continue;
        }
        try (InputStream content = zip.getInputStream(entry)) {
          if (!name.startsWith(nativeFolder) || !name.matches(NATIVE_LIBRARY)) {
            ZipEntry kept = new ZipEntry(name);
            kept.setLastModifiedTime(TIME);
            slim.putNextEntry(kept);
            content.transferTo(slim);
            slim.closeEntry();
          } else if (name.startsWith(nativeFolder + platform)) {
            place(name.substring((nativeFolder + platform).length()), content);
          }
        }
      }
    }
  }

  /** Execution providers other than the CPU go with the GPU's image alone. */
  private void place(String name, InputStream content) throws IOException {
    if (name.contains("4j_jni")) {
      return; // ONNX Runtime is called through its C API.
    }
    Path gpu = Files.createDirectories(natives.resolve("gpu")).resolve(name);
    Files.copy(content, gpu);
    Files.setLastModifiedTime(gpu, TIME);
    if (!name.contains("_providers_")) {
      Path cpu = Files.createDirectories(natives.resolve("cpu")).resolve(name);
      Files.copy(gpu, cpu, StandardCopyOption.COPY_ATTRIBUTES);
    }
  }
}
