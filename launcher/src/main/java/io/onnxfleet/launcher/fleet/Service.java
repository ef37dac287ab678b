package io.onnxfleet.launcher.fleet;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One process of the fleet, by its name. Ordered as they are started. */
public record Service(String name) implements Comparable<Service> {
  public static final Service REGISTRY = new Service("discovery-server");
  public static final Service GATEWAY = new Service("gateway-service");
  public static final Service JOBS = new Service("job-service");

  private static final Pattern REPLICA = Pattern.compile("replica-(\\d{1,5})");
  private static final Comparator<Service> STARTING_ORDER =
      Comparator.comparing((Service service) -> !service.equals(REGISTRY))
          .thenComparing(service -> !service.equals(GATEWAY))
          .thenComparing(service -> !service.equals(JOBS))
          .thenComparingInt(Service::number);

  public static Service replica(int port) {
    return new Service("replica-" + port);
  }

  /** What a file's name says; nothing if it is of something else. */
  static Optional<Service> of(String name) {
    Service service = new Service(name);
    return List.of(REGISTRY, GATEWAY, JOBS).contains(service) || service.isReplica()
        ? Optional.of(service)
        : Optional.empty();
  }

  public boolean isReplica() {
    return REPLICA.matcher(name).matches();
  }

  private int number() {
    Matcher matcher = REPLICA.matcher(name);
    return matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
  }

  /** What it is built by. */
  public String module() {
    return isReplica() ? "inference-service" : name;
  }

  @Override
  public int compareTo(Service other) {
    return STARTING_ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return name;
  }
}
