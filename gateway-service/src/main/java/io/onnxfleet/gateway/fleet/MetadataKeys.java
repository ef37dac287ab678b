package io.onnxfleet.gateway.fleet;

/** The keys of a replica's metadata in the registry that the gateway reads. */
final class MetadataKeys {

  /** Comma-separated {@code <url-encoded model name>:<version>} of the READY versions. */
  static final String MODELS_READY = "models-ready";

  /** Comma-separated url-encoded names of every model in the replica's repository. */
  static final String MODELS_KNOWN = "models-known";

  /**
   * Comma-separated {@code <model>:<family>:<quality>:<c if comparable>:<cost in ms>} of the READY
   * models that belong to families; names are url-encoded.
   */
  static final String MODELS_FAMILIES = "models-families";

  /**
   * Comma-separated {@code <url-encoded model>/<version>@<digest>} of the READY versions: what
   * their files and configuration are.
   */
  static final String MODELS_CONTENTS = "models-contents";

  /** The same of versions that ended processes and are run nowhere until somebody says so. */
  static final String QUARANTINE = "quarantine";

  /** When the replica's process started, in milliseconds since the epoch. */
  static final String STARTED = "started";

  /** Counts up with each change of what one process tells; absent in what older ones tell. */
  static final String REVISION = "revision";

  private MetadataKeys() {}
}
