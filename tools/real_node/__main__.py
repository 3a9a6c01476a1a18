"""`python -m tools.real_node`: what a cluster offers beside its node, as a process inside it.

Names of Services, and a folder for each claim.
"""

import argparse
import asyncio
import logging
from pathlib import Path

from tools.node.api import connected
from tools.node.volumes import provide_volumes
from tools.real_node.dns import serve_dns
from tools.real_node.enclosure import NODE_ADDRESS

logger = logging.getLogger(__name__)


def main() -> None:
    """Run until killed."""
    parser = argparse.ArgumentParser(prog="python -m tools.real_node", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--claims", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.kubeconfig, arguments.claims.absolute()))


async def _run(kubeconfig: Path, claims: Path) -> None:
    async with connected(kubeconfig) as api:
        await asyncio.gather(serve_dns(api, NODE_ADDRESS), provide_volumes(api, claims))


if __name__ == "__main__":
    main()
