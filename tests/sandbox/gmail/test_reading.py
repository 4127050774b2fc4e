"""Reading mail: search, pages, formats, history."""

from __future__ import annotations

import email
from typing import Any

import pytest

from tests.sandbox.gmail.office import COLLEAGUE, OPS, Office, raw, refused, send

METADATA = "https://www.googleapis.com/auth/gmail.metadata"


@pytest.fixture
def users(office: Office) -> Any:
    """The client of a mailbox with three old mails and a new one."""
    users = office.delegated()
    for subject in ("canary 12-a", "canary 123", "=?utf-8?q?gr=C3=BC=C3=9Fe?="):
        send(users, OPS, COLLEAGUE, subject)
        office.wait(86400 * 2)
    send(users, OPS, OPS, "today")
    return users


def found(users: Any, query: str, **more: Any) -> list[str]:
    """The subjects that a search finds, newest first."""
    rows = users.messages().list(userId="me", q=query, **more).execute().get("messages", [])
    return [str(email.message_from_bytes(raw(users, row["id"]))["Subject"]) for row in rows]


def test_search_words_find_what_they_say(users: Any) -> None:
    """Whole words in headers, ages by the sandbox's clock, labels, and all terms together."""
    ids = users.messages().list(userId="me").execute()["messages"]
    message_id = email.message_from_bytes(raw(users, ids[0]["id"]))["Message-ID"]
    cases = {
        "subject:canary": ["canary 123", "canary 12-a"],
        "subject:12": ["canary 12-a"],
        'subject:"canary 12"': ["canary 12-a"],
        "subject:grüße": ["=?utf-8?q?gr=C3=BC=C3=9Fe?="],
        "newer_than:1d": ["today"],
        "newer_than:5d subject:canary": ["canary 123"],
        f"rfc822msgid:{message_id}": ["today"],
        "in:inbox": ["today"],
        "from:ops to:ops": ["today"],
        "-in:inbox -subject:canary": ["=?utf-8?q?gr=C3=BC=C3=9Fe?="],
        "hello 123": ["canary 123"],
        "subject:nothing": [],
        "after:4102444800": [],
    }
    assert {query: found(users, query) for query in cases} == cases
    assert found(users, "", labelIds=["INBOX"]) == ["today"]


@pytest.mark.parametrize("query", ["has:attachment", "newer_than:soon", "after:2026/01/01", f"after:{2**40}"])
def test_a_search_that_the_sandbox_cannot_do_is_refused(counter: Office, query: str) -> None:
    """Better an error than a result that Gmail would not give."""
    assert refused(counter.delegated().messages().list(userId="me", q=query))[:2] == (400, "invalidArgument")


def test_pages_join_to_the_whole(users: Any) -> None:
    """A page token leads to the next page, and the last page has none."""
    listing, seen = users.messages(), []
    request = listing.list(userId="me", maxResults=3)
    while request is not None:
        page = request.execute()
        seen.append([row["id"] for row in page["messages"]])
        request = listing.list_next(request, page)
    whole = [row["id"] for row in listing.list(userId="me").execute()["messages"]]
    assert ([len(page) for page in seen], [one for page in seen for one in page]) == ([3, 1], whole)


def test_an_empty_listing_has_no_messages_member(counter: Office) -> None:
    """As recorded: only the estimate."""
    listing = counter.personal().messages()
    assert listing.list(userId="me", labelIds=["INBOX"]).execute() == {"resultSizeEstimate": 0}


def test_each_format_shows_its_part(users: Any) -> None:
    """Minimal has no content, metadata has the headers asked for, raw has all; full is not there."""
    messages = users.messages()
    newest = messages.list(userId="me").execute()["messages"][0]["id"]
    minimal = messages.get(userId="me", id=newest, format="minimal").execute()
    some = messages.get(userId="me", id=newest, format="metadata", metadataHeaders=["Subject", "from"]).execute()
    assert set(minimal) == {"id", "threadId", "labelIds", "snippet", "sizeEstimate", "historyId", "internalDate"}
    assert sorted(header["name"] for header in some["payload"]["headers"]) == ["From", "Subject"]
    assert b"hello" in raw(users, newest)
    assert refused(messages.get(userId="me", id=newest))[0] == 400
    assert refused(messages.get(userId="me", id="0", format="raw"))[:2] == (404, "notFound")


def test_the_metadata_scope_sees_headers_and_cannot_search(office: Office) -> None:
    """gmail.metadata is refused q, raw and full."""
    send(office.delegated(), OPS, OPS)
    users = office.personal(OPS, (METADATA,))
    newest = users.messages().list(userId="me").execute()["messages"][0]["id"]
    assert "payload" in users.messages().get(userId="me", id=newest, format="metadata").execute()
    assert refused(users.messages().get(userId="me", id=newest, format="raw"))[0] == 403
    assert refused(users.messages().list(userId="me", q="subject:x")) == (
        403,
        "forbidden",
        "Metadata scope does not support 'q' parameter",
    )


def test_history_tells_what_was_added_since(office: Office) -> None:
    """From a profile's historyId on; one that Gmail has forgotten is 404, which means a full sync."""
    users = office.delegated()
    start = users.getProfile(userId="me").execute()["historyId"]
    assert "history" not in users.history().list(userId="me", startHistoryId=start).execute()
    sent = send(users, OPS, OPS)
    page = users.history().list(userId="me", startHistoryId=start, labelId="INBOX").execute()
    added = [entry["message"]["id"] for row in page["history"] for entry in row["messagesAdded"]]
    assert (added, page["historyId"]) == ([sent["id"]], users.getProfile(userId="me").execute()["historyId"])
    office.gmail.forget_history(OPS)
    assert refused(users.history().list(userId="me", startHistoryId=start))[:2] == (404, "notFound")
    assert refused(users.history().list(userId="me"))[:2] == (400, "invalidArgument")


BAD_QUERIES = {
    "an unknown parameter": "messages?labels=INBOX",
    "a page size of nothing": "messages?maxResults=0",
    "a page token made up": "messages?pageToken=x",
}


@pytest.mark.parametrize("case", BAD_QUERIES)
def test_a_parameter_that_gmail_does_not_know_is_refused(counter: Office, case: str) -> None:
    """The query is checked against Google's document too."""
    from tests.sandbox.gmail.test_authorisation import access_token

    token = access_token(counter.delegated())
    assert counter.http("GET", f"/gmail/v1/users/me/{BAD_QUERIES[case]}", token)[0] == 400
