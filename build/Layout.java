import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Lays out a module so that {@code java @jvm.args @application.args} starts it from its layout
 * folder: the module's jar, {@code lib/}, an argument file of JVM options and one that names the
 * class path and the main class.
 *
 * <p>Jars of the local Maven repository are linked, never copied: ONNX Runtime alone is 406 MB. Jars
 * of this build are copied, because the next build writes over them while a fleet may still run. The
 * layout is made anew beside the old one and then takes its place.
 *
 * <p>Started by the build at {@code package}: {@code java Layout.java <layout folder> <module jar>
 * <main class> <JVM options> <class path>}.
 */
final class Layout {
  private static final String ARGUMENT_FILE = "application.args";
  private static final String OPTIONS_FILE = "jvm.args";

  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 5) {
      throw new IllegalArgumentException(
          arguments.length
              + " arguments (expected: layout folder, jar, main class, JVM options, class path)");
    }
    Path layout = Path.of(arguments[0]);
    Path jar = Path.of(arguments[1]);
    String mainClass = arguments[2];
    List<String> options = List.of(arguments[3].trim().split("\\s+"));
    List<Path> libraries = libraries(arguments[4]);

    Path fresh = layout.resolveSibling(layout.getFileName() + ".new");
    delete(fresh);
    Files.createDirectories(fresh.resolve("lib"));
    List<String> classPath = new ArrayList<>();
    classPath.add(place(jar, fresh, ""));
    Set<String> names = new HashSet<>();
    for (Path library : libraries) {
      String folder = names.add(library.getFileName().toString()) ? "lib" : "lib/" + names.size();
      classPath.add(place(library, fresh, folder));
    }
    Files.writeString(
        fresh.resolve(ARGUMENT_FILE),
        "-classpath\n\"" + String.join(File.pathSeparator, classPath) + "\"\n" + mainClass + "\n");
    Files.write(fresh.resolve(OPTIONS_FILE), options);
    delete(layout);
    Files.move(fresh, layout);
  }

  /** The jars of the class path. Folders are left out: the module's own classes come as its jar. */
  private static List<Path> libraries(String classPath) {
    List<Path> libraries = new ArrayList<>();
    for (String element : classPath.split(File.pathSeparator)) {
      Path path = Path.of(element);
      if (Files.isRegularFile(path)) {
        libraries.add(path);
      } else if (!path.endsWith(Path.of("target", "classes"))) {
        throw new IllegalStateException("class path element " + path + " (expected: a jar)");
      }
    }
    return libraries;
  }

  private static String place(Path jar, Path layout, String folder) throws IOException {
    Path target = layout.resolve(folder).resolve(jar.getFileName());
    Files.createDirectories(target.getParent());
    boolean ofThisBuild = jar.getParent().endsWith("target");
    if (ofThisBuild) {
      Files.copy(jar, target, StandardCopyOption.COPY_ATTRIBUTES);
    } else {
      link(jar.toRealPath(), target);
    }
    return layout.relativize(target).toString().replace(File.separatorChar, '/');
  }

  /** Hard links outlive a cleaned repository; across file systems only a symbolic link is left. */
  private static void link(Path jar, Path target) throws IOException {
    try {
      Files.createLink(target, jar);
    } catch (IOException | UnsupportedOperationException e) {
      Files.createSymbolicLink(target, jar);
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> paths;
    try (var walk = Files.walk(folder)) {
      paths = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : paths) {
      Files.delete(path);
    }
  }
}
