"""Each fault of the local Gmail does what its line in the table says, once, and then no more."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from google.auth.exceptions import RefreshError
from googleapiclient.errors import HttpError

from rotator.sandbox.faults import KNOWN
from tests.sandbox.gmail.office import (
    COLLEAGUE,
    NEWS,
    OPS,
    PASSWORD_TYPED_WRONG,
    Office,
    inbox,
    patch,
    refused,
    send,
    send_as,
)
from tests.sandbox.gmail.test_authorisation import access_token

NEW = "the-new-password-0123456789"


def put(office: Office, token: str, password: str = NEW) -> tuple[int, Any]:
    """One PATCH by a client that never asks twice; raises ConnectionError and http.client's errors."""
    path = f"/gmail/v1/users/me/settings/sendAs/{NEWS}"
    status, answer, _ = office.http("PATCH", path, token, {"smtpMsa": office.msa(password=password)})
    return status, answer


def password(office: Office) -> str:
    """What Gmail really holds."""
    held = office.gmail.stored(OPS, NEWS)
    assert held is not None
    return held.password


def test_too_fast_is_told_with_the_time_to_come_back(office: Office) -> None:
    """403 with a time after two blanks, 429 without: both named rateLimitExceeded, nothing written."""
    users = office.delegated()
    send_as(users).list(userId="me").execute()
    body = {"smtpMsa": office.msa(password=NEW)}
    office.world.faults.arm("gmail_403_rate")
    status, reason, message = refused(send_as(users).patch(userId="me", sendAsEmail=NEWS, body=body))
    retry = office.world.clock.now() + timedelta(minutes=1)
    assert (status, reason) == (403, "rateLimitExceeded")
    assert message.startswith(f"User-rate limit exceeded.  Retry after {retry:%Y-%m-%dT%H:%M}")
    office.world.faults.arm("gmail_429")
    assert refused(send_as(users).patch(userId="me", sendAsEmail=NEWS, body=body))[:2] == (429, "rateLimitExceeded")
    assert password(office) != NEW
    patch(users, NEWS, **body)
    assert password(office) == NEW


EFFECTS: dict[str, tuple[bool, bool]] = {  # fault: (a reply comes, the write took effect)
    "gmail_500_before": (True, False),
    "gmail_500_after": (True, True),
    "gmail_patch_lost": (False, False),
    "gmail_reply_lost": (False, True),
    "gmail_reply_closed": (False, True),
    "gmail_patch_late": (False, False),
}


@pytest.mark.parametrize("fault", EFFECTS)
def test_an_unclear_outcome_is_one_of_two_things(office: Office, fault: str) -> None:
    """The client sees the same 500 or the same reset, whether the write took effect or not."""
    replied, effective = EFFECTS[fault]
    token = access_token(office.delegated())
    office.world.faults.arm(fault)
    if replied:
        assert put(office, token)[0] == 500
    else:
        with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
            put(office, token)
    assert (password(office) == NEW) is effective
    end = "closed" if fault == "gmail_reply_closed" else "reset"
    assert office.world.record.entries()[-1].outcome == ("500 backendError" if replied else end)
    assert put(office, token)[0] == 200
    assert password(office) == NEW


def test_a_late_write_lands_over_a_newer_one(office: Office) -> None:
    """What was thought lost takes effect ten seconds later and undoes what came after it."""
    token = access_token(office.delegated())
    office.world.faults.arm("gmail_patch_late")
    with pytest.raises(ConnectionError):
        put(office, token, PASSWORD_TYPED_WRONG)
    put(office, token, NEW)
    office.wait(9)
    office.gmail.settle()
    assert password(office) == NEW
    office.wait(2)
    office.gmail.settle()
    assert password(office) == PASSWORD_TYPED_WRONG


def test_a_write_may_be_echoed_and_not_done(office: Office) -> None:
    """200 with the right echo proves nothing."""
    users = office.delegated()
    office.world.faults.arm("gmail_patch_ignored")
    assert "smtpMsa" in patch(users, NEWS, smtpMsa=office.msa(password=NEW), displayName="x")
    assert password(office) != NEW
    assert send_as(users).get(userId="me", sendAsEmail=NEWS).execute()["displayName"] == ""


def test_a_read_may_be_older_than_the_last_write(office: Office) -> None:
    """Get and list may show once what was true before."""
    users = office.delegated()
    patch(users, NEWS, displayName="new")
    for read in (lambda: send_as(users).get(userId="me", sendAsEmail=NEWS).execute(), lambda: listed(users)):
        office.world.faults.arm("gmail_stale_reads")
        assert [read()["displayName"], read()["displayName"]] == ["", "new"]


def listed(users: Any) -> Any:
    """The alias as the list shows it."""
    return send_as(users).list(userId="me").execute()["sendAs"][1]


def test_an_alias_may_turn_pending_by_a_write(office: Office) -> None:
    """The write succeeds, and mail through the alias silently leaves as somebody else."""
    users = office.delegated()
    office.world.faults.arm("gmail_alias_pending")
    assert patch(users, NEWS, smtpMsa=office.msa())["verificationStatus"] == "pending"
    send(users, NEWS, COLLEAGUE)
    assert inbox(office.delegated(COLLEAGUE))[0]["From"] == OPS


@pytest.mark.parametrize(
    ("fault", "words"), [("gmail_invalid_grant", "invalid_grant"), ("gmail_unauthorized_client", "unauthorized_client")]
)
def test_a_token_may_be_refused_once(office: Office, fault: str, words: str) -> None:
    """The token endpoint refuses the next request and gives the one after it."""
    users = office.delegated()
    office.world.faults.arm(fault)
    with pytest.raises(RefreshError, match=words):
        users.getProfile(userId="me").execute()
    assert users.getProfile(userId="me").execute()["emailAddress"] == OPS


def test_one_mail_may_bounce_with_a_right_password(office: Office) -> None:
    """One failed canary proves nothing: the same mail goes through the next time."""
    users = office.delegated()
    office.world.faults.arm("gmail_relay_535_once")
    send(users, NEWS, OPS, "first")
    send(users, NEWS, OPS, "second")
    office.wait(4)
    subjects = [message["Subject"] for message in inbox(users)]
    assert subjects == ["Delivery Status Notification (Failure)", "second"]
    assert office.logins() == ["235"]


@pytest.mark.parametrize(
    ("fault", "member"), [("gmail_error_without_status", "status"), ("gmail_error_without_errors", "errors")]
)
def test_an_error_may_lack_a_member(office: Office, fault: str, member: str) -> None:
    """Google's errors are not all alike: `status` or `errors` may be missing."""
    office.world.faults.arm(fault)
    bodies = [office.http("GET", "/gmail/v1/users/me/profile")[1]["error"] for _ in range(2)]
    assert [member in body for body in bodies] == [False, True]


def test_every_fault_has_a_line_in_the_table(office: Office) -> None:
    """The names that the command line offers are these."""
    assert {name for name in KNOWN if name.startswith("gmail_")} == {
        "gmail_403_rate", "gmail_429", "gmail_reply_closed",
        "gmail_500_before", "gmail_500_after", "gmail_reply_lost", "gmail_patch_lost",
        "gmail_patch_late", "gmail_patch_ignored", "gmail_stale_reads", "gmail_invalid_grant",
        "gmail_unauthorized_client", "gmail_relay_535_once", "gmail_alias_pending", "gmail_error_without_status",
        "gmail_error_without_errors",
    }  # fmt: skip


@pytest.mark.parametrize(("when", "effective"), [("before", False), ("after", True)])
def test_a_held_write_gets_no_answer(office: Office, when: Any, effective: bool) -> None:
    """A breakpoint before or after the effect drops the connection, as a crash in between would look."""
    token = access_token(office.delegated())
    record, outcome = office.world.record, []
    record.hold(record.count(), when)

    def ask() -> None:
        try:
            put(office, token)
        except (ConnectionError, http.client.HTTPException) as error:
            outcome.append(type(error).__name__)

    caller = threading.Thread(target=ask)
    caller.start()
    assert record.wait_until_held(10) is not None
    record.release()
    caller.join()
    assert outcome
    assert (password(office) == NEW) is effective
    assert record.entries()[-1].outcome == f"dropped {when} its effect"


def test_google_s_client_repeats_a_lost_write_by_itself(office: Office) -> None:
    """httplib2 under googleapiclient sends a PATCH again when its connection is closed: one call, two requests."""
    users = office.delegated()
    send_as(users).list(userId="me").execute()
    office.world.faults.arm("gmail_reply_closed")
    patch(users, NEWS, smtpMsa=office.msa(password=NEW))
    seen = [entry.outcome for entry in office.world.record.entries() if entry.name == "sendAs.patch"]
    assert seen == ["closed", "200"]


def test_replies_carry_the_sandbox_s_date_and_leave_in_one_piece(office: Office) -> None:
    """The Date header follows the clock, and no reply waits for a delayed acknowledgement."""
    office.wait(30 * 86400)
    _, _, headers = office.http("GET", "/gmail/v1/users/me/profile")
    assert abs(parsedate_to_datetime(headers["Date"]) - office.world.clock.now()) < timedelta(seconds=5)
    with socket.create_connection(("127.0.0.1", office.gmail.port), timeout=10) as connection:
        connection.sendall(b"GET /gmail/v1/users/me/profile HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, body = connection.recv(65536).partition(b"\r\n\r\n")  # the first piece is the whole reply
    assert head.startswith(b"HTTP/1.1 401")
    assert json.loads(body)["error"]["code"] == 401


def test_the_record_names_calls_and_outcomes_and_no_secret(office: Office) -> None:
    """Every request is written down with what it was about."""
    users = office.delegated()
    patch(users, NEWS, smtpMsa=office.msa())
    send(users, NEWS, OPS)
    with pytest.raises(HttpError):
        send_as(users).get(userId="me", sendAsEmail="x@y.example").execute()
    entries = [(entry.kind, entry.name, entry.detail, entry.outcome) for entry in office.world.record.entries()]
    assert [entry for entry in entries if entry[0] != "smtp"] == [
        ("token", "jwt-bearer", "", "200"),
        ("gmail", "sendAs.patch", NEWS, "200"),
        ("gmail", "messages.send", NEWS, "200"),
        ("gmail", "sendAs.get", "x@y.example", "404 notFound"),
    ]
    assert not [secret for secret in office.gmail.secrets() if secret in repr(office.world.record.entries())]


def test_stopping_hangs_up_and_frees_the_port(office: Office) -> None:
    """Idle connections end, a second stop does nothing, and there is no port any more."""
    connection = http.client.HTTPConnection("127.0.0.1", office.gmail.port, timeout=5)
    connection.request("GET", "/x")
    connection.getresponse().read()
    office.gmail.stop()
    office.gmail.stop()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        ask_again(connection)
    connection.close()
    with pytest.raises(RuntimeError, match="not started"):
        office.gmail.url.encode()


def ask_again(connection: http.client.HTTPConnection) -> None:
    """One more request on a connection that was in use."""
    connection.request("GET", "/x")
    connection.getresponse()
