"""`make dev` as a person uses it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.control_plane.binaries import folder_for_path

ROOT = Path(__file__).parents[2]


# The longest that the page about it promises.
FIRST_RUN_TIMEOUT = "5m"


@pytest.fixture
def checkout(short_path: Path) -> Path:
    """A place with our CRDs and examples in which nobody else runs `make dev`."""
    for folder in ("crds", "examples"):
        shutil.copytree(ROOT / folder, short_path / folder)
    return short_path


@pytest.fixture
def kubectl(control_plane_programs: dict[str, Path], checkout: Path) -> Callable[..., str]:
    """Does what a person types after the two `export`s that `make dev` names."""
    program = folder_for_path(control_plane_programs) / "kubectl"

    def run(*arguments: str) -> str:
        return subprocess.run(
            [program, *arguments],
            cwd=checkout,
            env={**os.environ, "KUBECONFIG": ".cache/dev/kubeconfig"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        ).stdout

    return run


@contextmanager
def make_dev(checkout: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        # What a shell starts in the background does not hear Ctrl-C, nor do its children.
        ["env", "--default-signal=INT", sys.executable, "-m", "tools.dev", *options],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def says_until_ready(running: "subprocess.Popen[str]") -> list[str]:
    assert running.stdout is not None
    said: list[str] = []
    for line in running.stdout:
        if line == "ready\n":
            return said
        said.append(line.strip())
    raise AssertionError(f"It never got ready: {said}")


def test_it_gets_ready_with_our_kinds_and_ctrl_c_takes_everything_down(
    kubectl: Callable[..., str], checkout: Path
) -> None:
    with make_dev(checkout) as running:
        said = says_until_ready(running)
        assert "export KUBECONFIG=.cache/dev/kubeconfig" in said
        assert kubectl("get", "crun", "--all-namespaces") == "No resources found\n"

        running.send_signal(signal.SIGINT)
        last_words, _ = running.communicate(timeout=60)

    assert last_words == "Everything is stopped.\n"
    assert running.returncode == 0
    assert not (checkout / ".cache" / "dev").exists()


@pytest.mark.covers("R36")
def test_the_first_run_of_a_new_user_completes(kubectl: Callable[..., str], checkout: Path) -> None:
    with make_dev(checkout) as running:
        said = says_until_ready(running)
        assert "kubectl apply -f examples/first-run/" in said

        kubectl("apply", "-f", "examples/first-run/")
        kubectl("wait", "--for=condition=Ready", "crun/first", f"--timeout={FIRST_RUN_TIMEOUT}")

        assert "first" in kubectl("get", "crun", "--field-selector=status.state=Completed")
        assert "True" in kubectl("get", "dsrc", "farm")
        uid = kubectl("get", "crun", "first", "--output=jsonpath={.metadata.uid}")
        curated = checkout / ".cache/dev/node/claims/default/curated"
        assert (curated / ".lightly/runs" / uid / "report.pdf").exists()
        assert "COMPLETED" in kubectl("logs", "--selector=curation.dev/run=first")


@pytest.mark.usefixtures("node_programs")
def test_with_a_real_node_containers_look_at_the_datasource_of_the_first_run(
    kubectl: Callable[..., str], checkout: Path
) -> None:
    with make_dev(checkout, "--node=real") as running:
        says_until_ready(running)

        kubectl("apply", "-f", "examples/first-run/farm.yaml")
        kubectl("wait", "--for=condition=Ready", "dsrc/farm", f"--timeout={FIRST_RUN_TIMEOUT}")

        assert "containerd://" in kubectl("get", "nodes", "--output=wide")
        assert "Completed" in kubectl("get", "pods")
        running.send_signal(signal.SIGINT)
        last_words, _ = running.communicate(timeout=60)

    assert last_words == "Everything is stopped.\n"
    assert not (checkout / ".cache" / "dev").exists()


def test_a_real_node_that_cannot_be_had_is_explained(checkout: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tools.dev", "--node=real"],
        cwd=checkout,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert ran.stderr.startswith("No real node can run here: ")
    assert "Traceback" not in ran.stderr


@pytest.mark.usefixtures("control_plane_programs")
def test_a_second_one_in_the_same_checkout_is_refused(checkout: Path) -> None:
    with make_dev(checkout) as first:
        says_until_ready(first)

        with make_dev(checkout) as second:
            said, _ = second.communicate()

        assert second.returncode == 1
        assert said == "`make dev` already runs in this checkout; stop that one first.\n"
        assert first.poll() is None


@pytest.mark.usefixtures("control_plane_programs")
def test_after_one_was_killed_the_next_finds_the_place_clean(checkout: Path) -> None:
    with make_dev(checkout) as first:
        says_until_ready(first)
        first.kill()

    with make_dev(checkout) as second:
        says_until_ready(second)

        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=5) == 0
    assert not (checkout / ".cache" / "dev").exists()
