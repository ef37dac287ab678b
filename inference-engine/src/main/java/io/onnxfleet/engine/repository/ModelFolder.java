package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.repository.config.VersionPolicy;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model as it lies in the repository, unopened.
 *
 * @param config what its {@code config.pbtxt} says, or null if it has none or an unreadable one
 * @param versions ascending by number
 * @param problem why no version can be served, or null if at least one may be
 */
public record ModelFolder(
    String name,
    Path path,
    @Nullable DeclaredConfig config,
    List<Version> versions,
    @Nullable String problem) {

  public ModelFolder {
    versions = List.copyOf(versions);
  }

  /** The versions that the model's policy chooses to serve, ascending. */
  public List<Version> servedVersions() {
    VersionPolicy policy = config == null ? VersionPolicy.DEFAULT : config.versionPolicy();
    List<Long> chosen = policy.select(versions.stream().map(Version::number).toList());
    return versions.stream().filter(version -> chosen.contains(version.number())).toList();
  }

  public Optional<Version> version(long number) {
    return versions.stream().filter(version -> version.number() == number).findFirst();
  }

  /**
   * One version of the model.
   *
   * @param number at least 1
   * @param modelFile the file that holds the model, in the version's folder
   * @param problem why this version cannot be served, or null if it may be
   * @param content what its files are, or null if they were not read
   */
  public record Version(
      long number, Path modelFile, @Nullable String problem, @Nullable ContentDigest content) {
    /** A version whose files were not read. */
    public Version(long number, Path modelFile, @Nullable String problem) {
      this(number, modelFile, problem, null);
    }

    /** The same, whose files were read. */
    public Version withContent(ContentDigest known) {
      return new Version(number, modelFile, problem, known);
    }
  }

  /**
   * What a version's files are, read unless that is known.
   *
   * @throws io.onnxfleet.engine.error.InferenceException if they cannot be read
   */
  public ContentDigest contentOf(Version version) {
    ContentDigest known = version.content();
    return known == null ? ContentDigest.of(this, version) : known;
  }
}
