package io.onnxfleet.engine.runtime;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/**
 * Folders among the temporary files that belong to this user alone, because what lies in them is
 * loaded as code or as a model.
 */
public final class OwnFolder {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      EnumSet.copyOf(PosixFilePermissions.fromString("rwx------"));

  private OwnFolder() {}

  /** Creates {@code onnx-fleet-<user>-<name>}, or finds it, and makes sure whose it is. */
  public static Path amongTemporaryFiles(String name) throws IOException {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    String user = System.getProperty("user.name", "").replaceAll("[^A-Za-z0-9._-]", "_");
    Path folder = temporary.resolve("onnx-fleet-%s-%s".formatted(user, name));
    boolean posix = Files.getFileStore(temporary).supportsFileAttributeView("posix");
    try {
      return posix
          ? Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY))
          : Files.createDirectory(folder);
    } catch (FileAlreadyExistsException ours) {
      requireOwn(folder, posix ? OWNER_ONLY : Set.of());
      return folder;
    }
  }

  /** Anybody may create a folder among the temporary files. */
  private static void requireOwn(Path folder, Set<PosixFilePermission> permissions)
      throws IOException {
    Path probe = Files.createTempFile(folder, "owner", ".part");
    try {
      boolean own =
          Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
              && Files.getOwner(folder).equals(Files.getOwner(probe))
              && (permissions.isEmpty()
                  || permissions.containsAll(Files.getPosixFilePermissions(folder)));
      if (!own) {
        throw new IOException(folder + " belongs to somebody else, or others may write to it");
      }
    } finally {
      Files.deleteIfExists(probe);
    }
  }
}
