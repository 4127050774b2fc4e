"""No request to Google outlives its deadline, whatever comes before it and however slowly the answer comes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from rotator.core.ports import Deadline
from rotator.services.gmail import GmailMailbox
from rotator.services.gmail_errors import GmailError, GmailKind
from rotator.services.google_auth import Access

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


@contextmanager
def dribbling(head: bytes) -> Iterator[str]:
    """A server that says `head` and then a byte every 50 ms; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=server.accept()[:1], daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.sendall(head)
                for _ in range(400):
                    connection.sendall(b" ")
                    time.sleep(0.05)

        threading.Thread(target=talk, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def credentials(token_uri: str, token: str | None) -> Access:
    """A user's token, fetched already or to be fetched first."""

    def load() -> object:
        from google.oauth2.credentials import Credentials

        return Credentials(
            token, refresh_token="r", token_uri=token_uri, client_id="c", client_secret="s"
        )

    return Access(load)


@pytest.mark.parametrize("head", [HEAD, b"H"], ids=["the body", "the first line"])
@pytest.mark.parametrize("token", ["t", None], ids=["the request itself", "the token before it"])
def test_an_answer_byte_by_byte_ends_at_the_deadline(head: bytes, token: str | None) -> None:
    """Each byte comes in time and the whole never would: the time is the call's, not each wait's."""
    with dribbling(head) as url:
        mailbox = GmailMailbox(mailbox="a@b.org", access=credentials(f"{url}/token", token), api_endpoint=url)
        began = time.monotonic()
        with pytest.raises(GmailError) as caught:
            mailbox.profile(Deadline.after(1.0))
        assert time.monotonic() - began < 2.5
    assert caught.value.kind is GmailKind.UNCLEAR
