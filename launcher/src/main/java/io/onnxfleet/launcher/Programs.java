package io.onnxfleet.launcher;

import io.onnxfleet.launcher.fleet.Fleet;
import io.onnxfleet.launcher.fleet.FleetHealth;
import io.onnxfleet.launcher.fleet.FleetSettings;
import io.onnxfleet.launcher.fleet.Service;
import io.onnxfleet.launcher.process.Layout;
import io.onnxfleet.launcher.process.Ports;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The other programs of the checkout, run before the caller's eyes. Each call gives an exit code.
 */
final class Programs {
  static final String NO_KEYS_YET =
      "the running gateway asks for no keys yet: ./fleet down and ./fleet up";

  static final List<String> HELP = List.of("-h", "--help");

  private final Fleet fleet;
  private final Path directory;

  /**
   * For a caller.
   *
   * @param directory where the caller stands
   */
  Programs(Fleet fleet, Path directory) {
    this.fleet = fleet;
    this.directory = directory;
  }

  private Layout layout(String module) throws IOException {
    Layout layout = Layout.of(fleet.folder().root(), module);
    if (!layout.isMade()) {
      throw new IOException(
          module + " is not built (expected: ./mvnw -DskipTests package has run, or ./fleet up)");
    }
    return layout;
  }

  /** By the main class of the benchmarks. */
  int benchmarks(List<String> arguments) throws IOException, InterruptedException {
    Layout layout = layout("benchmarks");
    List<String> options =
        List.of("--sun-misc-unsafe-memory-access=allow", "-Donnxfleet.directory=" + directory);
    return Foreground.run(layout.folder(), layout.command(options, arguments));
  }

  int benchmarks(String command, List<String> arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>();
    all.add(command);
    all.addAll(arguments);
    return benchmarks(all);
  }

  /** The load generator, which is told the address unless its options name one. */
  int bench(List<String> arguments) throws IOException, InterruptedException {
    List<String> options = new ArrayList<>(arguments);
    boolean replica = options.removeAll(List.of("--replica"));
    boolean hasUrl =
        options.stream().anyMatch(each -> each.equals("--url") || each.startsWith("--url="));
    if (!hasUrl && options.stream().noneMatch(HELP::contains)) {
      options.addAll(List.of("--url", address(replica)));
    } else if (replica) {
      throw new IllegalArgumentException("bench: --replica and --url (expected: one of them)");
    }
    return benchmarks("bench", options);
  }

  private String address(boolean replica) throws IOException {
    Optional<FleetSettings> settings = fleet.isUp() ? fleet.settings() : Optional.empty();
    if (settings.isEmpty()) {
      throw new IOException(
          "the fleet is not running; ./fleet up starts it, or --url names another server");
    }
    int port = settings.get().gatewayPort();
    if (replica) {
      if (settings.get().tls()) {
        throw new IllegalArgumentException(
            "bench: --replica (expected: a fleet that was started without --tls)");
      }
      List<Service> replicas = fleet.replicas();
      port = replicas.isEmpty() ? port : fleet.port(replicas.getFirst()).orElse(port);
    }
    return "http://" + Ports.HOST + ":" + port;
  }

  int raw(List<String> arguments) throws IOException, InterruptedException {
    List<String> options = new ArrayList<>(arguments);
    if (options.stream()
        .noneMatch(option -> option.startsWith("--file") || HELP.contains(option))) {
      Path model =
          fleet.folder().models().resolve(FleetHealth.DEFAULT_MODEL).resolve("1/model.onnx");
      options.addAll(0, List.of("--file", model.toString()));
    }
    return benchmarks("raw", options);
  }

  /** The optimizer, whose paths are relative to the caller's folder. */
  int optimize(List<String> arguments) throws IOException, InterruptedException {
    return optimizer("OptimizeCommand", arguments);
  }

  /** What brings models, which is told the folder and the address unless its options name them. */
  int add(List<String> arguments) throws IOException, InterruptedException {
    FleetSettings settings =
        fleet
            .settings()
            .orElseGet(() -> FleetSettings.ofDefaults(fleet.folder(), fleet.environment()));
    List<String> options = new ArrayList<>(arguments);
    boolean hasFolder =
        options.stream().anyMatch(each -> each.equals("--models") || each.startsWith("--models="));
    if (!hasFolder) {
      options.addAll(List.of("--models", settings.models().toString()));
    }
    options.addAll(List.of("--gateway", "http://" + Ports.HOST + ":" + settings.gatewayPort()));
    if (settings.keys()) {
      options.add("--asks-for-keys");
    }
    return optimizer("AddCommand", options);
  }

  private int optimizer(String command, List<String> arguments)
      throws IOException, InterruptedException {
    Layout layout = layout("model-optimizer");
    return Foreground.run(
        directory,
        layout.commandElsewhere(
            List.of("@" + layout.folder().resolve(Layout.OPTIONS)),
            "io.onnxfleet.optimizer.command." + command,
            arguments));
  }

  /** The gateway's own command. */
  int key(List<String> arguments, Console console) throws IOException, InterruptedException {
    List<String> options = new ArrayList<>(arguments);
    int file = options.indexOf("--file");
    if (file >= 0 && file + 1 < options.size()) {
      options.set(file + 1, directory.resolve(options.get(file + 1)).toString());
    } else if (file < 0) {
      options.addAll(List.of("--file", fleet.environment().keys().toString()));
    }
    if (arguments.isEmpty() || arguments.contains("--help")) {
      options = List.of("--help");
    }
    options = new ArrayList<>(options);
    options.addFirst("key");
    int code =
        Foreground.run(
            directory,
            layout("gateway-service")
                .commandElsewhere(
                    Arrays.asList("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
                    "io.onnxfleet.gateway.GatewayService",
                    options));
    if (code == 0 && file < 0 && fleet.isUp()) {
      Optional<FleetSettings> settings = fleet.settings();
      if (settings.isPresent() && !new FleetHealth(fleet, settings.get()).asksForKeys()) {
        console.err().println(NO_KEYS_YET);
      }
    }
    return code;
  }
}
