package io.onnxfleet.launcher.fleet;

import java.nio.file.Path;

/** Where everything of a checkout's fleet lies: {@code .fleet/} and what was built. */
public record FleetFolder(Path root) {
  public Path state() {
    return root.resolve(".fleet");
  }

  /** A file for each service that was started. */
  public Path run() {
    return state().resolve("run");
  }

  public Path logs() {
    return state().resolve("logs");
  }

  public Path log(String name) {
    return logs().resolve(name + ".log");
  }

  /** The JVM's reports of crashes. */
  public Path crashes() {
    return state().resolve("crashes");
  }

  /** The authority's and each process's own. */
  public Path certificates() {
    return state().resolve("tls");
  }

  public Path keys() {
    return state().resolve("keys");
  }

  /** By which gateway and job service know each other where callers have keys. */
  public Path secret() {
    return state().resolve("secret");
  }

  /** What the job service keeps: files, answers and its database. */
  public Path jobs() {
    return state().resolve("jobs");
  }

  public Path settings() {
    return state().resolve("settings");
  }

  public Path lock() {
    return state().resolve("lock");
  }

  public Path models() {
    return root.resolve("models");
  }

  /** How a path below the root is told to the user. */
  public String shown(Path path) {
    return root.relativize(path).toString();
  }
}
