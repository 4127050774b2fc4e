"""Who may do what: the same answers, in the same order, as Gmail's."""

from __future__ import annotations

from typing import Any

import pytest

from rotator.sandbox.gmail import WORKSPACE_SCOPES
from tests.sandbox.gmail.office import ADMIN, COLLEAGUE, JADA, NEWS, OPS, Office, patch, refused, send_as

BASIC, SHARING, READONLY, SEND = WORKSPACE_SCOPES
RESTRICTED = (403, "forbidden", "Access restricted to service accounts that have been delegated domain-wide authority")
SCOPE = (403, "insufficientPermissions", "Request had insufficient authentication scopes.")
EVERY_SCOPE = (BASIC, SHARING, READONLY, SEND, "https://mail.google.com/")


def access_token(users: Any) -> str:
    """The token of a client, fetched by a call."""
    held = users._http.credentials
    held.refresh(users._http._request)
    return str(held.token)


WRITES = {
    "create": lambda every: every.create(userId="me", body={"sendAsEmail": "x@queenofsandiego.com"}),
    "patch another than the primary": lambda every: every.patch(userId="me", sendAsEmail=ADMIN, body={}),
    "update another than the primary": lambda every: every.update(userId="me", sendAsEmail=ADMIN, body={}),
    "patch one that is not there": lambda every: every.patch(userId="me", sendAsEmail="x@y.example", body={}),
    "patch with a payload that is wrong": lambda every: every.patch(userId="me", sendAsEmail=ADMIN, body={"x": 1}),
    "delete": lambda every: every.delete(userId="me", sendAsEmail=ADMIN),
    "verify": lambda every: every.verify(userId="me", sendAsEmail=ADMIN),
}


@pytest.mark.parametrize("case", WRITES)
def test_a_person_s_token_never_writes_an_alias(counter: Office, case: str) -> None:
    """Whatever its scopes, a user token is told so before anybody looks at the payload."""
    assert refused(WRITES[case](send_as(counter.personal(scopes=EVERY_SCOPE)))) == RESTRICTED


def test_a_person_may_change_the_primary_address(office: Office) -> None:
    """The one address that a user token may write; its SMTP server is ignored with 200."""
    answer = patch(office.personal(scopes=(BASIC,)), JADA, displayName="Jada", smtpMsa=office.msa())
    assert answer["displayName"] == "Jada"
    assert "smtpMsa" not in answer
    assert office.gmail.stored(JADA, JADA) is None


SCOPES_TOO_FEW = {
    "sending does not read aliases": (SEND, lambda users: send_as(users).list(userId="me")),
    "sharing does not read aliases": (SHARING, lambda users: send_as(users).get(userId="me", sendAsEmail=ADMIN)),
    "settings do not read mail": (BASIC, lambda users: users.messages().list(userId="me")),
    "reading does not send": (READONLY, lambda users: users.messages().send(userId="me", body={})),
    "reading does not write aliases": (
        READONLY,
        lambda users: send_as(users).patch(userId="me", sendAsEmail=ADMIN, body={}),
    ),
    "basic settings do not delete aliases": (
        BASIC,
        lambda users: send_as(users).delete(userId="me", sendAsEmail=ADMIN),
    ),
    "sending does not show the profile": (SEND, lambda users: users.getProfile(userId="me")),
}


@pytest.mark.parametrize("case", SCOPES_TOO_FEW)
def test_a_scope_opens_its_own_calls_only(counter: Office, case: str) -> None:
    """Each call accepts the scopes that Google's document lists for it, before anything else about it counts."""
    scope, request = SCOPES_TOO_FEW[case]
    assert refused(request(counter.personal(scopes=(scope,)))) == SCOPE


def test_the_missing_scope_stands_in_the_header(counter: Office) -> None:
    """A client learns from WWW-Authenticate which scopes would do."""
    token = access_token(counter.personal(scopes=(SEND,)))
    status, answer, headers = counter.http("GET", "/gmail/v1/users/me/profile", token)
    assert status == 403
    assert answer["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    assert answer["error"]["status"] == "PERMISSION_DENIED"
    assert READONLY in headers["WWW-Authenticate"]
    assert headers["WWW-Authenticate"].startswith('Bearer realm="https://accounts.google.com/"')


def test_another_s_mailbox_is_denied(counter: Office) -> None:
    """Even with delegation, a token is for one mailbox."""
    denied = (403, "forbidden", f"Delegation denied for {COLLEAGUE}")
    assert refused(counter.delegated().getProfile(userId=COLLEAGUE)) == denied


def test_the_own_address_is_as_good_as_me(counter: Office) -> None:
    """Addresses are compared without case."""
    assert counter.delegated().getProfile(userId=OPS.upper()).execute()["emailAddress"] == OPS


def test_a_service_account_without_a_person_has_no_mailbox(counter: Office) -> None:
    """Whoever forgets the subject is told what Gmail tells."""
    status, answer, _ = counter.http("GET", "/gmail/v1/users/me/profile", own_token(counter))
    assert (status, answer["error"]["errors"][0]["reason"]) == (400, "failedPrecondition")
    assert answer["error"]["message"] == "Precondition check failed."


def own_token(counter: Office) -> str:
    """An access token of the service account itself, over the bare endpoint: google-auth would ask the internet too."""
    from urllib.parse import urlencode

    from tests.sandbox.gmail.test_tokens import JWT_BEARER, claims, signed

    path = counter.key_files["rotator"]
    form = urlencode({"grant_type": JWT_BEARER, "assertion": signed(path, claims(path, sub=None))})
    return str(counter.http("POST", "/token", body=form)[1]["access_token"])


@pytest.mark.parametrize("token", [None, "ya29.made-up", ""])
def test_without_a_good_token_there_is_401(counter: Office, token: str | None) -> None:
    """No token, an unknown one, an empty one: the same answer."""
    status, answer, headers = counter.http("GET", "/gmail/v1/users/me/profile", token)
    assert (status, answer["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert answer["error"]["errors"][0]["reason"] == "authError"
    assert headers["Content-Type"] == "application/json; charset=UTF-8"


def test_a_user_without_a_mail_licence_is_told_so(office: Office) -> None:
    """An account of the domain need not have a mailbox."""
    office.gmail.add_user("robot@queenofsandiego.com", mail_enabled=False)
    users = office.delegated("robot@queenofsandiego.com")
    assert refused(send_as(users).list(userId="me")) == (400, "failedPrecondition", "Mail service not enabled")


def test_with_delegation_an_alias_can_be_written(office: Office) -> None:
    """What a person's token may not, the administrator's may."""
    assert patch(office.delegated(), NEWS, displayName="News")["displayName"] == "News"


def test_paths_that_gmail_lacks_are_404(counter: Office) -> None:
    """A path that is in no document is not found, and one that the sandbox does not serve says so."""
    assert counter.http("GET", "/gmail/v1/nothing")[0] == 404
    assert counter.http("PATCH", "/gmail/v1/users/me/profile")[0] == 404
    status, reason, message = refused(counter.personal(scopes=EVERY_SCOPE).labels().list(userId="me"))
    assert (status, reason, message) == (501, "notImplemented", "The sandbox does not serve labels.list")
