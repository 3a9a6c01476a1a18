"""`python -m tools.node`: the stand-in as a process of its own, for `make dev`."""

import argparse
import asyncio
import logging
from pathlib import Path

from tools.node.images import job_image
from tools.node.node import running_node

logger = logging.getLogger(__name__)


def main() -> None:
    """Run until killed."""
    parser = argparse.ArgumentParser(prog="python -m tools.node", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--image", required=True, help="the name of the worker's image")
    arguments = parser.parse_args()
    logging.basicConfig(level="INFO", format="%(asctime)s %(message)s")
    asyncio.run(_run(arguments.kubeconfig, arguments.folder.absolute(), arguments.image))


async def _run(kubeconfig: Path, folder: Path, image: str) -> None:
    async with running_node(kubeconfig, folder, {image: job_image()}):
        logger.info("The node is ready")
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
