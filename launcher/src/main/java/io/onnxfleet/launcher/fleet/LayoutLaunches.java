package io.onnxfleet.launcher.fleet;

import io.onnxfleet.launcher.process.Launch;
import io.onnxfleet.launcher.process.Layout;
import io.onnxfleet.launcher.process.Mark;
import io.onnxfleet.launcher.process.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Services as they are started from what the build laid out. */
final class LayoutLaunches implements ServiceLaunches {
  private final FleetFolder folder;
  private final FleetEnvironment environment;
  private final int cpus;

  /** Of what this container may use, never of the host's cores. */
  LayoutLaunches(FleetFolder folder, FleetEnvironment environment) {
    this.folder = folder;
    this.environment = environment;
    this.cpus = Runtime.getRuntime().availableProcessors();
  }

  @Override
  public Launch of(Service service, int port, FleetSettings settings, Mark mark, Path output)
      throws IOException {
    Layout layout = Layout.of(folder.root(), service.module());
    if (!layout.isMade()) {
      throw new IOException(
          folder.shown(layout.folder()) + ": not built (expected: ./fleet up has run)");
    }
    List<String> options = new ArrayList<>();
    options.add(mark.option());
    options.add("-XX:ErrorFile=" + folder.crashes().resolve("hs_err_" + service + "_%p.log"));
    if (service.equals(Service.GATEWAY)) {
      // All processes share this machine: event loops beyond half of its CPUs only take each
      // other's turns.
      options.add("-Dreactor.netty.ioWorkerCount=" + (cpus + 1) / 2);
    }
    options.addAll(environment.javaOptions());
    Map<String, String> variables = new HashMap<>();
    List<String> arguments = arguments(service, port, settings);
    if (service.equals(Service.GATEWAY)) {
      arguments.addAll(security(settings, variables));
    }
    if (service.equals(Service.GATEWAY) || service.equals(Service.JOBS)) {
      arguments.addAll(secret(settings));
    }
    return new Launch(layout.folder(), layout.command(options, arguments), variables, output, true);
  }

  private List<String> arguments(Service service, int port, FleetSettings settings) {
    Path log = folder.log(service.name());
    List<String> arguments = new ArrayList<>();
    arguments.add("--server.port=" + port);
    arguments.add("--server.address=" + Ports.HOST);
    arguments.add("--logging.file.name=" + log);
    arguments.add("--logging.threshold.console=off");
    arguments.add(
        "--logging.logback.rollingpolicy.file-name-pattern=" + log + ".%d{yyyyMMdd}.%i.gz");
    arguments.add("--logging.logback.rollingpolicy.max-file-size=20MB");
    arguments.add("--logging.logback.rollingpolicy.total-size-cap=20MB");
    if (settings.tls()) {
      arguments.add("--spring.profiles.include=mutual-tls");
      arguments.add("--fleet.tls.directory=" + folder.certificates().resolve(service.module()));
    }
    if (!service.equals(Service.REGISTRY)) {
      // The registry itself would take its own address for a peer's and copy all to itself.
      arguments.add(
          "--eureka.client.service-url.defaultZone=%s://%s:%d/eureka/"
              .formatted(settings.tls() ? "https" : "http", Ports.HOST, settings.discoveryPort()));
    }
    if (service.equals(Service.JOBS)) {
      arguments.add("--fleet.jobs.directory=" + folder.jobs());
    }
    if (service.isReplica()) {
      arguments.add("--fleet.inference.models=" + settings.models());
      arguments.add("--fleet.inference.cpus=" + Math.max(1, cpus / settings.replicas()));
    }
    return arguments;
  }

  /**
   * Of a gateway that asks for credentials the launcher is an administrator, by a token that lasts
   * as long as the fleet. Whether it asks is settled when the fleet is started: a gateway that died
   * comes back as it was, and still agrees with the job service beside it.
   */
  private List<String> security(FleetSettings settings, Map<String, String> variables)
      throws IOException {
    GatewayCredentials credentials = new GatewayCredentials(folder);
    if (!settings.keys()) {
      credentials.forget();
      return List.of();
    }
    String token = environment.administrationToken();
    if (token == null) {
      token = OwnFile.randomSecret();
    }
    credentials.write(token);
    variables.put(FleetEnvironment.ADMINISTRATION_TOKEN, token);
    return List.of("--fleet.gateway.security.keys=" + environment.keys());
  }

  /**
   * Where callers have keys, gateway and job service tell each other whose work something is, which
   * a secret has to vouch for. Made once, for these two alone: registry and replicas, on loopback,
   * do without one unless the environment has one for all.
   */
  private List<String> secret(FleetSettings settings) throws IOException {
    if (environment.hasSecret() || !settings.keys()) {
      return List.of();
    }
    Path secret = folder.secret();
    if (!Files.isRegularFile(secret)) {
      OwnFile.write(secret, OwnFile.randomSecret() + "\n");
    }
    return List.of("--fleet.secret-file=" + secret);
  }

  @Override
  public List<String> supervisor(Mark mark) {
    return Layout.of(folder.root(), "launcher")
        .command(
            List.of("-Xmx32m", mark.option(), "-Donnxfleet.root=" + folder.root()),
            List.of("supervise"));
  }

  @Override
  public Path supervisorFolder() {
    return Layout.of(folder.root(), "launcher").folder();
  }
}
