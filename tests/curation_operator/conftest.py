"""A real control plane with a node that runs Pods as processes, and operators beside the tests."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from curation_api.job_options import JobOptions
from curation_operator.metrics import Metrics
from curation_operator.program import Running, running
from curation_operator.settings import OperatorSettings
from tests.curation_operator.farm import Farm, written_by_the_operator
from tests.support.background import Background, in_background
from tests.support.cluster_fixtures import new_namespace
from tests.support.node_fixtures import SCRIPTED
from tools.control_plane.cluster import Cluster, ControlPlane
from tools.node.node import Node

Operators = Callable[..., AbstractContextManager[Running]]


@pytest.fixture
def farm(control_plane: ControlPlane, node: Background[Node]) -> Iterator[Farm]:
    """A namespace with pictures in a volume, and one for results."""
    del node  # It has to be there and no more.
    with a_farm(control_plane) as farm:
        farm.prepare()
        yield farm


@contextmanager
def a_farm(control_plane: Cluster) -> Iterator[Farm]:
    """A new namespace. Whatever is done there, of what users own only the status is written."""
    farm = Farm(new_namespace(control_plane), control_plane)
    yield farm
    for item in farm.objects_of_users():
        assert written_by_the_operator(item) <= {"f:status"}
        assert "finalizers" not in item["metadata"]


def settings_for(namespace: str, **settings: Any) -> OperatorSettings:
    """An operator that serves one namespace, quickly and with small workers."""
    usual = {
        "namespaces": (namespace,),
        "worker_image": SCRIPTED,
        "job": JobOptions(gpus=0, cpu="100m", memory="64Mi", retries=2),
        "http_host": "127.0.0.1",
        "http_port": 0,
        "progress_seconds": 0.5,
        "progress_write_seconds": 0.2,
    }
    return OperatorSettings(**{**usual, **settings})


def lists_of_runs(metrics: Metrics) -> float:
    """How often the API server was asked for a list of runs."""
    labels = {"verb": "list", "resource": "curationruns", "code": "200"}
    name = "curation_operator_api_requests_total"
    return metrics.registry.get_sample_value(name, labels) or 0


@contextmanager
def an_operator(kubeconfig: Path, settings: OperatorSettings) -> Iterator[Running]:
    stop = asyncio.Event()
    with in_background(running(settings, str(kubeconfig), stop)) as operator:
        yield operator.thing
        assert not stop.is_set(), "the operator gave up"


@pytest.fixture
def operators(control_plane: ControlPlane, farm: Farm) -> Operators:
    """Starts an operator for the namespace of the test."""

    def start(
        *, kubeconfig: Path | None = None, **settings: Any
    ) -> AbstractContextManager[Running]:
        return an_operator(
            kubeconfig or control_plane.kubeconfig, settings_for(farm.namespace, **settings)
        )

    return start


@pytest.fixture
def operator(operators: Operators) -> Iterator[Running]:
    """An operator at work for the namespace of the test."""
    with operators() as running:
        yield running
