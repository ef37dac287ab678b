package io.onnxfleet.launcher.fleet;

import io.onnxfleet.launcher.process.Launch;
import io.onnxfleet.launcher.process.Layout;
import io.onnxfleet.launcher.process.Mark;
import io.onnxfleet.launcher.process.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Services as they are started from what the build laid out. */
final class LayoutLaunches implements ServiceLaunches {
  private static final int TOKEN_BYTES = 32;

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
      arguments.addAll(security(variables));
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
    if (service.isReplica()) {
      arguments.add("--fleet.inference.models=" + settings.models());
      arguments.add("--fleet.inference.cpus=" + Math.max(1, cpus / settings.replicas()));
    }
    return arguments;
  }

  /**
   * Of a gateway that asks for credentials the launcher is an administrator, by a token that lasts
   * as long as the fleet.
   */
  private List<String> security(Map<String, String> variables) throws IOException {
    GatewayCredentials credentials = new GatewayCredentials(folder);
    if (!Files.isRegularFile(environment.keys())) {
      credentials.forget();
      return List.of();
    }
    String token = environment.administrationToken();
    if (token == null) {
      byte[] random = new byte[TOKEN_BYTES];
      new SecureRandom().nextBytes(random);
      token = HexFormat.of().formatHex(random);
    }
    credentials.write(token);
    variables.put(FleetEnvironment.ADMINISTRATION_TOKEN, token);
    return List.of("--fleet.gateway.security.keys=" + environment.keys());
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
