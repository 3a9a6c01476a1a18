"""Raw JSON calls to the API server: with timeouts, and with patience where asking again helps.

The typed models of the Kubernetes library drop fields that they do not know, so nothing here uses
them.
"""

import json
import logging
import platform
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from curation_client.cluster.access import Access
from curation_client.cluster.errors import (
    ApiException,
    MaxRetryError,
    NotFoundException,
    error_of,
    may_pass,
    unavailable,
)

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

logger = logging.getLogger(__name__)

Raw = dict[str, Any]

CONNECT_SECONDS = 10
REQUEST_SECONDS = 180  # as documented
WATCH_SECONDS = 300
WATCH_SILENCE_SECONDS = 330

MERGE_PATCH = "application/merge-patch+json"

# A namespace with thousands of objects is read in pieces, so that memory stays small.
PAGE = 500

HTTP_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how late an unanswered question is asked again, as documented."""

    times: int = 5
    first_seconds: float = 1.0
    longest_seconds: float = 120.0
    after_throttling_seconds: float = 10.0

    def pause(self, failed: int, status: int) -> float:
        """How long to wait after so many failures in a row."""
        pause = min(self.first_seconds * 2.0 ** (failed - 1), self.longest_seconds)
        if status == HTTP_TOO_MANY_REQUESTS:
            pause = max(pause, self.after_throttling_seconds)
        # Those who were turned away together do not come back together.
        return pause * random.uniform(1.0, 1.1)  # noqa: S311


class ApiServer:
    """A connection to an API server. Survives pickling: the other side connects anew."""

    def __init__(self, access: Access, retries: Retries | None = None) -> None:
        self.access = access.with_environment()
        self._retries = retries or Retries()
        self._connected: tuple[ApiClient, str] | None = None

    def __repr__(self) -> str:
        """Without who asks."""
        return f"ApiServer({self.access!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_connected": None}

    def connect(self) -> None:
        """Find out which cluster is meant, and ask it nothing yet."""
        self._connection()

    @property
    def namespace(self) -> str:
        """The namespace that is meant where none is named."""
        return self._connection()[1]

    def get(self, path: str, **query: str) -> Raw:
        """An object or a list."""
        return self._ask("GET", path, query=query)

    def find(self, path: str, **query: str) -> Raw | None:
        """An object; None when it is not there."""
        try:
            return self.get(path, **query)
        except NotFoundException:
            return None

    def each(self, path: str, **selectors: str) -> Iterator[Raw]:
        """The objects of a list, few of them in memory at a time."""
        query = {**selectors, "limit": str(PAGE)}
        while True:
            page = self.get(path, **query)
            yield from page["items"]
            after = page["metadata"].get("continue")
            if not after:
                return
            query["continue"] = after

    def post(self, path: str, body: Raw, **query: str) -> Raw:
        """Create an object."""
        return self._ask("POST", path, query=query, body=body)

    def patch(self, path: str, body: Raw, **query: str) -> Raw:
        """Change an object: what is given is merged into it, null removes."""
        return self._ask("PATCH", path, query=query, body=body, content_type=MERGE_PATCH)

    def put(self, path: str, body: Raw, **query: str) -> Raw:
        """Replace an object."""
        return self._ask("PUT", path, query=query, body=body)

    def delete(self, path: str, body: Raw | None = None, **query: str) -> Raw:
        """Remove an object."""
        return self._ask("DELETE", path, query=query, body=body)

    def watch(self, path: str, **query: str) -> Iterator[Raw]:
        """Events as they come, until the API server ends it. Raises `ApiException` when it breaks.

        An event of the type ERROR is raised: HTTP 410 says that the beginning is too long ago.
        """
        asked = {**query, "watch": "true", "timeoutSeconds": str(WATCH_SECONDS)}
        response = self._send(
            "GET", path, query=asked, timeout=(CONNECT_SECONDS, WATCH_SILENCE_SECONDS)
        )
        try:
            if response.status >= 300:
                raise error_of(response.status, _parsed(response.data), f"Watching {path}")
            for line in response:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    said = event["object"]
                    raise error_of(int(said.get("code", 0)), said, f"Watching {path}")
                yield event
        except ValueError as error:
            raise unavailable(f"Watching {path} was cut off") from error
        except _failures() as error:
            raise unavailable(f"Watching {path} ended: {error}") from error
        finally:
            response.close()

    def lines(self, path: str, **query: str) -> Iterator[str]:
        """A text, line by line as it comes, however long that takes."""
        response = self._send("GET", path, query=query, timeout=(CONNECT_SECONDS, None))
        try:
            if response.status >= 300:
                raise error_of(response.status, _parsed(response.data), f"GET {path}")
            for line in response:
                yield line.decode(errors="replace").rstrip("\n")
        except _failures() as error:
            raise unavailable(f"GET {path} ended: {error}") from error
        finally:
            response.close()

    def _ask(self, method: str, path: str, **request: Any) -> Raw:
        failed = 0
        while True:
            try:
                return self._ask_once(method, path, **request)
            except ApiException as error:
                if not may_pass(error):
                    raise
                failed += 1
                if failed > self._retries.times:
                    raise MaxRetryError(
                        f"{error.problem.message} ({failed} times)",
                        status=error.status,
                        fix=error.problem.fix,
                        reason=error.problem.reason,
                        exit_code=error.problem.exit_code,
                    ) from error
                pause = self._retries.pause(failed, error.status)
                logger.debug("%s; again in %.1f s", error.problem.message, pause)
                time.sleep(pause)

    def _ask_once(self, method: str, path: str, **request: Any) -> Raw:
        response = self._send(method, path, timeout=(CONNECT_SECONDS, REQUEST_SECONDS), **request)
        try:
            content = response.data
        except _failures() as error:
            raise unavailable(f"{method} {path} failed: {error}") from error
        finally:
            response.close()
        answer = _parsed(content)
        if response.status >= 300:
            raise error_of(response.status, answer, f"{method} {path}")
        if not isinstance(answer, dict):
            raise unavailable(f"{method} {path} was not answered by a Kubernetes API server")
        return answer

    def _send(
        self,
        method: str,
        path: str,
        *,
        timeout: tuple[float, float | None],
        query: Mapping[str, str] | None = None,
        body: Raw | None = None,
        content_type: str = "application/json",
    ) -> Any:
        """The answer, to be read; an unreachable server is an `ApiException`."""
        api, _ = self._connection()
        serialized = api.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            return api.call_api(*serialized, _request_timeout=timeout).response
        except _failures() as error:
            raise unavailable(
                f"{method} {path} failed: no answer from {api.configuration.host} ({error})"
            ) from error

    def _connection(self) -> tuple["ApiClient", str]:
        if self._connected is None:
            from kubernetes.client import ApiClient

            configuration, namespace = self.access.connect()
            api = ApiClient(configuration)
            api.user_agent = _user_agent()
            self._connected = api, namespace
        return self._connected


def path_of(api: str, namespace: str, resource: str, name: str = "") -> str:
    """Where objects lie: the list, or one of them."""
    below = f"/{quote(name, safe='')}" if name else ""
    return f"{api}/namespaces/{quote(namespace, safe='')}/{resource}{below}"


def _failures() -> tuple[type[Exception], ...]:
    """Whatever is raised instead of an answer."""
    from kubernetes.client.exceptions import ApiException as LibraryError
    from urllib3.exceptions import HTTPError

    return OSError, HTTPError, LibraryError


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:  # A proxy in between, or an answer that was cut off.
        return content.decode(errors="replace")


def _user_agent() -> str:
    try:
        ours = version("curation")
    except PackageNotFoundError:  # run from a checkout
        ours = "0"
    return f"curation-client/{ours} ({platform.system()}; Python {platform.python_version()})"
