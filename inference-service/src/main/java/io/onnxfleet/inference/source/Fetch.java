package io.onnxfleet.inference.source;

import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.engine.file.Inside;
import io.onnxfleet.engine.file.Unpacking;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * Brings a source's models into a folder, all of them or none. What was brought before by a process
 * that did not come to the end is not brought again. For one thread.
 */
final class Fetch {
  static final int MOST_FILES = 100_000;

  private final Source source;
  private final Remote remote;
  private final long maxBytes;
  private final Download download;

  Fetch(Source source, Remote remote, long maxBytes) {
    this.source = source;
    this.remote = remote;
    this.maxBytes = maxBytes;
    this.download = new Download(maxBytes);
  }

  /** What the content is called: equal for equal content. */
  String id() throws IOException {
    return source.sha256() == null ? Digests.of(listing()) : source.sha256();
  }

  private String listing() throws IOException {
    return described(remote.list(source.url()));
  }

  private static String described(List<Remote.Listed> files) {
    return files.stream()
        .map(file -> file.path() + " " + file.byteSize() + " " + file.tag())
        .sorted()
        .collect(Collectors.joining("\n"));
  }

  /**
   * Brings the models.
   *
   * @param id as it was told
   * @param folder that is theirs alone, and may hold what was brought before
   * @param part a file for what is under way
   * @throws IOException if they cannot be had, or are not what they should be
   */
  void into(String id, Path folder, Path part) throws IOException, InterruptedException {
    if (!source.isFolder()) {
      archive(id, folder, part);
    } else if (source.sha256() == null) {
      listed(id, folder, part);
    } else {
      Path list = part.resolveSibling(part.getFileName() + ".list");
      download.fetch(remote, url(Source.DIGESTS), id, null, list);
      members(Digests.list(list), folder, part);
      Files.delete(list);
    }
  }

  private void archive(String id, Path folder, Path part) throws IOException, InterruptedException {
    Folders.delete(folder);
    download.fetch(remote, source.url(), id, null, part);
    try {
      new Unpacking(folder, maxBytes, "max-source-cache").zip(part);
    } catch (IOException refused) {
      Folders.delete(folder);
      throw refused;
    }
    Files.delete(part);
  }

  private void listed(String id, Path folder, Path part) throws IOException, InterruptedException {
    List<Remote.Listed> files = remote.list(source.url());
    requireStill(id, Digests.of(described(files)), folder);
    members(
        files.stream()
            .map(file -> new Member(file.path(), file.byteSize(), null, file.tag()))
            .toList(),
        folder,
        part);
    requireStill(id, id(), folder);
  }

  private static void requireStill(String id, String now, Path folder) throws IOException {
    if (!now.equals(id)) {
      Folders.delete(folder);
      throw new IOException("the folder has changed while it was read (expected it to stay)");
    }
  }

  private void members(List<Member> members, Path folder, Path part)
      throws IOException, InterruptedException {
    if (members.isEmpty() || members.size() > MOST_FILES) {
      throw new IOException("%d files (expected: 1 to %d)".formatted(members.size(), MOST_FILES));
    }
    long total = 0;
    for (Member member : members) {
      Path file = Inside.of(folder, member.path());
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      if (!Files.exists(file)) {
        download.fetch(remote, url(member.path()), member.sha256(), member.tag(), part);
        requireSize(member, part);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
      }
      total += Files.size(file);
      if (total > maxBytes) {
        throw new IOException("more bytes than max-source-cache (expected: <= that)");
      }
    }
  }

  private static void requireSize(Member member, Path file) throws IOException {
    long size = Files.size(file);
    if (!member.mayHave(size)) {
      Files.delete(file);
      throw new IOException(
          "%s: %d bytes (expected %d)".formatted(member.path(), size, member.byteSize()));
    }
  }

  private URI url(String path) throws IOException {
    URI folder = source.url();
    try {
      return new URI(
          folder.getScheme(), folder.getAuthority(), folder.getPath() + path, null, null);
    } catch (URISyntaxException noPath) {
      throw new IOException("entry '%s' (expected a path)".formatted(path), noPath);
    }
  }
}
