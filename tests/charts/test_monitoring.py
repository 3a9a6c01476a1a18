"""Alerts fire when they should and not before, and what is drawn exists."""

import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from curation_job.runtime.progress import Progress
from curation_job.runtime.server import serving
from curation_operator.metrics import Metrics
from curation_operator.settings import OperatorSettings
from tests.support.helm import EVERYTHING, Helm, of_kind
from tools.control_plane.cluster import ControlPlane
from tools.control_plane.crds import install_crds
from tools.test_servers import MissingServerError, need_promtool

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs/runbook.md"
SITUATIONS = Path(__file__).with_name("alerts.yaml")

PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator"

METRIC = re.compile(r"\bcuration_(?!dev_)[a-z_]+")


@pytest.fixture(scope="session")
def groups(helm3: Helm) -> Any:
    """The rules as the chart brings them to Prometheus."""
    alerts = {"enabled": True, "runbookUrl": "https://runbook.example.com"}
    objects = helm3.rendered({"monitoring": {"alerts": alerts}})
    [rule] = of_kind("PrometheusRule", objects)
    return rule["spec"]["groups"]


def crds_of_the_prometheus_operator(folder: Path) -> Path:
    """The CRDs of the kinds that the chart makes for it, from the module of Go that it is."""
    try:
        printed = subprocess.run(
            ["go", "mod", "download", "-json", PROMETHEUS_OPERATOR],
            cwd=Path(__file__).with_name("prometheus_operator"),
            env={**os.environ, "GOWORK": "off"}, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    except FileNotFoundError:
        pytest.skip("needs Go: the CRDs of the Prometheus operator are in a module of Go")
    published = Path(json.loads(printed)["Dir"], "example/prometheus-operator-crd")
    for plural in ("podmonitors", "prometheusrules", "servicemonitors"):
        shutil.copy(published / f"monitoring.coreos.com_{plural}.yaml", folder)
    return folder


def test_the_prometheus_operator_takes_what_is_made_for_it(
    cluster: ControlPlane, helm3: Helm, tmp_path: Path
) -> None:
    install_crds(cluster, crds_of_the_prometheus_operator(tmp_path))
    made = [
        item for item in helm3.rendered(EVERYTHING)
        if item["apiVersion"].startswith("monitoring.coreos.com/")
    ]  # fmt: skip
    in_place = [{**item, "metadata": {**item["metadata"], "namespace": "default"}} for item in made]
    objects = json.dumps({"apiVersion": "v1", "kind": "List", "items": in_place})

    # A field that is not known is refused as well.
    cluster.kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", input=objects)

    assert {item["kind"] for item in made} == {"PodMonitor", "PrometheusRule", "ServiceMonitor"}


def alerts_of(groups: Any) -> dict[str, Any]:
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_each_alert_fires_when_it_should_and_not_before(groups: Any, tmp_path: Path) -> None:
    try:
        promtool = need_promtool()
    except MissingServerError as missing:
        pytest.skip(str(missing))
    (tmp_path / "alerts.yaml").write_text(json.dumps({"groups": groups}))
    (tmp_path / "situations.yaml").write_text(SITUATIONS.read_text())

    ran = subprocess.run(
        [promtool, "test", "rules", "situations.yaml"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_each_alert_is_seen_to_fire_and_to_keep_quiet(groups: Any) -> None:
    fires: dict[bool, set[str]] = {True: set(), False: set()}
    for situation in yaml.safe_load(SITUATIONS.read_text())["tests"]:
        for expected in situation["alert_rule_test"]:
            fires[bool(expected["exp_alerts"])].add(expected["alertname"])

    assert fires[True] == fires[False] == set(alerts_of(groups))


def test_each_alert_has_a_page_that_says_what_to_do(groups: Any) -> None:
    headings = re.findall(r"^## (\w+)$", RUNBOOK.read_text(), re.MULTILINE)

    assert headings == list(alerts_of(groups))
    for name, alert in alerts_of(groups).items():
        link = alert["annotations"]["runbook_url"]
        assert link == f"https://runbook.example.com#{name.lower()}"


def metrics_there_are() -> set[str]:
    """What the operator and its workers really tell, as Prometheus stores it."""
    with serving(Progress(), host="127.0.0.1", port=0) as port:
        address = f"http://127.0.0.1:{port}/metrics"
        of_worker = urllib.request.urlopen(address).read().decode()
    families = [
        *Metrics(OperatorSettings()).registry.collect(),
        *text_string_to_metric_families(of_worker),
    ]
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    return {
        f"{family.name}{suffix}"
        for family in families
        for suffix in suffixes.get(family.type, [""])
    }


def test_alerts_ask_for_metrics_that_there_are(groups: Any) -> None:
    asked = {name for alert in alerts_of(groups).values() for name in METRIC.findall(alert["expr"])}

    assert asked <= metrics_there_are()


def expressions(dashboard: Any) -> Iterator[str]:
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for variable in dashboard["templating"]["list"]:
        yield variable["query"]


def test_the_dashboard_draws_metrics_that_there_are(helm3: Helm) -> None:
    [config_map] = of_kind("ConfigMap", helm3.rendered(EVERYTHING))
    dashboard = json.loads(config_map["data"]["curation.json"])

    drawn = {name for text in expressions(dashboard) for name in METRIC.findall(text)}

    assert drawn <= metrics_there_are()
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    # Everything that there is can be seen, but for what is for programs.
    told = {name for name in metrics_there_are() if not name.endswith(("_sum", "_count"))}
    assert told - drawn == {
        "curation_operator_build_info",
        "curation_operator_event_loop_lag_seconds",
        "curation_operator_leader",
        "curation_operator_watch_last_event_timestamp_seconds",
        "curation_operator_workqueue_retries_total",
        "curation_worker_done_total",
        "curation_worker_step",
        "curation_worker_step_total",
    }
