"""How another version of Kubernetes is pinned, and that what is tested on it exists."""

from pathlib import Path

from tools.matrix import TESTS, VERSIONS, flags_for, go_mod

ROOT = Path(__file__).parents[2]

PUBLISHED = """module k8s.io/kubernetes

require k8s.io/api v0.0.0

replace (
\tk8s.io/api => ./staging/src/k8s.io/api
\tk8s.io/kube-scheduler => ./staging/src/k8s.io/kube-scheduler
)
"""


def test_each_part_of_kubernetes_is_pinned_to_the_same_release() -> None:
    text = go_mod("1.31.0", PUBLISHED)

    assert "require k8s.io/kubernetes v1.31.0\n" in text
    assert [line for line in text.splitlines() if line.startswith("replace")] == [
        "replace k8s.io/api => k8s.io/api v0.31.0",
        "replace k8s.io/kube-scheduler => k8s.io/kube-scheduler v0.31.0",
    ]
    assert "tool k8s.io/kubernetes/cmd/kube-apiserver\n" in text


def test_its_programs_say_which_version_they_are() -> None:
    flags = " ".join(flags_for("1.31.0"))

    assert "version.gitVersion=v1.31.0 " in flags
    assert "version.gitMinor=31 " in flags


def test_the_oldest_supported_version_is_among_them() -> None:
    chart = (ROOT / "charts/curation/Chart.yaml").read_text()

    assert VERSIONS[0].rpartition(".")[0] + ".0-0" in chart
    assert [path for path in TESTS if not (ROOT / path).exists()] == []
