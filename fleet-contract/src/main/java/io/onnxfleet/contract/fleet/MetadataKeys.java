package io.onnxfleet.contract.fleet;

/**
 * The keys of a replica's metadata in the registry, and of what it says of itself when it is asked.
 * {@link ReplicaMetadata} reads and writes their values. Names of models are URL-encoded in them,
 * since commas part their entries.
 */
public final class MetadataKeys {

  /** READY versions: {@code <model>:<version>}, comma-separated. */
  public static final String MODELS_READY = "models-ready";

  /** Every model of the repository, READY or not, comma-separated. */
  public static final String MODELS_KNOWN = "models-known";

  /**
   * Models that cannot be served before somebody changes them: {@code <model>:<URL-encoded
   * reason>}, comma-separated.
   */
  public static final String MODELS_FAILED = "models-failed";

  /**
   * READY models of families: {@code <model>:<family>:<quality>:<c if comparable>:<cost in ms>},
   * comma-separated.
   */
  public static final String MODELS_FAMILIES = "models-families";

  /** What the files and the configuration of READY versions are: {@link ModelDigest}s. */
  public static final String MODELS_CONTENTS = "models-contents";

  /** {@link ModelDigest}s of versions that are not loaded, because they ended a process. */
  public static final String QUARANTINE = "quarantine";

  /**
   * {@link ModelDigest}s of READY versions of which a merged request was seen to be answered in
   * another way than alone. Other replicas stop merging what has that digest.
   */
  public static final String UNMERGEABLE = "unmergeable";

  public static final String EXECUTION_PROVIDERS = "execution-providers";

  /** Model instances in all. */
  public static final String CAPACITY = "capacity";

  /** When the process started, in milliseconds since the epoch. */
  public static final String STARTED = "started";

  /**
   * Counts up with each change of the others, from 1 after {@link #STARTED}: of two views of one
   * process, the higher is the newer.
   */
  public static final String REVISION = "revision";

  private MetadataKeys() {}
}
