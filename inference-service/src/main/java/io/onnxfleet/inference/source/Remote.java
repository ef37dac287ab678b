package io.onnxfleet.inference.source;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where files lie. For one thread; to be closed. */
interface Remote extends AutoCloseable {

  /**
   * What is left of a file.
   *
   * @param from the byte that the content begins with: the one asked for, or the first
   */
  record Content(InputStream body, long from) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  /** A file of a folder, and what tells its content from another one. */
  record Listed(String path, long byteSize, String tag) {}

  /** A file ends before the byte that was asked for. */
  final class NothingLeft extends IOException {
    private static final long serialVersionUID = 1;
  }

  /**
   * Opens a file.
   *
   * @param from the first byte that is needed; what begins earlier begins with the first of all
   * @param tag that the file must still have, as the list told it, or null
   * @throws NothingLeft if there is none
   */
  Content open(URI file, long from, @Nullable String tag) throws IOException, InterruptedException;

  /** All files in a folder and below. */
  List<Listed> list(URI folder) throws IOException;

  @Override
  void close();
}
