package io.onnxfleet.optimizer.adding;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.engine.file.Inside;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.hub.HubClient;
import io.onnxfleet.optimizer.hub.HubConnection;
import io.onnxfleet.optimizer.hub.HubDownload;
import io.onnxfleet.optimizer.hub.HubException;
import io.onnxfleet.optimizer.hub.HubException.Reason;
import io.onnxfleet.optimizer.hub.HubModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Brings a model into the models folder, as a whole or not at all: it is made in a hidden folder
 * beside, checked, and moved. What is there already, of the same source and unchanged, is left. A
 * transfer that breaks off, or for which there was no room, is resumed by the same call; whatever
 * else is wrong leaves nothing. For one thread.
 */
public final class Adding {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final String WORK = ".add";
  private static final String LOCK = "lock";

  private final Path models;
  private final Map<String, String> variables;
  private final Options options;
  private final HubDownload.Progress progress;

  /**
   * What is wanted.
   *
   * @param name of the model in the folder, or null for the source's
   * @param file the ONNX file that is wanted, or null for the usual one
   * @param maxBytes of each file and of what an archive unpacks to
   */
  public record Options(@Nullable String name, @Nullable String file, long maxBytes) {}

  /**
   * A model that is there.
   *
   * @param before true if it was before
   */
  public record Added(Path folder, String source, boolean before, ModelDescription description) {}

  /**
   * @param variables of the environment, of which those of hubs are read
   */
  public Adding(
      Path models, Map<String, String> variables, Options options, HubDownload.Progress progress) {
    this.models = models.toAbsolutePath().normalize();
    this.variables = Map.copyOf(variables);
    this.options = options;
    this.progress = progress;
  }

  /**
   * Brings a model.
   *
   * @throws OptimizerException if it cannot be had, cannot be served, or another one has its name
   */
  public Added add(ModelSource source) throws InterruptedException {
    String name = options.name() == null ? source.name() : options.name();
    if (!isName(name)) {
      throw new OptimizerException(
          "name '%s' (expected: letters, digits, '.', '_' and '-'; --name gives one)"
              .formatted(name));
    }
    try {
      Path work = work(models);
      try (FileChannel channel = FileChannel.open(work.resolve(LOCK), CREATE, WRITE);
          FileLock lock = channel.tryLock()) {
        if (lock == null) {
          throw new OptimizerException(
              "another ./fleet add is at work in %s (expected: one at a time)".formatted(models));
        }
        return add(source, name, work);
      }
    } catch (IOException failure) {
      throw new OptimizerException(
          "%s: %s".formatted(models.resolve(name), reason(failure)), failure);
    }
  }

  /** What a model or a family may be called. */
  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  /** Where what is not there yet is made, in the models folder but no model. */
  static Path work(Path models) throws IOException {
    return Files.createDirectories(models.resolve(WORK));
  }

  /** A file's error has no more than its name for a message. */
  private static String reason(IOException failure) {
    return failure instanceof FileSystemException
        ? failure.toString()
        : String.valueOf(failure.getMessage());
  }

  private Added add(ModelSource source, String name, Path work)
      throws IOException, InterruptedException {
    return switch (source) {
      case ModelSource.Folder(Path path) -> copied(path, path, name, work);
      case ModelSource.Archive(Path path) -> unpacked(path, name, work);
      case ModelSource.Hub hub -> fetched(hub, name, work);
    };
  }

  private Added unpacked(Path archive, String name, Path work) throws IOException {
    Path unpacked = work.resolve(name + ".unpacked");
    Folders.delete(unpacked);
    try {
      Path folder;
      try {
        folder = ModelArchive.unpack(archive, unpacked, options.maxBytes());
      } catch (IOException refused) {
        throw new OptimizerException("%s: %s".formatted(archive, reason(refused)), refused);
      }
      return copied(folder, archive, name, work);
    } finally {
      Folders.delete(unpacked);
    }
  }

  private Added copied(Path from, Path source, String name, Path work) throws IOException {
    Path stage = stage(work, name, "local");
    Folders.delete(stage);
    Path staging = stage.resolve(name);
    try {
      FileChoice choice = FileChoice.of(files(from), options.file(), source.toString());
      Files.createDirectories(staging);
      for (String file : choice.taken()) {
        Path target = Inside.of(staging, file);
        Path parent = target.getParent();
        if (parent != null) {
          Files.createDirectories(parent);
        }
        Files.copy(from.resolve(file), target);
      }
      return publish(staging, choice, source.toString(), null, null);
    } finally {
      Folders.delete(stage);
    }
  }

  private static List<String> files(Path folder) throws IOException {
    // Hubs' caches link to their files.
    try (Stream<Path> files = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString().replace('\\', '/'))
          .filter(file -> !file.equals(Provenance.FILE))
          .toList();
    } catch (UncheckedIOException unreadable) {
      throw unreadable.getCause();
    }
  }

  private Added fetched(ModelSource.Hub hub, String name, Path work)
      throws IOException, InterruptedException {
    try (HubConnection connection = HubConnection.of(variables)) {
      HubModel model = new HubClient(connection).model(hub.reference());
      String source = hub.reference().toString();
      FileChoice choice = FileChoice.of(model.files(), options.file(), source);
      Optional<Added> before = before(name, hub, model, choice);
      if (before.isPresent()) {
        return before.get();
      }
      Path stage = stage(work, name, model.commit());
      // It is called as the model is: known models are told by their folder's name, too.
      Path staging = stage.resolve(name);
      boolean resumable = false;
      try {
        Files.createDirectories(staging);
        HubDownload download = new HubDownload(connection, model, options.maxBytes(), progress);
        resumable = true;
        for (String file : choice.taken()) {
          download.fetch(file, staging);
        }
        resumable = false;
        keepOnly(choice.taken(), staging);
        return publish(staging, choice, source, model.commit(), model.licence());
      } catch (HubException refused) {
        resumable = refused.reason() == Reason.UNAVAILABLE;
        throw refused;
      } finally {
        if (!resumable) {
          Folders.delete(stage);
        }
      }
    }
  }

  /** Deletes what a call that was ended left there: it may have been about another ONNX file. */
  private static void keepOnly(List<String> taken, Path staging) throws IOException {
    for (String file : files(staging)) {
      if (!taken.contains(file)) {
        Files.delete(staging.resolve(file));
      }
    }
  }

  private static Path stage(Path work, String name, String version) throws IOException {
    return Inside.of(work, name + "-" + version);
  }

  private Optional<Added> before(
      String name, ModelSource.Hub hub, HubModel model, FileChoice choice) throws IOException {
    Path folder = models.resolve(name);
    if (!Files.exists(folder)) {
      return Optional.empty();
    }
    Provenance found = provenance(folder);
    boolean same =
        found.source().startsWith(hub.reference().at("").toString())
            && model.commit().equals(found.commit())
            && found.digests().containsKey(choice.model());
    if (!same) {
      throw other(folder, found);
    }
    return Optional.of(there(folder, found));
  }

  private Added publish(
      Path staging,
      FileChoice choice,
      String source,
      @Nullable String commit,
      @Nullable String licence)
      throws IOException {
    Path folder = models.resolve(String.valueOf(staging.getFileName()));
    if (!choice.configuration().isEmpty()) {
      Files.writeString(staging.resolve("config.pbtxt"), choice.configuration());
    }
    Provenance fresh = Provenance.of(staging, source, commit, licence);
    if (Files.exists(folder)) {
      Provenance found = provenance(folder);
      if (!found.digests().equals(fresh.digests())) {
        throw other(folder, found);
      }
      return there(folder, found);
    }
    ModelDescription description = described(staging, source, licence);
    fresh.write(staging);
    Files.move(staging, folder, StandardCopyOption.ATOMIC_MOVE);
    return new Added(folder, shown(fresh), false, description);
  }

  private static ModelDescription described(Path folder, String source, @Nullable String licence)
      throws IOException {
    try {
      return ModelDescription.of(folder, licence);
    } catch (InferenceException refused) {
      throw new OptimizerException("%s: %s".formatted(source, refused.getMessage()), refused);
    }
  }

  private static Provenance provenance(Path folder) throws IOException {
    return Provenance.read(folder)
        .orElseThrow(
            () ->
                new OptimizerException(
                    "%s is there, and was not brought by ./fleet add (expected: nothing of that"
                            .formatted(folder)
                        + " name; --name gives another)"));
  }

  private static OptimizerException other(Path folder, Provenance found) {
    return new OptimizerException(
        "%s is there, from %s (expected: nothing of that name; --name gives another, or remove it)"
            .formatted(folder, shown(found)));
  }

  private static Added there(Path folder, Provenance found) throws IOException {
    if (!found.isIntact(folder)) {
      throw new OptimizerException(
          "%s was changed since it was brought from %s (expected: the same files; remove it to bring it again)"
              .formatted(folder, shown(found)));
    }
    return new Added(
        folder, shown(found), true, described(folder, found.source(), found.licence()));
  }

  private static String shown(Provenance provenance) {
    return provenance.commit() == null
        ? provenance.source()
        : "%s, commit %s".formatted(provenance.source(), provenance.commit());
  }
}
