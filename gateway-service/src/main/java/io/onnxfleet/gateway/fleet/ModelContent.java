package io.onnxfleet.gateway.fleet;

/**
 * What a replica runs when it is asked for a model: two replicas with equal ones run the same.
 *
 * @param digest the start of the digest of the version's files and configuration; empty where the
 *     replica does not tell it
 */
public record ModelContent(String name, String version, String digest) {

  @Override
  public String toString() {
    return name + "/" + version + (digest.isEmpty() ? "" : "@" + digest);
  }
}
