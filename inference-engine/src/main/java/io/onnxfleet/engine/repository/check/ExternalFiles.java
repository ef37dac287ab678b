package io.onnxfleet.engine.repository.check;

import com.google.protobuf.CodedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The files beside a model file that hold tensors of it, by the names that it gives them. Reads
 * once through the file, weights skipped, in memory that does not grow with it. Not thread-safe;
 * lives for one file.
 */
public final class ExternalFiles {
  private static final String LOCATION = "location";

  private final MessageReader in;
  private final SortedSet<String> locations = new TreeSet<>();

  private ExternalFiles(MessageReader in) {
    this.in = in;
  }

  /**
   * Relative to the model file's folder. What leads out of it, and what is named in a file that is
   * no model, is left out: such a model is {@linkplain ModelFileCheck refused}.
   *
   * @throws IOException if the file cannot be read
   */
  public static SortedSet<String> of(Path modelFile) throws IOException {
    try (InputStream file = Files.newInputStream(modelFile)) {
      long size = Files.size(modelFile);
      ExternalFiles files =
          new ExternalFiles(new MessageReader(CodedInputStream.newInstance(file, 1 << 16)));
      if (size <= Integer.MAX_VALUE) {
        files.read((int) size);
      }
      return files.locations;
    } catch (com.google.protobuf.InvalidProtocolBufferException noModel) {
      return new TreeSet<>();
    }
  }

  // Field numbers are those of ONNX's ModelProto, GraphProto, NodeProto and so on.

  private void read(int size) throws IOException {
    in.message(
        size,
        field ->
            switch (field) {
              case 7 -> graph(0);
              case 20 -> in.message(part -> (part == 1 || part == 2) && graph(0));
              case 25 ->
                  in.message(
                      part ->
                          switch (part) {
                            case 7 -> node(0);
                            case 11 -> attribute(0);
                            default -> false;
                          });
              default -> false;
            });
  }

  private boolean graph(int nesting) throws IOException {
    if (nesting > ModelFileCheck.MAX_NESTING) {
      return false;
    }
    return in.message(
        field ->
            switch (field) {
              case 1 -> node(nesting);
              case 5 -> tensor();
              case 15 -> sparse();
              default -> false;
            });
  }

  private boolean node(int nesting) throws IOException {
    return in.message(field -> field == 5 && attribute(nesting));
  }

  private boolean attribute(int nesting) throws IOException {
    return in.message(
        field ->
            switch (field) {
              case 5, 10 -> tensor();
              case 6, 11 -> graph(nesting + 1);
              case 22, 23 -> sparse();
              default -> false;
            });
  }

  private boolean sparse() throws IOException {
    return in.message(field -> (field == 1 || field == 2) && tensor());
  }

  private boolean tensor() throws IOException {
    return in.message(field -> field == 13 && entry());
  }

  private boolean entry() throws IOException {
    String[] entry = {"", ""};
    boolean read =
        in.message(
            field -> {
              if ((field != 1 && field != 2) || !in.isLengthDelimited()) {
                return false;
              }
              entry[field - 1] = in.text();
              return true;
            });
    if (entry[0].equals(LOCATION) && isInside(entry[1])) {
      locations.add(entry[1]);
    }
    return read;
  }

  private static boolean isInside(String location) {
    try {
      Path path = Path.of(location);
      if (location.isEmpty() || path.isAbsolute()) {
        return false;
      }
      for (Path part : path) {
        if (part.toString().equals("..")) {
          return false;
        }
      }
      return true;
    } catch (InvalidPathException noPath) {
      return false;
    }
  }
}
