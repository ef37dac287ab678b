package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ScrapeIT {

  @Test
  void everyMeter_isExplained_andCountersAreCounters() throws Exception {
    try (RunningGateway gateway = new RunningGateway();
        FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");
      assertThat(gateway.post("/v2/models/a/infer", "{}").statusCode()).isEqualTo(200);
      List<String> lines = gateway.get("/actuator/prometheus").body().lines().toList();
      Map<String, String> explained = new HashMap<>();
      lines.stream()
          .filter(line -> line.startsWith("# HELP "))
          .map(line -> (line + " ").split(" ", 4))
          .forEach(help -> explained.put(help[2], help[3].strip()));
      assertThat(lines).anyMatch(line -> line.startsWith("# TYPE fleet_gateway_refused_heads"));
      assertThat(lines)
          .filteredOn(line -> line.startsWith("# TYPE "))
          .allSatisfy(
              line -> {
                String[] type = line.split(" ", -1);
                assertThat(explained.get(type[2])).as(line).isNotBlank();
                assertThat(type[2].endsWith("_total"))
                    .as(line)
                    .isEqualTo(type[3].equals("counter"));
              });
    }
  }
}
