"""How the programs of the control plane are found and built; a stand-in takes the place of Go."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.cache import cache_root
from tools.control_plane.binaries import ensure_binaries, folder_for_path
from tools.control_plane.errors import ControlPlaneError, ToolchainMissingError
from tools.control_plane.pins import MODULES, PROGRAMS, Target, build_digest
from tools.locks import file_lock
from tools.waiting import wait_until

LINUX = Target("linux", "amd64")

# All that a build needs to know of `go build … -o OUTPUT PACKAGE`.
FIND_OUTPUT = '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\n'
WHOLE = 'echo whole > "$2"\n'
HALF_AND_THEN_HANGS = 'echo half > "$2"\nexec sleep 60\n'
FAILS = "echo no such module >&2\nexit 1\n"


def go_that(does: str, folder: Path) -> dict[str, str]:
    """An environment whose cache is empty and whose Go does this for every build."""
    go = folder / "bin" / "go"
    go.parent.mkdir(exist_ok=True)
    go.write_text(FIND_OUTPUT + does)
    go.chmod(0o755)
    path = os.pathsep.join([str(go.parent), os.environ["PATH"]])
    return {"CURATION_CACHE": str(folder / "cache"), "PATH": path}


def where_builds_go(environ: Mapping[str, str]) -> Path:
    folder = cache_root(environ) / "control-plane" / build_digest(Target.this_machine())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def start_building(environ: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tools.control_plane.binaries"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def test_a_changed_pin_changes_the_digest(tmp_path: Path) -> None:
    modules = shutil.copytree(MODULES, tmp_path / "modules")
    assert build_digest(LINUX, modules=modules) == build_digest(LINUX)

    pins = modules / "etcd" / "go.mod"
    pins.write_text(pins.read_text().replace("v3.6.", "v3.7."))

    assert build_digest(LINUX, modules=modules) != build_digest(LINUX)


def test_another_kind_of_machine_has_another_digest() -> None:
    assert build_digest(LINUX) != build_digest(Target("darwin", "arm64"))


def test_what_kubebuilder_assets_has_is_taken_from_there_and_the_rest_is_built(
    tmp_path: Path,
) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "etcd").touch()
    environ = {**go_that(WHOLE, tmp_path), "KUBEBUILDER_ASSETS": str(assets)}

    found = ensure_binaries("etcd", "kubectl", environ=environ)

    assert found == {
        "etcd": assets / "etcd",
        "kubectl": where_builds_go(environ) / "kubectl",
    }


def test_what_is_in_the_cache_is_not_built_again(tmp_path: Path) -> None:
    first = ensure_binaries(*PROGRAMS, environ=go_that(WHOLE, tmp_path))

    assert ensure_binaries(*PROGRAMS, environ=go_that(FAILS, tmp_path)) == first


def test_one_folder_has_all_programs_wherever_they_lie(tmp_path: Path) -> None:
    environ = {"CURATION_CACHE": str(tmp_path / "cache")}
    here, there = tmp_path / "etcd", tmp_path / "elsewhere-kubectl"
    here.touch()
    there.touch()

    folder = folder_for_path({"etcd": here, "kubectl": there}, environ)

    assert {link.name: link.resolve() for link in folder.iterdir()} == {
        "etcd": here,
        "kubectl": there,
    }


def test_without_go_it_names_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    environ = {"CURATION_CACHE": str(tmp_path), "PATH": ""}

    with pytest.raises(ToolchainMissingError) as missing:
        ensure_binaries("etcd", "kube-apiserver", environ=environ)

    assert str(missing.value) == (
        "No Go toolchain to build etcd, kube-apiserver. "
        "Install Go, or set KUBEBUILDER_ASSETS to a folder that has them."
    )


def test_a_failed_build_ends_with_what_the_compiler_said(tmp_path: Path) -> None:
    with pytest.raises(ControlPlaneError, match="no such module"):
        ensure_binaries("etcd", environ=go_that(FAILS, tmp_path))


def test_a_build_killed_in_the_middle_leaves_no_half_program(tmp_path: Path) -> None:
    folder = where_builds_go(go_that(HALF_AND_THEN_HANGS, tmp_path))
    with start_building(go_that(HALF_AND_THEN_HANGS, tmp_path)) as build:
        wait_until(
            lambda: list(folder.glob("*/*")), seconds=20, what="the first program is half done"
        )
        os.killpg(build.pid, signal.SIGKILL)

    assert not [name for name in PROGRAMS if (folder / name).exists()]

    ensure_binaries("etcd", environ=go_that(WHOLE, tmp_path))
    assert [path.name for path in folder.iterdir() if path.is_dir()] == []
    assert (folder / "etcd").read_text() == "whole\n"


def test_while_another_clone_builds_it_waits_and_then_builds_nothing(tmp_path: Path) -> None:
    environ = go_that(FAILS, tmp_path)
    folder = where_builds_go(environ)

    with file_lock(folder / ".lock", when_taken=pytest.fail):
        build = start_building(environ)
        assert build.stderr is not None
        remark = build.stderr.readline()
        for name in PROGRAMS:
            (folder / name).touch()
    printed, _ = build.communicate()

    assert remark == "Another process is building the control plane; waiting for it …\n"
    assert build.returncode == 0
    assert len(printed.splitlines()) == len(PROGRAMS)
