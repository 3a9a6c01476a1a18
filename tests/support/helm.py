"""Runs Helm on our chart, and reads what comes out."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[2] / "charts/curation"

# Everything that the chart can make, at once.
EVERYTHING: Mapping[str, Any] = {
    "replicas": 2,
    "namespaces": ["farms", "roads"],
    "settings": {"kueue": True, "customImagesAllowed": True},
    "admissionPolicy": {"imagePrefixes": ["registry.example.com/"]},
    "networkPolicies": {"enabled": True},
    "monitoring": {
        "serviceMonitor": {"enabled": True},
        "podMonitor": {"enabled": True},
        "alerts": {"enabled": True},
        "dashboard": {"enabled": True},
    },
}


class HelmError(Exception):
    """What Helm complained about."""


@dataclass(frozen=True)
class Helm:
    """A Helm, and a cluster where it has to do with one."""

    program: Path
    kubeconfig: Path | None = None

    def __call__(self, *arguments: str, values: Mapping[str, Any] | None = None) -> str:
        """Run a command, with values as from a file; return what it printed."""
        cluster = [f"--kubeconfig={self.kubeconfig}"] if self.kubeconfig else []
        # JSON is YAML: what stands here comes to Helm as a user's file would.
        given = ["--values=/dev/stdin"] if values is not None else []
        ran = subprocess.run(
            [self.program, *arguments, *cluster, *given],
            input=None if values is None else json.dumps(values),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != 0:
            raise HelmError(ran.stderr.strip())
        return ran.stdout

    def rendered(
        self, values: Mapping[str, Any] | None = None, *options: str, chart: Path = CHART
    ) -> list[Any]:
        """The objects of a release `curation` in the namespace `curation-system`."""
        arguments = ("template", "curation", str(chart), "--namespace=curation-system", *options)
        text = self(*arguments, values=values or {})
        # The CRDs are long; PyYAML's own parser would take seconds.
        return [item for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item]


def earlier_chart(folder: Path) -> Path:
    """The chart as it was before `kubectl get` had a column for the queue."""
    chart = shutil.copytree(CHART, folder / "curation")
    (chart / "Chart.yaml").write_text(
        (CHART / "Chart.yaml").read_text().replace("version: 0.1.0", "version: 0.0.9", 1)
    )
    path = chart / "files/crds/curation.dev_curationruns.yaml"
    crd = yaml.safe_load(path.read_text())
    [version] = crd["spec"]["versions"]
    version["additionalPrinterColumns"] = version["additionalPrinterColumns"][:-3]
    path.write_text(yaml.safe_dump(crd, sort_keys=False))
    return chart


def of_kind(kind: str, objects: Iterable[Any]) -> list[Any]:
    """The objects of this kind."""
    return [item for item in objects if item["kind"] == kind]


def environment_of(deployment: Any) -> dict[str, str]:
    """What the operator reads from its environment; what comes from the Pod is left out."""
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
