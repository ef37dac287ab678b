"""queries.py URL: evaluates every expression that ships against a Prometheus; names those that return nothing."""

import json
import pathlib
import re
import sys
import time
import urllib.parse
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent

METRIC = re.compile(r"\b(?:fleet|jvm|process|nv)[_:][a-z0-9_:]+")

# Nothing is retried in a healthy fleet, and the fleet of docker-compose.yml has no endpoints of webhooks.
MAY_BE_EMPTY = ("fleet_gateway_retries_total", "fleet_jobs_webhooks_deliveries_total")


def dashboards():
    for file in sorted((ROOT / "monitoring/grafana/dashboards").glob("*.json")):
        board = json.loads(file.read_text())
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield f"{file.name}: {panel['title']}", target["expr"]
        for variable in board["templating"]["list"]:
            metric, label = re.fullmatch(r"label_values\((.+), *(\w+)\)", variable["query"]["query"]).groups()
            yield f"{file.name}: ${variable['name']}", f'count by ({label}) ({metric}{{{label}!=""}})'


def recordings():
    rules = yaml.safe_load((ROOT / "monitoring/prometheus/rules/fleet.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "record" in rule:
                yield rule["record"], rule["expr"]


def alerts():
    """A healthy fleet fires none: that each is understood, and that what it compares is there."""
    rules = yaml.safe_load((ROOT / "monitoring/prometheus/rules/fleet.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                yield rule["alert"], rule["expr"]


def without_namespace(name, query):
    """A query of KEDA's without the namespace that each of its metrics must name: outside Kubernetes there is none."""
    stripped, named = re.subn(r'namespace="[^"]+"(, *)?', "", query)
    metrics = METRIC.findall(stripped)
    if named != len(metrics):
        sys.exit(f"KEDA: {name}: {named} of {len(metrics)} metrics name a namespace (expected: all): {query}")
    return stripped


def autoscalers():
    """The adapter's queries as the adapter fills them in, and KEDA's without their namespace."""
    adapter = yaml.safe_load((ROOT / "k8s/adapter-values.yaml").read_text())
    for rule in adapter["rules"]["custom"]:
        series = re.match(r"\w+", rule["seriesQuery"]).group()
        query = rule["metricsQuery"]
        for placeholder, value in (("<<.Series>>", series), ("<<.LabelMatchers>>", ""), ("<<.GroupBy>>", "instance")):
            query = query.replace(placeholder, value)
        yield "adapter: " + rule["name"]["as"], query
    for document in yaml.safe_load_all((ROOT / "k8s/components/keda/scaledobject.yaml").read_text()):
        for trigger in (document or {}).get("spec", {}).get("triggers", []):
            yield "KEDA: " + trigger["name"], without_namespace(trigger["name"], trigger["metadata"]["query"])


def ask(base, expression):
    query = re.sub(r"\$\w+", ".*", expression)
    with urllib.request.urlopen(base + "/api/v1/query?" + urllib.parse.urlencode({"query": query}), timeout=10) as answer:
        return json.load(answer)["data"]["result"]


def main():
    base = sys.argv[1]
    expressions = [*dashboards(), *recordings(), *autoscalers()]
    empty = expressions
    deadline = time.monotonic() + 45
    while empty and time.monotonic() < deadline:  # recordings and rates come with the next evaluations
        empty = [(name, query) for name, query in empty if not ask(base, query)]
        if empty:
            time.sleep(2)
    empty = [(name, query) for name, query in empty if not any(known in query for known in MAY_BE_EMPTY)]
    for name, query in alerts():
        firing = ask(base, query)
        if firing:
            print(f"fires: {name}: {firing[0]['metric']}")
        for metric in sorted(set(METRIC.findall(query)) - set(MAY_BE_EMPTY)):
            expressions.append((name, f"count({metric})"))
            if not ask(base, f"count({metric})"):
                empty.append((name, metric))
    for name, query in empty:
        print(f"no data: {name}: {query}", file=sys.stderr)
    print(f"{len(expressions) - len(empty)} of {len(expressions)} expressions return data")
    return bool(empty) or len(expressions) < 40


sys.exit(main())
