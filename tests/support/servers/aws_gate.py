"""What AWS enforces and Ceph does not: external ids, short sessions, and no overwriting."""

import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from tests.support.servers.gate import Answer, Ask, Request

_KEY = re.compile(r"Credential=([^/&]+)/")


@dataclass
class AwsRules:
    """The rules of one gate; tests change them."""

    external_ids: dict[str, str] = field(default_factory=dict)
    """For each role, the external id that its trust policy asks for."""
    session_seconds: float | None = None
    """How long sessions last that are handed out from now on; shorter than Ceph makes any."""
    create_only: set[str] = field(default_factory=set)
    """Buckets whose policy allows s3:PutObject only with the condition s3:if-none-match."""
    sessions_handed_out: int = 0
    _ends: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def decide(self, request: Request, ask: Ask) -> Answer:
        if request.method == "POST" and "Action=AssumeRole" in request.body.decode("latin-1"):
            return self._assume_role(request, ask)
        if self._has_ended(request):
            return _refusal(400, "ExpiredToken", "The provided token has expired.")
        bucket = request.path.split("/")[1]
        is_condition_met = request.headers.get("If-None-Match") == "*"
        if request.method == "PUT" and bucket in self.create_only and not is_condition_met:
            return _refusal(403, "AccessDenied", "Access Denied")
        return ask(request)

    def end_sessions(self) -> None:
        """Every session that was handed out has ended by now."""
        with self._lock:
            self._ends = dict.fromkeys(self._ends, 0.0)

    def _assume_role(self, request: Request, ask: Ask) -> Answer:
        form = request.form
        expected = self.external_ids.get(form["RoleArn"])
        if expected is not None and form.get("ExternalId") != expected:
            message = f"not authorized to perform: sts:AssumeRole on resource: {form['RoleArn']}"
            return _refusal(403, "AccessDenied", message, of_sts=True)
        answer = ask(request)
        if answer.status != 200:
            # Ceph does not answer in the form of STS.
            return _refusal(403, "AccessDenied", "not authorized", of_sts=True)
        return self._with_end(answer)

    def _with_end(self, answer: Answer) -> Answer:
        text = answer.body.decode()
        (key,) = re.findall(r"<AccessKeyId>([^<]+)<", text)
        seconds = 3600 if self.session_seconds is None else self.session_seconds
        ends = time.time() + seconds
        with self._lock:
            self.sessions_handed_out += 1
            self._ends[key] = ends
        said = datetime.fromtimestamp(ends, UTC).isoformat().replace("+00:00", "Z")
        text = re.sub(r"<Expiration>[^<]*<", f"<Expiration>{said}<", text)
        return Answer(answer.status, text.encode(), answer.headers)

    def _has_ended(self, request: Request) -> bool:
        signed = (
            request.headers.get("Authorization", "")
            or f"Credential={request.query.get('X-Amz-Credential', '')}"
        )
        found = _KEY.search(signed)
        return found is not None and self._ends.get(found[1], float("inf")) < time.time()


def _refusal(status: int, code: str, message: str, *, of_sts: bool = False) -> Answer:
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    text = f"<ErrorResponse>{error}</ErrorResponse>" if of_sts else error
    return Answer(status, f'<?xml version="1.0"?>{text}'.encode(), {"Content-Type": "text/xml"})
