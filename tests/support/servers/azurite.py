"""Azure Blob Storage for tests: Azurite, which holds every SAS token to its letters."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.servers.ports import free_ports, listens
from tools.control_plane.processes import Processes
from tools.test_servers import need_azurite
from tools.waiting import wait_until

PATIENCE_SECONDS = 30

# Known to everybody: the account that every emulator of Azure has.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


@dataclass(frozen=True, slots=True)
class Azurite:
    """A running store."""

    port: int

    @property
    def endpoint(self) -> str:
        """The address of the account."""
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"


@contextmanager
def running_azurite(processes: Processes) -> Iterator[Azurite]:
    """Start it; it ends with the processes."""
    (port,) = free_ports(1)
    options = ("--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--silent")
    address = ("--blobHost", "127.0.0.1", "--blobPort", str(port))
    processes.start("azurite", [need_azurite(), *options, *address])

    def answers() -> bool:
        processes.check()
        return listens(port)

    wait_until(answers, seconds=PATIENCE_SECONDS, what="Azurite listens")
    yield Azurite(port)
