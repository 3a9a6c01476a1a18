"""`python -m curation_operator`: the operator, until it is asked to stop."""

import asyncio
import logging
import signal
import sys

from curation_operator.logs import set_up_logging
from curation_operator.program import NotServedError, run
from curation_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)


def main() -> int:
    """Run; 0 when asked to stop, 1 when something is wrong that a restart may mend."""
    settings = OperatorSettings.from_environment()
    set_up_logging(settings.log_level)
    return asyncio.run(_main(settings))


async def _main(settings: OperatorSettings) -> int:
    stop = asyncio.Event()
    was_asked = asyncio.Event()

    def ask_to_stop() -> None:
        was_asked.set()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ask_to_stop)
    try:
        await run(settings, settings.kubeconfig, stop)
    except NotServedError as error:
        logger.error("%s", error)
        return 1
    return 0 if was_asked.is_set() else 1


if __name__ == "__main__":
    sys.exit(main())
