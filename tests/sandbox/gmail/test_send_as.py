"""Aliases: shapes, writes under every assumption about the real Gmail, and what is never shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.clients import first_key
from tests.sandbox.gmail.conftest import MakeOffice
from tests.sandbox.gmail.office import (
    NEWS,
    OPS,
    PASSWORD_TYPED_WRONG,
    Office,
    patch,
    refused,
    send,
    send_as,
)

OUTSIDE = "shop@brand.example"
MODES = {
    "nothing tried, merged": {"validate_on_update": False, "merge": "deep"},
    "nothing tried, replaced": {"validate_on_update": False, "merge": "replace"},
    "login tried, merged": {"validate_on_update": True, "merge": "deep"},
    "login tried, replaced": {"validate_on_update": True, "merge": "replace"},
}


def test_a_list_looks_as_recorded(office: Office) -> None:
    """The primary first, without status and server; empty strings there, false booleans not, no name, no password."""
    found = send_as(office.delegated()).list(userId="me").execute()["sendAs"]
    texts = {"displayName": "", "replyToAddress": "", "signature": ""}
    server = {"host": "127.0.0.1", "port": office.world.smtp.port, "securityMode": "starttls"}
    assert found == [
        {"sendAsEmail": OPS, **texts, "isPrimary": True, "isDefault": True},
        {"sendAsEmail": NEWS, **texts, "smtpMsa": server, "verificationStatus": "accepted"},
    ]


@pytest.mark.parametrize("mode", MODES)
def test_all_five_fields_arrive_under_every_assumption(make_office: MakeOffice, mode: str) -> None:
    """A PATCH of the whole smtpMsa stores exactly it, however Gmail really merges and checks."""
    office = make_office(**MODES[mode])
    office.set_up(OPS, NEWS, password=PASSWORD_TYPED_WRONG, username="AKIAOLD")
    answer = patch(office.delegated(), NEWS, smtpMsa=office.msa())
    stored, key = office.gmail.stored(OPS, NEWS), first_key(office.world)
    assert answer["smtpMsa"] == {"host": "127.0.0.1", "port": office.world.smtp.port, "securityMode": "starttls"}
    assert stored is not None
    assert (stored.username, stored.password) == (key.id, office.world.password_of(key))


LONE_PASSWORD: dict[str, tuple[dict[str, Any], tuple[str, str] | None]] = {
    "merged: the rest stays": ({"merge": "deep"}, ("kept", "new")),
    "replaced: the required rest is missing": ({"merge": "replace"}, None),
}


@pytest.mark.parametrize("case", LONE_PASSWORD)
def test_a_lone_password_is_a_gamble(make_office: MakeOffice, case: str) -> None:
    """Only under one of the two assumptions does a partial smtpMsa do what it seems to do."""
    options, expected = LONE_PASSWORD[case]
    office = make_office(**options)
    office.set_up(OPS, NEWS, username="kept", password="old")
    request = send_as(office.delegated()).patch(userId="me", sendAsEmail=NEWS, body={"smtpMsa": {"password": "new"}})
    if expected is None:
        assert refused(request)[:2] == (400, "invalidArgument")
        expected = ("kept", "old")
    else:
        request.execute()
    stored = office.gmail.stored(OPS, NEWS)
    assert stored is not None
    assert (stored.username, stored.password) == expected


def test_without_the_password_a_replacing_gmail_stores_an_empty_one(make_office: MakeOffice) -> None:
    """A field that was not sent may be blanked, and no read would show it."""
    office = make_office(merge="replace")
    body = {name: value for name, value in office.msa().items() if name not in ("username", "password")}
    patch(office.delegated(), NEWS, smtpMsa=body)
    stored = office.gmail.stored(OPS, NEWS)
    assert stored is not None
    assert (stored.username, stored.password) == ("", "")


@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_password_is_noticed_only_where_gmail_looks(make_office: MakeOffice, mode: str) -> None:
    """If updates try the login, a wrong password is refused with the server's words and not stored; else it is."""
    office = make_office(**MODES[mode])
    wrong = office.msa(password=PASSWORD_TYPED_WRONG)
    request = send_as(office.delegated()).patch(userId="me", sendAsEmail=NEWS, body={"smtpMsa": wrong})
    if MODES[mode]["validate_on_update"]:
        status, reason, message = refused(request)
        assert (status, reason) == (400, "invalidArgument")
        assert "535 Authentication Credentials Invalid" in message
        assert office.logins() == ["535"]  # one attempt, not one a mechanism
    else:
        request.execute()
        assert office.logins() == []
    stored = office.gmail.stored(OPS, NEWS)
    assert stored is not None
    assert (stored.password == PASSWORD_TYPED_WRONG) is not MODES[mode]["validate_on_update"]


@pytest.mark.parametrize("mode", MODES)
def test_an_update_replaces_the_whole_resource(make_office: MakeOffice, mode: str) -> None:
    """PUT resets the name and drops the relay that it does not name: mail then leaves through Gmail itself."""
    office = make_office(**MODES[mode])
    users = office.delegated()
    patch(users, NEWS, displayName="News", signature="<b>N</b>")
    answer = send_as(users).update(userId="me", sendAsEmail=NEWS, body={"signature": "N"}).execute()
    assert (answer["displayName"], answer["signature"]) == ("", "N")
    assert "smtpMsa" not in answer
    assert office.gmail.stored(OPS, NEWS) is None


NO_ACCOUNT = "the SMTP server's user name and password never come back"


def test_no_answer_and_no_error_shows_a_password(make_office: MakeOffice) -> None:
    """Neither a read nor an echo nor a refusal holds the user name or the password."""
    office = make_office(validate_on_update=True)
    users, key = office.delegated(), first_key(office.world)
    wrong = office.msa(password=PASSWORD_TYPED_WRONG)
    seen = [
        send_as(users).list(userId="me").execute(),
        send_as(users).get(userId="me", sendAsEmail=NEWS).execute(),
        patch(users, NEWS, smtpMsa=office.msa()),
        send_as(users).update(userId="me", sendAsEmail=NEWS, body={"smtpMsa": office.msa()}).execute(),
        refused(send_as(users).patch(userId="me", sendAsEmail=NEWS, body={"smtpMsa": wrong})),
        refused(send_as(users).patch(userId="me", sendAsEmail=NEWS, body={"smtpMsa": {"password": 17}})),
    ]
    text = json.dumps(seen) + repr(office.gmail.stored(OPS, NEWS)) + repr(office.world.record.entries())
    assert not [secret for secret in office.gmail.secrets() if secret in text]
    assert key.id not in json.dumps(seen), NO_ACCOUNT


BAD_BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": ({"smtp_msa": {}}, "Unknown name \"smtp_msa\" at 'send_as'"),
    "an unknown field below": ({"smtpMsa": {"hostname": "x"}}, "Unknown name \"hostname\" at 'send_as.smtp_msa'"),
    "a port in words": ({"smtpMsa": {"port": "587"}}, "Invalid value at 'send_as.smtp_msa.port' (TYPE_INT32)"),
    "a port that is true": ({"smtpMsa": {"port": True}}, "TYPE_INT32"),
    "a port beyond int32": ({"smtpMsa": {"port": 2**31}}, "TYPE_INT32"),
    "a port that no socket has": ({"smtpMsa": {"port": 70000}}, "Invalid smtpMsa.port"),
    "a security that is not in the list": ({"smtpMsa": {"securityMode": "tls"}}, "TYPE_ENUM"),
    "an unspecified security": ({"smtpMsa": {"securityMode": "securityModeUnspecified"}}, "smtpMsa.securityMode"),
    "no security off port 25": ({"smtpMsa": {"securityMode": "none"}}, "requires port 25"),
    "an empty host": ({"smtpMsa": {"host": ""}}, "smtpMsa.host"),
    "a server that is a text": ({"smtpMsa": "x"}, "Invalid value at 'send_as.smtp_msa'"),
    "a name that is a number": ({"displayName": 1}, "TYPE_STRING"),
    "a default that is taken away": ({"isDefault": False}, "isDefault cannot be toggled to false"),
    "a flag that is a text": ({"treatAsAlias": "yes"}, "TYPE_BOOL"),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_body_that_does_not_fit_google_s_document_is_refused(counter: Office, case: str) -> None:
    """Unknown fields, wrong types and values are 400, and the text names the field."""
    body, words = BAD_BODIES[case]
    status, reason, message = refused(send_as(counter.delegated()).patch(userId="me", sendAsEmail=NEWS, body=body))
    assert (status, reason) == (400, "invalidArgument")
    assert words in message


@pytest.mark.parametrize("body", ["{", "[]", '"x"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(counter: Office, body: str | bytes) -> None:
    """What is not a JSON object is answered with 400."""
    from tests.sandbox.gmail.test_authorisation import access_token

    token = access_token(counter.delegated())
    status, answer, _ = counter.http("PATCH", f"/gmail/v1/users/me/settings/sendAs/{NEWS}", token, body)
    assert (status, answer["error"]["errors"][0]["reason"]) == (400, "invalidArgument")


def test_nulls_are_as_if_not_given_and_read_only_fields_change_nothing(office: Office) -> None:
    """JSON null leaves a field alone; address, status and primary cannot be written."""
    patch(office.delegated(), NEWS, displayName="News")
    body = {"displayName": None, "sendAsEmail": "x@y.example", "verificationStatus": "pending", "isPrimary": True}
    answer = patch(office.delegated(), NEWS, **body)
    assert answer["displayName"] == "News"
    assert answer["sendAsEmail"] == NEWS
    assert answer["verificationStatus"] == "accepted"
    assert "isPrimary" not in answer


def test_a_new_default_replaces_the_old(office: Office) -> None:
    """There is one default address at any time."""
    users = office.delegated()
    patch(users, NEWS, isDefault=True)
    found = send_as(users).list(userId="me").execute()["sendAs"]
    assert [alias["sendAsEmail"] for alias in found if alias.get("isDefault")] == [NEWS]


def test_a_partial_response_has_only_what_was_asked(office: Office) -> None:
    """The `fields` parameter, with both of its notations."""
    collection = send_as(office.delegated())
    one = collection.get(userId="me", sendAsEmail=NEWS, fields="smtpMsa/host,verificationStatus").execute()
    every = collection.list(userId="me", fields="sendAs(sendAsEmail,smtpMsa(port))").execute()
    assert one == {"smtpMsa": {"host": "127.0.0.1"}, "verificationStatus": "accepted"}
    assert every["sendAs"][1] == {"sendAsEmail": NEWS, "smtpMsa": {"port": office.world.smtp.port}}
    assert collection.get(userId="me", sendAsEmail=NEWS, fields="*").execute()["sendAsEmail"] == NEWS
    for mask in ("a(b", "a)", ",", "a b", "/"):
        status, _, message = refused(collection.get(userId="me", sendAsEmail=NEWS, fields=mask))
        assert (status, "Invalid field selection" in message) == (400, True)


def test_an_outside_address_is_logged_in_for_and_then_waits_for_its_owner(office: Office) -> None:
    """Creating an alias tries the real login and asks the owner by mail; the alias is pending until then."""
    answer = (
        send_as(office.delegated())
        .create(userId="me", body={"sendAsEmail": OUTSIDE, "smtpMsa": office.msa()})
        .execute()
    )
    assert answer["verificationStatus"] == "pending"
    assert office.logins() == ["235"]
    asked = office.world.mailboxes.messages(OUTSIDE)
    assert [mail["Subject"] for mail in asked] == [f"Gmail Confirmation - Send Mail as {OUTSIDE}"]


def test_an_address_of_the_own_domain_is_accepted_at_once(office: Office) -> None:
    """No owner has to be asked, and no SMTP server is needed."""
    address = "sales@queenofsandiego.com"
    answer = send_as(office.delegated()).create(userId="me", body={"sendAsEmail": address}).execute()
    assert answer["verificationStatus"] == "accepted"
    assert office.world.mailboxes.messages(address) == []


def test_an_alias_that_cannot_be_created_is_not_there(office: Office) -> None:
    """Wrong password, no server for an outside address, no address, a duplicate: each its own refusal."""
    every = send_as(office.delegated())
    cases: dict[str, tuple[dict[str, Any], tuple[int, str, str]]] = {
        "wrong password": (
            {"sendAsEmail": OUTSIDE, "smtpMsa": office.msa(password=PASSWORD_TYPED_WRONG)},
            (400, "invalidArgument", "535 Authentication Credentials Invalid"),
        ),
        "no server": (
            {"sendAsEmail": OUTSIDE},
            (400, "invalidArgument", "Custom from requires smtpMsa configuration"),
        ),
        "no address": ({"sendAsEmail": "nobody"}, (400, "invalidArgument", "Invalid sendAsEmail")),
        "a duplicate": ({"sendAsEmail": NEWS.upper()}, (409, "alreadyExists", "already exists")),
    }
    for body, (status, reason, words) in cases.values():
        found = refused(every.create(userId="me", body=body))
        assert found[:2] == (status, reason)
        assert words in found[2]
    assert [alias["sendAsEmail"] for alias in every.list(userId="me").execute()["sendAs"]] == [OPS, NEWS]


def test_a_domain_without_outbound_gateways_takes_no_smtp_server(office: Office) -> None:
    """The administrator's switch is off in a new domain."""
    office.gmail.add_workspace("strict.example", outbound_gateways=False)
    office.gmail.add_user("a@strict.example")
    office.set_up("a@strict.example", "b@strict.example")
    every = send_as(office.delegated("a@strict.example"))
    status, _, message = refused(
        every.patch(userId="me", sendAsEmail="b@strict.example", body={"smtpMsa": office.msa()})
    )
    assert (status, "outbound gateways" in message) == (400, True)


@pytest.mark.parametrize("code", [200, 204])
def test_deleting_takes_the_alias_and_its_verification(make_office: MakeOffice, code: int) -> None:
    """A new alias of the same address waits for its owner again; the answer is empty, with either status."""
    office = make_office(empty_code=code)
    every = send_as(office.delegated())
    office.set_up(OPS, OUTSIDE)
    assert every.delete(userId="me", sendAsEmail=OUTSIDE).execute() in ("", b"")
    assert refused(every.get(userId="me", sendAsEmail=OUTSIDE))[:2] == (404, "notFound")
    created = every.create(userId="me", body={"sendAsEmail": OUTSIDE, "smtpMsa": office.msa()}).execute()
    assert created["verificationStatus"] == "pending"
    outcomes = [entry.outcome for entry in office.world.record.entries() if entry.name == "sendAs.delete"]
    assert outcomes == [str(code)]


def test_the_primary_address_cannot_be_deleted_and_takes_over_as_default(office: Office) -> None:
    """An account always has its own address, and always a default."""
    users = office.delegated()
    patch(users, NEWS, isDefault=True)
    assert refused(send_as(users).delete(userId="me", sendAsEmail=OPS))[1] == "cannotDeletePrimarySendAs"
    send_as(users).delete(userId="me", sendAsEmail=NEWS).execute()
    assert send_as(users).get(userId="me", sendAsEmail=OPS).execute()["isDefault"] is True


def test_only_a_pending_alias_is_verified(office: Office) -> None:
    """Verify sends the owner the mail again, and is refused once the owner has agreed."""
    users = office.delegated()
    office.gmail.add_alias(OPS, OUTSIDE, "127.0.0.1", 587, "starttls", "u", "p", status="pending")
    send_as(users).verify(userId="me", sendAsEmail=OUTSIDE).execute()
    assert len(office.world.mailboxes.messages(OUTSIDE)) == 1
    office.gmail.set_status(OPS, OUTSIDE, "accepted")
    assert refused(send_as(users).verify(userId="me", sendAsEmail=OUTSIDE))[:2] == (400, "failedPrecondition")


def test_an_unknown_alias_is_404_and_case_does_not_matter(office: Office) -> None:
    """Addresses are compared without case; one that is not set up is not found."""
    every = send_as(office.delegated())
    assert every.get(userId="me", sendAsEmail=NEWS.upper()).execute()["sendAsEmail"] == NEWS
    missing = (404, "notFound", "Requested entity was not found.")
    assert refused(every.get(userId="me", sendAsEmail="x@y.example")) == missing
    assert refused(every.patch(userId="me", sendAsEmail="x@y.example", body={})) == missing


def test_the_relay_may_lag_behind_a_write(make_office: MakeOffice) -> None:
    """For a while after a PATCH the relay may still log in with the password before it."""
    office = make_office(relay_lag_s=60)
    office.set_up(OPS, NEWS, password=PASSWORD_TYPED_WRONG)
    users = office.delegated()
    patch(users, NEWS, smtpMsa=office.msa())
    send(users, NEWS, OPS)
    office.wait(61)
    send(users, NEWS, OPS)
    assert office.logins() == ["535", "235"]
