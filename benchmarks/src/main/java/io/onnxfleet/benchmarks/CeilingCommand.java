package io.onnxfleet.benchmarks;

import io.onnxfleet.benchmarks.load.Load;
import io.onnxfleet.benchmarks.load.LoadGenerator;
import io.onnxfleet.benchmarks.load.NoOpServer;
import io.onnxfleet.benchmarks.load.PreparedRequest;
import io.onnxfleet.benchmarks.load.Window;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ceiling}: what the load generator itself can do, against a server that does nothing. */
@Command(
    name = "ceiling",
    description = "Measures the load generator against a server that answers at once.",
    mixinStandardHelpOptions = true)
final class CeilingCommand implements Callable<Integer> {
  /** A MiniLM request of 32 tokens in binary, and its answer: 32 x 384 floats. */
  private static final int REQUEST_BYTES = 1_100;

  private static final List<Integer> ANSWER_BYTES = List.of(100, 49_152);
  private static final int CALLERS = 64;

  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--duration", paramLabel = "S", description = "Default: ${DEFAULT-VALUE}.")
  private int seconds = 4;

  @Override
  public Integer call() throws IOException, InterruptedException {
    CommandSpec injected = spec;
    if (injected == null) {
      throw new IllegalStateException("run by picocli only");
    }
    var out = injected.commandLine().getOut();
    out.println(
        "%d connections, requests of %d bytes, load generator and server in one process"
            .formatted(CALLERS, REQUEST_BYTES));
    for (int bytes : ANSWER_BYTES) {
      Window window = measure(bytes);
      out.println(
          "answers of %6d bytes: %8.0f/s, p50 %.2f ms, p99 %.2f ms, failed %d"
              .formatted(
                  bytes,
                  window.perSecond(),
                  window.millis(50),
                  window.millis(99),
                  window.failed()));
      out.flush();
    }
    return 0;
  }

  private Window measure(int answerBytes) throws IOException, InterruptedException {
    try (NoOpServer server = new NoOpServer(answerBytes);
        LoadGenerator generator =
            new LoadGenerator(
                server.target(),
                List.of(
                    PreparedRequest.post(server.target(), "/", Map.of(), new byte[REQUEST_BYTES])),
                new Load.Closed(CALLERS),
                Duration.ofSeconds(10),
                System::nanoTime,
                1)) {
      generator.start();
      TimeUnit.SECONDS.sleep(seconds); // warms up
      generator.window();
      TimeUnit.SECONDS.sleep(seconds);
      return generator.window();
    }
  }
}
