package io.onnxfleet.jobs.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;

/** A file beside its place. Looks now and then whether there is still room. */
final class FolderWriter extends ObjectWriter {
  private static final long LOOK_EVERY = 16 << 20;

  private final FolderStorage storage;
  private final Scratch incoming;
  private final String name;
  private final Path begun;
  private final FileChannel channel;
  private boolean kept;

  FolderWriter(FolderStorage storage, Scratch incoming, String name) throws IOException {
    this(storage, incoming, name, begin(incoming.place(name)));
  }

  private FolderWriter(FolderStorage storage, Scratch incoming, String name, FileChannel channel) {
    super(channel, LOOK_EVERY);
    this.storage = storage;
    this.incoming = incoming;
    this.name = name;
    this.begun = incoming.place(name);
    this.channel = channel;
  }

  private static FileChannel begin(Path place) throws IOException {
    return FileChannel.open(place, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  @Override
  void reach() throws IOException {
    incoming.requireRoom();
    force();
  }

  @Override
  public String keep() throws IOException {
    force();
    try {
      // What came slowly is not old.
      Files.setLastModifiedTime(begun, FileTime.from(Instant.now()));
      channel.close();
      storage.put(begun, name);
    } catch (IOException failed) {
      throw unwritten(failed);
    }
    kept = true;
    return name;
  }

  /** Now and then, so that little is left to be written at the end, which somebody waits for. */
  private void force() {
    try {
      channel.force(true);
    } catch (IOException failed) {
      throw unwritten(failed);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
    if (!kept) {
      Files.deleteIfExists(begun);
    }
  }
}
