package io.onnxfleet.engine.runtime;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A process that uses a form until it is ended: {@code FormUser <file to lock>}. */
final class FormUser {
  private FormUser() {}

  public static void main(String[] arguments) throws IOException {
    try (FileChannel channel =
            FileChannel.open(
                Path.of(arguments[0]), StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = channel.lock(0, Long.MAX_VALUE, true)) {
      System.out.println(lock.isShared() ? "used" : "locked");
      int _ = System.in.read();
    }
  }
}
