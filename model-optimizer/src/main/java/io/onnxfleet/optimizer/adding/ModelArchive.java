package io.onnxfleet.optimizer.adding;

import io.onnxfleet.engine.file.Unpacking;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** Unpacks what a model came in: a zip archive, or a tar archive compressed by gzip. */
final class ModelArchive {
  private static final int ZIP = 0x504B;
  private static final int GZIP = 0x1F8B;

  private ModelArchive() {}

  /**
   * Unpacks it.
   *
   * @param maxBytes of all files together
   * @return the folder of the model: the one given, or the only one in it
   * @throws IOException if it is no archive, is too large, or names a path outside of it
   */
  static Path unpack(Path archive, Path folder, long maxBytes) throws IOException {
    Unpacking unpacking = new Unpacking(folder, maxBytes, maxBytes + " (--max-bytes)");
    switch (begin(archive)) {
      case ZIP -> unpacking.zip(archive);
      case GZIP -> tar(archive, unpacking);
      default -> throw new IOException("no archive (expected: .zip or .tar.gz)");
    }
    return only(folder);
  }

  private static int begin(Path archive) throws IOException {
    try (InputStream in = Files.newInputStream(archive)) {
      return in.read() << 8 | in.read();
    }
  }

  private static void tar(Path archive, Unpacking unpacking) throws IOException {
    try (InputStream file = Files.newInputStream(archive);
        TarArchiveInputStream tar =
            new TarArchiveInputStream(new BufferedInputStream(new GZIPInputStream(file)))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        String name = entry.getName();
        if (entry.isDirectory()) {
          if (!name.matches("\\.?/*")) {
            unpacking.addFolder(name);
          }
        } else if (entry.isFile() && !entry.isLink() && !entry.isSymbolicLink()) {
          unpacking.addFile(name, tar);
        } else {
          throw new IOException(
              "entry '%s' is a link or a device (expected: files and folders)"
                  .formatted(name.replaceAll("\\p{Cntrl}", "?")));
        }
      }
    }
    if (unpacking.entries() == 0) {
      throw new IOException("an empty archive (expected: a model's files)");
    }
  }

  private static Path only(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      List<Path> all = entries.filter(entry -> !isOfSystem(entry)).limit(2).toList();
      if (all.size() != 1 || !Files.isDirectory(all.getFirst())) {
        return folder;
      }
      boolean version = String.valueOf(all.getFirst().getFileName()).matches("[0-9]+|onnx");
      return version ? folder : all.getFirst();
    }
  }

  /** True of what macOS puts beside the files that it packs. */
  private static boolean isOfSystem(Path entry) {
    String name = String.valueOf(entry.getFileName());
    return name.equals("__MACOSX") || name.equals(".DS_Store") || name.startsWith("._");
  }
}
