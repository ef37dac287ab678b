package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * What Grafana is given, held to its documented format: no check starts Grafana, which passes over
 * a field that it does not know without a word. That the queries return data, ci/queries asks a
 * real Prometheus.
 */
class GrafanaTest {
  private static final String DATASOURCES =
      "monitoring/grafana/provisioning/datasources/prometheus.yml";
  private static final String PROVIDERS = "monitoring/grafana/provisioning/dashboards/fleet.yml";
  private static final List<String> DASHBOARDS =
      List.of(
          "monitoring/grafana/dashboards/fleet.json",
          "monitoring/grafana/dashboards/replicas.json",
          "monitoring/grafana/dashboards/jobs.json");

  /** Where Grafana's image looks for provisioning. */
  private static final String PROVISIONING = "/etc/grafana/provisioning";

  private static final int COLUMNS = 24;

  /** From 36 on a panel names its data source by type and uid. */
  private static final long LEAST_SCHEMA = 36;

  private static final Set<String> DATASOURCE_FIELDS =
      Set.of(
          "name",
          "uid",
          "type",
          "access",
          "orgId",
          "url",
          "user",
          "database",
          "basicAuth",
          "basicAuthUser",
          "withCredentials",
          "isDefault",
          "jsonData",
          "secureJsonData",
          "version",
          "editable");

  /** Of a data source of the type "prometheus". */
  private static final Set<String> PROMETHEUS_SETTINGS =
      Set.of(
          "timeInterval",
          "queryTimeout",
          "httpMethod",
          "manageAlerts",
          "prometheusType",
          "prometheusVersion",
          "cacheLevel",
          "incrementalQuerying",
          "exemplarTraceIdDestinations");

  private static final Set<String> PROVIDER_FIELDS =
      Set.of(
          "name",
          "orgId",
          "folder",
          "folderUid",
          "type",
          "disableDeletion",
          "updateIntervalSeconds",
          "allowUiUpdates",
          "options");

  private static final Set<String> DASHBOARD_FIELDS =
      Set.of(
          "id",
          "uid",
          "title",
          "description",
          "tags",
          "timezone",
          "editable",
          "graphTooltip",
          "time",
          "timepicker",
          "fiscalYearStartMonth",
          "liveNow",
          "weekStart",
          "refresh",
          "schemaVersion",
          "version",
          "panels",
          "templating",
          "annotations",
          "links");

  private static final Set<String> PANEL_FIELDS =
      Set.of(
          "id",
          "type",
          "title",
          "description",
          "gridPos",
          "datasource",
          "targets",
          "fieldConfig",
          "options",
          "transparent",
          "links",
          "repeat",
          "repeatDirection",
          "maxPerRow",
          "interval",
          "maxDataPoints",
          "timeFrom",
          "timeShift",
          "transformations");

  private static final Set<String> TARGET_FIELDS =
      Set.of(
          "refId",
          "datasource",
          "expr",
          "legendFormat",
          "format",
          "instant",
          "range",
          "interval",
          "exemplar",
          "editorMode",
          "hide");

  private static final Set<String> FIELD_DEFAULTS =
      Set.of(
          "unit",
          "min",
          "max",
          "decimals",
          "displayName",
          "color",
          "thresholds",
          "mappings",
          "noValue",
          "links",
          "custom");

  /** Panels of Grafana's own, and the options of those that we use. */
  private static final Map<String, Set<String>> PANEL_OPTIONS =
      Map.of(
          "timeseries",
          Set.of("legend", "tooltip"),
          "stat",
          Set.of(
              "reduceOptions",
              "orientation",
              "textMode",
              "colorMode",
              "graphMode",
              "justifyMode",
              "text"));

  private static final Set<String> CALCULATIONS =
      Set.of("lastNotNull", "last", "first", "firstNotNull", "min", "max", "mean", "sum", "count");

  /** Of the many that Grafana knows. */
  private static final Set<String> UNITS =
      Set.of("short", "none", "s", "ms", "bytes", "percent", "percentunit", "reqps", "ops");

  private static final Set<String> VARIABLE_FIELDS =
      Set.of(
          "name",
          "label",
          "description",
          "type",
          "query",
          "definition",
          "datasource",
          "includeAll",
          "multi",
          "allValue",
          "current",
          "options",
          "refresh",
          "regex",
          "sort",
          "hide",
          "skipUrlSync");

  private static final Pattern DURATION = Pattern.compile("\\d+(ms|s|m|h|d|w)");
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{?(\\w+)");
  private static final Pattern LABEL_VALUES =
      Pattern.compile("label_values\\([a-z_]+(\\{[^}]*})?, ?[a-z_]+\\)");

  @Test
  void datasources_areWhatGrafanaReads() throws IOException {
    Node file = Repository.yaml(DATASOURCES);
    requireFields(DATASOURCES, file, Set.of("apiVersion", "datasources", "deleteDatasources"));
    assertThat(file.at("apiVersion").number()).isEqualTo(1);
    List<Node> sources = file.at("datasources").elements();
    assertThat(sources).hasSize(1);
    Node source = sources.getFirst();
    requireFields(DATASOURCES, source, DATASOURCE_FIELDS);
    requireFields(DATASOURCES, source.at("jsonData"), PROMETHEUS_SETTINGS);
    assertThat(source.at("name").isPresent()).isTrue();
    assertThat(source.at("type").text()).isEqualTo("prometheus");
    assertThat(source.at("access").text()).isIn("proxy", "direct");
    requireUid(source.at("uid"));
    Matcher url = Pattern.compile("http://([a-z-]+):9090").matcher(source.at("url").text());
    assertThat(url.matches()).as(source.at("url").text()).isTrue();
    assertThat(Repository.yaml("docker-compose.yml").at("services").map().containsKey(url.group(1)))
        .as("a service of docker-compose.yml")
        .isTrue();
    assertThat(source.at("jsonData/timeInterval").text())
        .as("how often Prometheus scrapes, which the shortest ranges follow")
        .isEqualTo(
            Repository.yaml("monitoring/prometheus/prometheus.yml")
                .at("global/scrape_interval")
                .text());
  }

  @Test
  void providers_findTheDashboardsWhereTheyAreMounted() throws IOException {
    Node file = Repository.yaml(PROVIDERS);
    requireFields(PROVIDERS, file, Set.of("apiVersion", "providers"));
    assertThat(file.at("apiVersion").number()).isEqualTo(1);
    Node grafana = Repository.yaml("docker-compose.yml").at("services/grafana");
    List<String> mounts = grafana.at("volumes").elements().stream().map(Node::text).toList();
    assertThat(mounts).contains("./monitoring/grafana/provisioning:" + PROVISIONING + ":ro");
    List<Node> providers = file.at("providers").elements();
    assertThat(providers).hasSize(1);
    Node provider = providers.getFirst();
    requireFields(PROVIDERS, provider, PROVIDER_FIELDS);
    requireFields(PROVIDERS, provider.at("options"), Set.of("path", "foldersFromFilesStructure"));
    assertThat(provider.at("name").isPresent()).isTrue();
    assertThat(provider.at("type").text()).isEqualTo("file");
    String path = provider.at("options/path").text();
    assertThat(mounts).contains("./monitoring/grafana/dashboards:" + path + ":ro");
    assertThat(grafana.at("environment/GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH").text())
        .isIn(
            DASHBOARDS.stream().map(name -> path + name.substring(name.lastIndexOf('/'))).toList());
    assertThat(grafana.at("healthcheck/test").text()).contains("/api/health");
  }

  @Test
  void dashboards_areWhatGrafanaReads() throws IOException {
    Set<String> uids = new HashSet<>();
    for (String name : DASHBOARDS) {
      Node board = Repository.yaml(name);
      requireFields(name, board, DASHBOARD_FIELDS);
      requireUid(board.at("uid"));
      assertThat(uids.add(board.at("uid").text())).as(name).isTrue();
      assertThat(board.at("title").text()).isNotBlank();
      assertThat(board.at("schemaVersion").number()).isGreaterThanOrEqualTo(LEAST_SCHEMA);
      assertThat(board.at("version").number()).isPositive();
      assertThat(board.at("refresh").text()).matches(DURATION);
      requireFields(name, board.at("time"), Set.of("from", "to"));
      assertThat(board.at("time/from").text()).matches("now-" + DURATION.pattern());
      assertThat(board.at("time/to").text()).isEqualTo("now");
      Set<String> variables = requireVariables(name, board);
      requirePanels(name, board, variables);
    }
  }

  private static Set<String> requireVariables(String name, Node board) throws IOException {
    requireFields(name, board.at("templating"), Set.of("list"));
    Set<String> names = new HashSet<>();
    for (Node variable : board.at("templating/list").elements()) {
      requireFields(name, variable, VARIABLE_FIELDS);
      assertThat(names.add(variable.at("name").text())).as(name).isTrue();
      assertThat(variable.at("type").text()).isEqualTo("query");
      requireDatasource(name, variable);
      requireFields(name, variable.at("query"), Set.of("query", "refId", "qryType"));
      assertThat(variable.at("query/query").text()).matches(LABEL_VALUES);
      requireFields(name, variable.at("current"), Set.of("text", "value", "selected"));
      assertThat(variable.at("refresh").number())
          .as("0: never, 1: load, 2: range")
          .isBetween(0L, 2L);
    }
    return names;
  }

  private static void requirePanels(String name, Node board, Set<String> variables)
      throws IOException {
    Set<String> ids = new HashSet<>();
    Map<String, String> taken = new TreeMap<>();
    Set<String> used = new HashSet<>();
    List<Node> panels = board.at("panels").elements();
    assertThat(panels).hasSizeGreaterThan(5);
    for (Node panel : panels) {
      String what = name + ": " + panel.at("title").text();
      requireFields(what, panel, PANEL_FIELDS);
      assertThat(panel.at("id").number()).as(what).isPositive();
      assertThat(ids.add(panel.at("id").text())).as(what).isTrue();
      assertThat(panel.at("title").text()).as(name).isNotBlank();
      requirePlace(what, panel.at("gridPos"), taken);
      requireDatasource(what, panel);
      requireLook(what, panel);
      Set<String> references = new HashSet<>();
      for (Node target : panel.at("targets").elements()) {
        requireFields(what, target, TARGET_FIELDS);
        assertThat(target.at("refId").text()).as(what).matches("[A-Z]");
        assertThat(references.add(target.at("refId").text())).as(what).isTrue();
        requireDatasource(what, target);
        assertThat(target.at("expr").text()).as(what).isNotBlank();
        Matcher variable = VARIABLE.matcher(target.at("expr").text());
        while (variable.find()) {
          if (!variable.group(1).startsWith("__")) {
            assertThat(variables).as(what).contains(variable.group(1));
            used.add(variable.group(1));
          }
        }
      }
      assertThat(references).as(what).isNotEmpty();
    }
    assertThat(used).as("%s: variables that some panel uses", name).isEqualTo(variables);
  }

  /** Within the grid, and over no other panel. */
  private static void requirePlace(String what, Node place, Map<String, String> taken) {
    requireFields(what, place, Set.of("x", "y", "w", "h", "static"));
    long x = place.at("x").number();
    long y = place.at("y").number();
    long width = place.at("w").number();
    long height = place.at("h").number();
    assertThat(x).as(what).isNotNegative();
    assertThat(y).as(what).isNotNegative();
    assertThat(width).as(what).isPositive();
    assertThat(height).as(what).isPositive();
    assertThat(x + width).as(what).isLessThanOrEqualTo(COLUMNS);
    for (long row = y; row < y + height; row++) {
      for (long column = x; column < x + width; column++) {
        String other = taken.put(row + "," + column, what);
        assertThat(other).as("%s lies over it", what).isNull();
      }
    }
  }

  private static void requireLook(String what, Node panel) {
    Set<String> options = PANEL_OPTIONS.get(panel.at("type").text());
    assertThat(options).as("%s: %s", what, panel.at("type").text()).isNotNull();
    requireFields(what, panel.at("options"), options);
    requireFields(what, panel.at("fieldConfig"), Set.of("defaults", "overrides"));
    Node defaults = panel.at("fieldConfig/defaults");
    requireFields(what, defaults, FIELD_DEFAULTS);
    assertThat(defaults.at("unit").text()).as(what).isIn(UNITS);
    requireFields(
        what,
        panel.at("options/legend"),
        Set.of("displayMode", "placement", "showLegend", "calcs", "width"));
    if (panel.at("options/legend").isPresent()) {
      assertThat(panel.at("options/legend/displayMode").text())
          .as(what)
          .isIn("list", "table", "hidden");
      assertThat(panel.at("options/legend/placement").text()).as(what).isIn("bottom", "right");
    }
    requireFields(
        what, panel.at("options/reduceOptions"), Set.of("calcs", "fields", "values", "limit"));
    for (Node calculation : panel.at("options/reduceOptions/calcs").elements()) {
      assertThat(calculation.text()).as(what).isIn(CALCULATIONS);
    }
  }

  /** The one that is provisioned. */
  private static void requireDatasource(String what, Node of) throws IOException {
    Node provisioned = Repository.yaml(DATASOURCES).at("datasources/0");
    requireFields(what, of.at("datasource"), Set.of("type", "uid"));
    assertThat(of.at("datasource/type").text()).as(what).isEqualTo(provisioned.at("type").text());
    assertThat(of.at("datasource/uid").text()).as(what).isEqualTo(provisioned.at("uid").text());
  }

  private static void requireUid(Node uid) {
    assertThat(uid.text()).matches("[A-Za-z0-9_-]{8,40}");
  }

  private static void requireFields(String what, Node node, Set<String> known) {
    Set<String> unknown = new HashSet<>();
    node.map().keySet().forEach(key -> unknown.add(String.valueOf(key)));
    unknown.removeAll(known);
    assertThat(unknown).as("%s: fields that Grafana does not know", what).isEmpty();
  }
}
