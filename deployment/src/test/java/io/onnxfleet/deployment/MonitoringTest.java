package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MonitoringTest {
  private static final String RULES = "monitoring/prometheus/rules/fleet.yml";
  private static final Pattern METRIC = Pattern.compile("\\b(?:fleet|nv)_[a-z_]+");

  @Test
  void operatorsRules_areTheRules() throws IOException {
    assertThat(Repository.yaml("k8s/components/monitoring/rules.yaml").at("spec"))
        .isEqualTo(Repository.yaml(RULES));
  }

  @Test
  void everyAlert_isExplained() throws IOException {
    String operations = Repository.read("docs/operations.md");
    List<String> alerts = new ArrayList<>();
    for (Node group : Repository.yaml(RULES).at("groups").elements()) {
      for (Node rule : group.at("rules").elements()) {
        if (rule.at("alert").isPresent()) {
          String name = rule.at("alert").text();
          alerts.add(name);
          assertThat(operations).as("a section of its own").contains("#### " + name + "\n");
          assertThat(rule.at("annotations/runbook").text())
              .endsWith("#" + name.toLowerCase(Locale.ROOT));
          assertThat(rule.at("labels/severity").text()).isIn("page", "ticket");
        }
      }
    }
    assertThat(alerts).hasSizeGreaterThan(8);
  }

  @Test
  void rulesAndDashboards_nameMetricsThatTheServicesHave() throws IOException {
    Set<String> exported = new HashSet<>(Repository.meters("inference-service"));
    exported.addAll(Repository.meters("gateway-service"));
    for (String file :
        List.of(
            RULES,
            "monitoring/grafana/dashboards/fleet.json",
            "monitoring/grafana/dashboards/replicas.json",
            "k8s/components/keda/scaledobject.yaml")) {
      Matcher matcher = METRIC.matcher(Repository.read(file));
      int found = 0;
      while (matcher.find()) {
        found++;
        String name = matcher.group();
        assertThat(
                exported.contains(name)
                    || exported.contains(name.replaceAll("_(bucket|count|sum|total|max)$", ""))
                    || exported.contains(
                        name.replaceAll("_(seconds|bytes)?(_(bucket|count|sum|total|max))?$", "")))
            .as("%s in %s", name, file)
            .isTrue();
      }
      assertThat(found).as(file).isPositive();
    }
  }
}
