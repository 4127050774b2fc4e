"""One Gmail mailbox: its "Send mail as" addresses, a mail sent through one, what arrived in the inbox.

Nothing is ever sent twice by itself.  httplib2 re-sends a request whose reply was lost, a PATCH too (measured), so
`OneTryHttp` replaces that part; googleapiclient gets `num_retries=0`.  A 401 has no effect and is answered with a
new token and the same request.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from rotator.core.mail.gmail_fixes import GMAIL_FIXES
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.smtp_credential import SmtpCredential
from rotator.services.gmail_errors import GmailError, GmailKind, failures, translate
from rotator.services.google_auth import READ, SEND, Access
from rotator.services.quiet import quiet_libraries

REQUEST_S = 15.0  # one wait on the wire; saving an alias may open an SMTP connection at Google's side
LONGEST_ANSWER_S = 60.0  # a whole answer, where its deadline is later
INBOX_PAGE = 30
SECURITY = {"starttls": "starttls", "tls": "ssl"}  # ours -> smtpMsa.securityMode
READING = frozenset({READ, "https://mail.google.com/", f"{READ.removesuffix('readonly')}modify"})
SENDING = frozenset({SEND, "https://mail.google.com/", f"{SEND.removesuffix('send')}modify"})

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class SendAs:
    """One "Send mail as" address, as far as it can be read: user name and password never can."""

    address: str
    primary: bool
    status: str  # "accepted", "pending" or "" (the primary has none)
    host: str  # "" without an SMTP server: Gmail then sends by itself
    port: int
    security: str  # Gmail's word: "none", "ssl", "starttls"

    @property
    def accepted(self) -> bool:
        """Whether Gmail sends as this address at all; else it silently takes the default one."""
        return self.status == "accepted"


@dataclass(frozen=True, slots=True)
class Sent:
    """The answer of messages.send: it says nothing about the From or the relay that were used."""

    id: str
    thread: str


@dataclass(frozen=True, slots=True)
class Whole:
    """One message as it lies there, with Gmail's labels (SPAM, INBOX, ...)."""

    raw: bytes
    labels: frozenset[str]


class GmailMailbox:
    """The mailbox `mailbox`, through google's client, imported and built at the first call.

    Every method raises GmailError, except `patch_smtp`, which answers.  Not for use by several threads.
    """

    def __init__(self, *, mailbox: str, access: Access, api_endpoint: str | None = None) -> None:
        """`api_endpoint` None is Google; a sandbox's URL otherwise (its trust was checked by the loader)."""
        self.mailbox = mailbox
        self._access, self._api_endpoint = access, api_endpoint
        self._http: Any = None
        self._api: Any = None
        self._quiet: GmailError | None = None  # Gmail's "Retry after"
        self._quiet_until = 0.0  # by the clock of the deadlines

    def profile(self, deadline: Deadline) -> str:
        """The address whose mailbox the credentials really open."""
        return str(self._call("getProfile", lambda users: users.getProfile(userId="me"), deadline)["emailAddress"])

    def missing_scopes(self) -> tuple[str, ...]:
        """What the token, once fetched, does not allow of what we need; empty if it does not say."""
        granted = getattr(self._http.credentials, "granted_scopes", None) if self._http else None
        if not granted:
            return ()
        needed = (("gmail.readonly", READING), ("gmail.send", SENDING))
        return tuple(name for name, any_of in needed if not any_of & set(granted))

    def alias(self, address: str, deadline: Deadline) -> SendAs:
        """The address's settings.  GmailError NOT_FOUND if it is not set up."""
        found = self._call(
            "sendAs.get", lambda users: users.settings().sendAs().get(userId="me", sendAsEmail=address), deadline
        )
        return _send_as(found)

    def patch_smtp(
        self,
        alias: str,
        host: str,
        port: int,
        security: Literal["starttls", "tls"],
        credential: SmtpCredential,
        deadline: Deadline,
    ) -> Acknowledged | Refused | Unknown:
        """Write exactly the five fields of smtpMsa, once; a yes counts only with the echo of what can be read."""
        password = credential.password.reveal()
        msa = {
            "host": host,
            "port": port,
            "securityMode": SECURITY[security],
            "username": str(credential.key),
            "password": password,
        }
        try:
            echo = self._call(
                "sendAs.patch",
                lambda users: (
                    users.settings()
                    .sendAs()
                    .patch(userId="me", sendAsEmail=alias, body={"smtpMsa": msa}, fields="verificationStatus,smtpMsa")
                ),
                deadline,
                hidden=(password,),
            )
        except GmailError as error:
            return Refused(str(error), error.fix, error.id) if error.definite else Unknown(str(error))
        return _judged(echo, host, port, SECURITY[security])

    def send(self, raw: bytes, deadline: Deadline) -> Sent:
        """Hand one whole message to Gmail."""
        body = {"raw": base64.urlsafe_b64encode(raw).decode("ascii")}
        sent = self._call("messages.send", lambda users: users.messages().send(userId="me", body=body), deadline)
        return Sent(str(sent["id"]), str(sent["threadId"]))

    def inbox(self, deadline: Deadline) -> tuple[Sent, ...]:
        """Ids and threads of the newest messages in INBOX."""
        page = self._call(
            "messages.list",
            lambda users: users.messages().list(userId="me", labelIds=["INBOX"], maxResults=INBOX_PAGE),
            deadline,
        )
        return tuple(Sent(str(row["id"]), str(row["threadId"])) for row in page.get("messages", []))

    def found(self, query: str, deadline: Deadline) -> tuple[Sent, ...]:
        """Ids and threads of the newest messages that Gmail's search finds, Spam included."""
        page = self._call(
            "messages.list",
            lambda users: users.messages().list(userId="me", q=query, includeSpamTrash=True, maxResults=INBOX_PAGE),
            deadline,
        )
        return tuple(Sent(str(row["id"]), str(row["threadId"])) for row in page.get("messages", []))

    def message(self, id: str, deadline: Deadline) -> bytes:
        """One message, raw: the only form that keeps a notice's parts and DKIM header as they came."""
        return self.whole(id, deadline).raw

    def whole(self, id: str, deadline: Deadline) -> Whole:
        """The same with its labels."""
        found = self._call(
            "messages.get", lambda users: users.messages().get(userId="me", id=id, format="raw"), deadline
        )
        labels = frozenset(str(one) for one in found.get("labelIds", []))
        return Whole(base64.urlsafe_b64decode(str(found["raw"]) + "==="), labels)

    def _call(
        self, what: str, request: Callable[[Any], Any], deadline: Deadline, hidden: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """The JSON answer of one request, sent once.  Raises GmailError."""
        if deadline.over:
            raise GmailError(GmailKind.UNCLEAR, f"{what}: no time left, not sent")
        if self._quiet is not None and deadline.monotonic() < self._quiet_until:
            left = self._quiet_until - deadline.monotonic()
            raise GmailError(GmailKind.THROTTLED, f"{what}: not sent, Gmail wants to wait", self._quiet.fix, left)
        try:
            api = self._opened()
            self._http.http.deadline = deadline
            answer: Any = request(api.users()).execute(num_retries=0)
        except failures() as error:
            raise self._explained(translate(error, what, hidden), deadline) from None
        except (KeyError, ValueError):
            raise GmailError(GmailKind.UNCLEAR, f"{what}: the answer could not be read") from None
        return answer if isinstance(answer, dict) else {}

    def _explained(self, error: GmailError, deadline: Deadline) -> GmailError:
        if error.after_s:
            self._quiet, self._quiet_until = error, deadline.monotonic() + error.after_s
        return GmailError(error.kind, str(error), self._access.fixes.get(error.kind, error.fix), error.after_s)

    def _opened(self) -> Any:
        if self._api is None:
            from google_auth_httplib2 import AuthorizedHttp
            from googleapiclient.discovery import build

            self._http = AuthorizedHttp(self._access.load(), http=one_try_http()(timeout=REQUEST_S))
            options = {"api_endpoint": self._api_endpoint} if self._api_endpoint else None
            self._api = build("gmail", "v1", http=self._http, client_options=options, cache_discovery=False)
            quiet_libraries()
        return self._api


@cache
def one_try_http() -> Any:
    """The class OneTryHttp; made late because httplib2 is imported late."""
    import httplib2

    class OneTryHttp(httplib2.Http):  # type: ignore[misc]
        """httplib2 that sends each request once, on a connection of its own, and ends with its deadline.

        A request for a new token, which google-auth puts before ours, has the same deadline; a server that answers
        byte by byte does not outlive it either.
        """

        deadline: Deadline | None = None

        def _conn_request(self, conn: Any, request_uri: str, method: str, body: Any, headers: dict[str, str]) -> Any:
            headers = {**headers, "accept-encoding": "identity"}  # small answers; nothing to unpack
            left = self.deadline.left if self.deadline else self.timeout
            if left <= 0:
                raise TimeoutError("no time left, not sent")
            conn.close()  # a kept connection may be dead, which looks like a lost reply
            conn.timeout = min(self.timeout, left)
            cut = threading.Timer(min(left, LONGEST_ANSWER_S), _hang_up, [conn])
            cut.daemon = True
            try:
                conn.connect()
                cut.start()
                conn.request(method, request_uri, body, headers)
                response = conn.getresponse()
                return httplib2.Response(response), response.read()
            finally:
                cut.cancel()
                conn.close()

    return OneTryHttp


def _hang_up(conn: Any) -> None:
    """Whoever reads from the connection gets its end; the kernel does the rest."""
    with contextlib.suppress(OSError, AttributeError):  # AttributeError: closed meanwhile
        conn.sock.shutdown(socket.SHUT_RDWR)


def _send_as(found: dict[str, Any]) -> SendAs:
    """False booleans are left out by Gmail, and the primary has neither status nor smtpMsa (recorded)."""
    msa = found.get("smtpMsa") or {}
    return SendAs(
        address=str(found.get("sendAsEmail", "")),
        primary=bool(found.get("isPrimary", False)),
        status=str(found.get("verificationStatus", "")),
        host=str(msa.get("host", "")),
        port=int(msa.get("port", 0)),
        security=str(msa.get("securityMode", "none")),
    )


def _judged(echo: dict[str, Any], host: str, port: int, security: str) -> Acknowledged | Refused | Unknown:
    if "smtpMsa" not in echo:
        seen = "sendAs.patch: Gmail says yes but wrote no SMTP server"
        return Refused(seen, GMAIL_FIXES["gmail-not-written"], "gmail-not-written")
    written = _send_as(echo)
    if (written.host, written.port, written.security) != (host, port, security):
        return Unknown("sendAs.patch: Gmail echoes another host, port or security than was sent")
    if written.status == "pending":
        fix = "open the verification mail and confirm the address; until then Gmail sends from the default address"
        return Refused("sendAs.patch: written, but the alias now waits for verification", fix, "gmail-alias-pending")
    return Acknowledged("Gmail echoes host, port and security; user name and password cannot be read")
