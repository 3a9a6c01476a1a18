"""Several replicas agree by a Lease on the one that works; who loses it ends at once.

Deterministic names keep two of them from starting a Job twice even in the moment when a paused
leader has not noticed yet that it is one no longer.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Any, NoReturn

from curation_operator.kube.api_server import ApiServer, Call
from curation_operator.kube.errors import (
    AlreadyThereError,
    ApiError,
    ConflictError,
    NotThereError,
)
from curation_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)

# A lease is taken over after the first; whoever cannot renew it within the second gives up.
LEASE_SECONDS, RENEW_WITHIN_SECONDS, PAUSE_SECONDS = 15, 10, 2


class LostLeaseError(Exception):
    """Another replica works now, or nobody can tell."""


class Lease:
    """Our share in a Lease."""

    def __init__(self, ask: ApiServer, settings: OperatorSettings) -> None:
        self._ask = ask
        self._me, self._name = settings.operator_name, settings.lease_name
        self._namespace = settings.operator_namespace
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{self._namespace}/leases"
        # Clocks of machines differ: only how long a record has not changed here counts.
        self._seen: tuple[Any, float] = (None, 0.0)

    async def acquire(self) -> None:
        """Wait until the Lease is ours."""
        while True:
            if await self._try():
                break
            await asyncio.sleep(PAUSE_SECONDS)
        logger.info("%s leads now", self._me)

    async def keep(self) -> NoReturn:
        """Renew the Lease for ever; `LostLeaseError` when that did not work for too long."""
        renewed_at = time.monotonic()
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            if time.monotonic() - renewed_at > LEASE_SECONDS:
                # We were stopped for so long that another one may have taken over.
                raise LostLeaseError(f"{self._me} could not renew the Lease in time")
            try:
                async with asyncio.timeout(RENEW_WITHIN_SECONDS):
                    if await self._try():
                        renewed_at = time.monotonic()
                        continue
            except TimeoutError:
                pass
            if time.monotonic() - renewed_at > RENEW_WITHIN_SECONDS or self._is_of_another():
                raise LostLeaseError(f"{self._me} lost the Lease")

    async def release(self) -> None:
        """Let another replica take over at once."""
        try:
            lease = await self._read()
            if lease is not None and lease["spec"].get("holderIdentity") == self._me:
                await self._write(lease, {**lease["spec"], "holderIdentity": ""})
        except ApiError as error:
            logger.debug("Could not release the Lease: %s", error)

    async def _try(self) -> bool:
        """Take or renew the Lease, if nobody else holds it."""
        try:
            lease = await self._read()
            if lease is None:
                await self._create()
                return True
            spec = lease["spec"]
            self._notice(spec)
            if self._is_of_another() and not self._is_expired(spec):
                return False
            await self._write(lease, self._spec(spec))
        except (AlreadyThereError, ConflictError):
            return False  # Another one was faster.
        except ApiError as error:
            logger.warning("The Lease could not be read or written: %s", error)
            return False
        return True

    def _notice(self, spec: Any) -> None:
        record = (spec.get("holderIdentity"), spec.get("renewTime"))
        if record != self._seen[0]:
            self._seen = (record, time.monotonic())

    def _is_expired(self, spec: Any) -> bool:
        lasts: int = spec.get("leaseDurationSeconds", LEASE_SECONDS)
        return time.monotonic() - self._seen[1] > lasts

    def _is_of_another(self) -> bool:
        record = self._seen[0]
        return record is not None and record[0] not in {self._me, "", None}

    def _spec(self, before: Any) -> Any:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        is_mine = before.get("holderIdentity") == self._me
        changes = before.get("leaseTransitions", 0) + (0 if is_mine else 1)
        return {
            "holderIdentity": self._me,
            "leaseDurationSeconds": LEASE_SECONDS,
            "acquireTime": before.get("acquireTime") if is_mine else now,
            "renewTime": now,
            "leaseTransitions": changes,
        }

    async def _read(self) -> Any:
        try:
            return await self._ask(Call("get", "leases", f"{self._path}/{self._name}"))
        except NotThereError:
            return None

    async def _create(self) -> None:
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": self._spec({}),
        }
        await self._ask(Call("create", "leases", self._path, body=body))

    async def _write(self, lease: Any, spec: Any) -> None:
        # The resourceVersion in it makes sure that nobody else wrote in between.
        path = f"{self._path}/{self._name}"
        await self._ask(Call("update", "leases", path, body={**lease, "spec": spec}))
