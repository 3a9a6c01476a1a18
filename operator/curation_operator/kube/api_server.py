"""Raw JSON calls through `kubernetes.aio`: with a timeout, a limit, and patience where it helps.

The typed models of the library drop fields that they do not know, so nothing here uses them.
"""

import asyncio
import contextlib
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from kubernetes.aio import client, config

from curation_operator.kube.bucket import TokenBucket
from curation_operator.kube.errors import ApiError, UnavailableError, error_of
from curation_operator.settings import OperatorSettings

logger = logging.getLogger(__name__)

MERGE_PATCH = "application/merge-patch+json"
SERVER_SIDE_APPLY = "application/apply-patch+yaml"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

# An API server that stumbles usually stands again at once; longer troubles are the queue's.
TRIES = 3
FIRST_PAUSE_SECONDS = 0.2


class CallWatcher(Protocol):
    """Whoever counts what we ask for."""

    def called(self, verb: str, resource: str, status: int, seconds: float) -> None:
        """One request has been answered; status 0 when it was not."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what kind of request it is to RBAC, and where it goes."""

    verb: str
    resource: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: Any = None
    content_type: str = "application/json"
    accept: str = "application/json"


_METHODS = {"get": "GET", "list": "GET", "create": "POST", "update": "PUT", "patch": "PATCH",
            "delete": "DELETE"}  # fmt: skip


class ApiServer:
    """A connection to an API server."""

    def __init__(
        self, api: client.ApiClient, settings: OperatorSettings, watcher: CallWatcher
    ) -> None:
        self._api = api
        self._bucket = TokenBucket(settings.api_requests_per_second, settings.api_burst)
        self._timeout = aiohttp.ClientTimeout(total=settings.api_timeout_seconds)
        self._watcher = watcher
        self.last_answer_at: float | None = None
        """When it last answered anything at all, by the monotonic clock."""

    @property
    def configuration(self) -> client.Configuration:
        """Where it is, and who we are to it."""
        known: client.Configuration = self._api.configuration
        return known

    async def __call__(self, call: Call) -> Any:
        """What the API server answers; an `ApiError` when it does not do it."""
        for tried in range(1, TRIES + 1):
            await self._bucket.take()
            try:
                return await self._ask(call)
            except UnavailableError as error:
                if tried == TRIES:
                    raise
                # Jitter: those who were turned away together do not come back together.
                pause = FIRST_PAUSE_SECONDS * 2**tried * random.uniform(0.5, 1.5)  # noqa: S311
                logger.debug("%s %s: %s; again in %.1f s", call.verb, call.path, error, pause)
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def _ask(self, call: Call) -> Any:
        began = time.monotonic()
        status = 0
        try:
            status, content = await self._send(call)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(0, f"{type(error).__name__}: {error}") from error
        finally:
            self._watcher.called(call.verb, call.resource, status, time.monotonic() - began)
        self.last_answer_at = time.monotonic()
        answer = _parsed(content)
        if status >= 300:
            raise _error(status, answer)
        return answer

    async def _send(self, call: Call) -> tuple[int, bytes]:
        request = await self._api.param_serialize(
            _METHODS[call.verb],
            call.path,
            query_params=list(call.query),
            header_params={"Accept": call.accept, "Content-Type": call.content_type},
            body=call.body,
            auth_settings=["BearerToken"],
        )
        response = await self._api.call_api(*request, _request_timeout=self._timeout)
        return response.status, await response.read()  # type: ignore[no-untyped-call]


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:  # A proxy in between, or an answer that was cut off.
        return content.decode(errors="replace")


def _error(status: int, answer: Any) -> ApiError:
    if isinstance(answer, Mapping):
        return error_of(status, str(answer.get("message", "")), str(answer.get("reason", "")))
    return error_of(status, str(answer)[:200], "")


def _proxy_to(server: str) -> str | None:
    """What the environment says about the way to this server."""
    url = urlsplit(server)
    if url.hostname is None or proxy_bypass(url.hostname):
        return None
    return getproxies().get(url.scheme)


@contextlib.asynccontextmanager
async def connected(
    settings: OperatorSettings, watcher: CallWatcher, kubeconfig: str | None = None
) -> AsyncIterator[ApiServer]:
    """The API server of this Pod's cluster, or of a kubeconfig."""
    configuration = client.Configuration()
    # Or each request reads the environment and ~/.netrc anew, in a thread.
    configuration.client_session_kwargs = {"trust_env": False}
    if kubeconfig is not None:
        await config.load_kube_config(  # type: ignore[no-untyped-call]
            kubeconfig, client_configuration=configuration
        )
    else:
        config.load_incluster_config(  # type: ignore[no-untyped-call]
            client_configuration=configuration
        )
    configuration.proxy = configuration.proxy or _proxy_to(configuration.host)
    async with client.ApiClient(configuration) as api:
        api.user_agent = f"curation-operator/{settings.version}"
        yield ApiServer(api, settings, watcher)
