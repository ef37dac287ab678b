package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MonitoringTest {
  private static final String RULES = "monitoring/prometheus/rules/fleet.yml";

  /** Of a meter, or a constant that is one's. */
  private static final Pattern TAG =
      Pattern.compile(
          "\\.tag\\(\\s*\"([a-z_.]+)\"|\\b(?:TAG_\\w+|\\w+_TAG|OUTCOME|STATUS) = \"([a-z_.]+)\"");

  private static final Pattern METRIC = Pattern.compile("\\b(?:fleet|nv)_[a-z_]+");

  @Test
  void operatorsRules_areTheRules() throws IOException {
    assertThat(Repository.yaml("k8s/components/monitoring/rules.yaml").at("spec"))
        .isEqualTo(Repository.yaml(RULES));
  }

  /** A service whose metrics rules name is scraped, by Prometheus alone and by its operator. */
  @Test
  void services_areScraped() throws IOException {
    Set<String> jobs = new HashSet<>();
    for (Node job :
        Repository.yaml("monitoring/prometheus/prometheus.yml").at("scrape_configs").elements()) {
      String name = job.at("job_name").text();
      jobs.add(name);
      assertThat(job.at("dns_sd_configs/0/names").elements())
          .containsExactly(new Node(name), new Node("tasks." + name));
      assertThat(Repository.yaml("docker-compose.yml").at("services").map().containsKey(name))
          .as(name)
          .isTrue();
      assertThat(Repository.meters(name)).as(name).isNotEmpty();
    }
    assertThat(jobs)
        .containsExactlyInAnyOrder("gateway-service", "inference-service", "job-service");
    Matcher down = Pattern.compile("up\\{job=~\"([^\"]+)\"} == 0").matcher(Repository.read(RULES));
    assertThat(down.find()).isTrue();
    assertThat(jobs).allMatch(job -> job.matches(down.group(1)));
  }

  /**
   * Prometheus, its operator and our monitors put labels of these names on each target; a meter's
   * own would be called otherwise there ("exported_...") than where the fleet runs without them.
   */
  @Test
  void meters_haveNoTagThatPrometheusSetsItself() throws IOException {
    Set<String> tags = new TreeSet<>();
    for (String module : List.of("gateway-service", "inference-service", "job-service")) {
      for (Path file : Repository.sources(module)) {
        Matcher tag = TAG.matcher(Files.readString(file));
        while (tag.find()) {
          tags.add(tag.group(1) == null ? tag.group(2) : tag.group(1));
        }
      }
    }
    assertThat(tags).contains("webhook", "model", "outcome", "execution.provider");
    assertThat(tags)
        .doesNotContain(
            "job", "instance", "endpoint", "namespace", "pod", "container", "accelerator");
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
    exported.addAll(Repository.meters("job-service"));
    for (String file :
        List.of(
            RULES,
            "monitoring/grafana/dashboards/fleet.json",
            "monitoring/grafana/dashboards/replicas.json",
            "monitoring/grafana/dashboards/jobs.json",
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
