"""Keeps us from asking an API server more than it should be asked."""

import asyncio


class TokenBucket:
    """So many requests a second, and somewhat more at once after a quiet time."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second, self._burst = per_second, burst
        self._tokens = float(burst)
        self._filled_at: float | None = None

    async def take(self) -> None:
        """Wait for the next request's turn."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        since = 0.0 if self._filled_at is None else now - self._filled_at
        self._tokens = min(self._burst, self._tokens + since * self._per_second) - 1
        self._filled_at = now
        if self._tokens < 0:  # Taken on credit: whoever comes next waits longer.
            await asyncio.sleep(-self._tokens / self._per_second)
