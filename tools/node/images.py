"""What stands for an image: an interpreter, and where it finds its modules."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Where the packages of a worker lie in a checkout.
JOB_SOURCES = ("api", "storage", "job_image")

# Of this machine's environment a container would see next to nothing.
KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True)
class Image:
    """A program that Pods may ask for by the name of an image."""

    modules: tuple[Path, ...] = ()
    """Where its Python modules lie."""

    interpreter: tuple[str, ...] = (sys.executable,)
    """What runs where a container says `python`."""

    environment: dict[str, str] = field(default_factory=dict)
    """What the image sets."""

    def command(self, command: list[str]) -> list[str]:
        """The command line that does here what this one does in a container."""
        if command[:1] in (["python"], ["python3"]):
            return [*self.interpreter, *command[1:]]
        return command

    def variables(self) -> dict[str, str]:
        """The environment that its processes start with."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        modules = os.pathsep.join(map(str, self.modules))
        return {**kept, "PYTHONPATH": modules, "PYTHONDONTWRITEBYTECODE": "1", **self.environment}


def job_image() -> Image:
    """The image of workers, made of this checkout."""
    return Image(modules=tuple(ROOT / source for source in JOB_SOURCES))
