"""`make images`: builds the images with what this machine has, says how large they are and of what.

Arguments go to the build as they are: `make images ARGUMENTS="--build-arg BASE=…"`.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILDERS = ("podman", "docker", "buildah")
SBOM = "/opt/curation/sbom.json"

# Under this an operator starts in a moment on a node that has never seen it.
LARGEST_OPERATOR_BYTES = 250 * 10**6


@dataclass(frozen=True)
class Wanted:
    """An image, and the file that it is built from."""

    tag: str
    file: str
    arguments: tuple[str, ...] = ()
    largest_bytes: int | None = None


def wanted(version: str) -> dict[str, Wanted]:
    """Every image by its short name."""
    return {
        "operator": Wanted(
            f"curation-operator:{version}",
            "operator/Containerfile",
            largest_bytes=LARGEST_OPERATOR_BYTES,
        ),
        "job": Wanted(f"curation-job:{version}", "job_image/Containerfile"),
        "job-cpu": Wanted(
            f"curation-job:{version}-cpu", "job_image/Containerfile", ("FLAVOUR=cpu",)
        ),
    }


def build_command(builder: str, image: Wanted, given: Sequence[str], revision: str) -> list[str]:
    """The command line that builds an image."""
    verb = "bud" if builder == "buildah" else "build"
    arguments = (*image.arguments, f"REVISION={revision}")
    named = [part for argument in arguments for part in ("--build-arg", argument)]
    return [builder, verb, "--file", image.file, "--tag", image.tag, *named, *given, "."]


def main() -> int:
    """Build, then print each image's size and the number of its packages."""
    parser = argparse.ArgumentParser(prog="python -m tools.images", description=main.__doc__)
    parser.add_argument("--only", choices=wanted(""), help="build one of them")
    parser.add_argument("--version", default="0.1.0", help="the tag")
    parser.add_argument("--sbom", type=Path, default=Path("dist"), help="where SBOMs are written")
    parser.add_argument("--builder", choices=BUILDERS, help="instead of the first that works")
    options, given = parser.parse_known_args()
    builder = options.builder or next(filter(works, BUILDERS), None)
    if builder is None:
        print(f"To fix it: install one of {', '.join(BUILDERS)}, or start it", file=sys.stderr)
        return 1
    too_large = 0
    for name, image in wanted(options.version).items():
        if options.only in {None, name}:
            command = build_command(builder, image, given, _revision())
            if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
                print(f"{image.tag} could not be built; the message is above", file=sys.stderr)
                return 1
            too_large += _say_what_it_is(builder, name, image, options.sbom)
    return 1 if too_large else 0


def works(builder: str) -> bool:
    """Whether it is there, and reaches its engine if it needs one."""
    try:
        return subprocess.run([builder, "info"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _say_what_it_is(builder: str, name: str, image: Wanted, folder: Path) -> bool:
    size = _size(builder, image.tag)
    text = _output(*_reading(builder, image.tag))
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.spdx.json").write_text(text)
    packages = len(json.loads(text)["packages"])
    print(f"{image.tag}: {size / 1e6:,.0f} MB, {packages} packages, {folder}/{name}.spdx.json")
    if image.largest_bytes is not None and size > image.largest_bytes:
        print(f"That is more than {image.largest_bytes / 1e6:,.0f} MB", file=sys.stderr)
        return True
    return False


def _size(builder: str, tag: str) -> int:
    if builder == "buildah":
        # It tells sizes for people only.
        [listed] = json.loads(_output("buildah", "images", "--json", tag))
        number, unit = listed["size"].split()
        return int(float(number) * {"KB": 1e3, "MB": 1e6, "GB": 1e9}[unit])
    return int(_output(builder, "image", "inspect", "--format", "{{.Size}}", tag))


def _reading(builder: str, tag: str) -> list[str]:
    """The command that prints the SBOM which lies in the image."""
    if builder == "buildah":
        script = f"c=$(buildah from {tag}); buildah run $c -- cat {SBOM}; buildah rm $c >&2"
        return ["sh", "-c", script]
    return [builder, "run", "--rm", "--entrypoint", "cat", tag, SBOM]


def _revision() -> str:
    return _output("git", "-C", str(ROOT), "rev-parse", "HEAD").strip()


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
