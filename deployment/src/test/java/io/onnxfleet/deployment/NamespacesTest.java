package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Two fleets that one Prometheus scrapes neither scale nor wake each other. */
class NamespacesTest {
  private static final String RULES = "monitoring/prometheus/rules/fleet.yml";
  private static final String ELSEWHERE = "elsewhere";

  @Test
  void rules_groupByNamespace() throws IOException {
    int asked = 0;
    for (Node group : Repository.yaml(RULES).at("groups").elements()) {
      for (Node rule : group.at("rules").elements()) {
        Query query = new Query(rule.at("expr").text());
        assertThat(query.mixing()).as("%s", query).isEmpty();
        asked++;
      }
    }
    assertThat(asked).isGreaterThan(30);
  }

  /** The adapter fills in the namespace with the matchers, and the pod with what is grouped by. */
  @Test
  void adaptersRules_selectWhatTheAdapterAsksFor() throws IOException {
    List<Node> rules = Repository.yaml("k8s/adapter-values.yaml").at("rules/custom").elements();
    assertThat(rules).hasSize(2);
    for (Node rule : rules) {
      assertThat(rule.at("seriesQuery").text()).contains("namespace!=\"\"");
      assertThat(rule.at("resources/overrides/namespace/resource").text()).isEqualTo("namespace");
      String filled =
          rule.at("metricsQuery")
              .text()
              .replace("<<.Series>>", "series")
              .replace("<<.LabelMatchers>>", "namespace=\"" + ELSEWHERE + "\"");
      Query query = new Query(filled.replace("<<.GroupBy>>", "pod"));
      assertThat(query.selectors()).as("%s", query).isNotEmpty();
      assertThat(query.selectorsBeyond(ELSEWHERE)).as("%s", query).isEmpty();
      assertThat(new Query(filled.replace("<<.GroupBy>>", "namespace")).mixing())
          .as("%s", query)
          .isEmpty();
    }
  }

  @Test
  void autoscalers_askForTheirOwnNamespace() {
    assertThat(queries(Manifests.documents(), Manifests.NAMESPACE)).hasSize(3);
    assertThat(queries(Manifests.elsewhere("keda", "keda/namespace", ELSEWHERE), ELSEWHERE))
        .hasSize(3);
    Map<String, ?> values = Map.of("autoscaling.by", "keda", "monitoring.enabled", true);
    assertThat(queries(Chart.render(ELSEWHERE, values).values(), ELSEWHERE)).hasSize(3);
  }

  @Test
  void query_isFoundToMixNamespaces() {
    for (String mixing :
        List.of(
            "sum(a)",
            "sum by (model) (a{namespace=\"x\"})",
            "max(a) by (namespace)",
            "sum without (namespace) (a)",
            "count by (namespace) (count(a))",
            "topk(3, a)",
            "a * on (model) b",
            "a / ignoring (namespace, le) b",
            "absent(a)",
            "sum by (namespace) (a) / scalar(b)")) {
      assertThat(new Query(mixing).mixing()).as(mixing).isNotEmpty();
    }
    for (String apart :
        List.of(
            "a{b=\"sum(c)\"} == 0",
            "sum by (le, namespace) (rate(a[5m])) > 0",
            "sum without (le) (a) / on (namespace) max by (namespace) (b)",
            "count_total > 1 and a_sum == 0")) {
      assertThat(new Query(apart).mixing()).as(apart).isEmpty();
    }
  }

  @Test
  void query_isFoundToAskBeyondItsNamespace() {
    Query query =
        new Query(
            "sum(max by (pod) (a:b{namespace=\"x\", c!=\"}\"}))"
                + " + sum(rate(d_total[2m])) or {e=\"f\"} unless g offset 5m or vector(0) * 1e3");
    assertThat(query.selectors())
        .containsExactly("a:b{namespace=\"x\", c!=\"}\"}", "d_total", "{e=\"f\"}", "g");
    assertThat(query.selectorsBeyond("x")).containsExactly("d_total", "{e=\"f\"}", "g");
    assertThat(query.selectorsBeyond("y")).hasSize(4);
    assertThat(new Query("a{exported_namespace=\"x\"}").selectorsBeyond("x")).hasSize(1);
  }

  /** KEDA's queries, each held to the namespace that its object is in. */
  private static List<Query> queries(Collection<Node> documents, String namespace) {
    List<Query> queries = new ArrayList<>();
    for (Node document : documents) {
      String kind = document.at("kind").text();
      if (kind.equals("ScaledObject")) {
        assertThat(document.at("metadata/namespace").text()).isEqualTo(namespace);
        for (Node trigger : document.at("spec/triggers").elements()) {
          assertThat(trigger.at("type").text()).isEqualTo("prometheus");
          Query query = new Query(trigger.at("metadata/query").text());
          assertThat(query.selectors()).as("%s", query).isNotEmpty();
          assertThat(query.selectorsBeyond(namespace)).as("%s", query).isEmpty();
          queries.add(query);
        }
      } else if (kind.equals("HorizontalPodAutoscaler")) {
        // Metrics of pods are of the autoscaler's namespace; external ones are of none.
        for (Node metric : document.at("spec/metrics").elements()) {
          assertThat(metric.at("type").text()).isIn("Resource", "Pods");
        }
      }
    }
    return queries;
  }
}
