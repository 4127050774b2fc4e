"""Audit mails in a Gmail mailbox: found by their subject under any label, known by the token in their own header."""

from __future__ import annotations

import email
from collections.abc import Collection, Mapping

from rotator.core.mail.arrivals import Landed, Sighting
from rotator.core.mail.bounce import CANARY_HEADER, RECEIVER
from rotator.core.ports import Deadline
from rotator.services.gmail import GmailMailbox

# A filter may have moved the mail anywhere, and the mailbox may be the sender's own.
QUERY = 'subject:"rotator audit" newer_than:1d -in:sent -in:drafts'
SPAM = "SPAM"


class GmailArrivals:
    """Implements `rotator.core.mail.arrivals.Arrivals`.  What lay there at the first look is left alone."""

    def __init__(self, gmail: GmailMailbox) -> None:
        """Nothing is asked before the first look."""
        self._gmail = gmail
        self._read: set[str] | None = None
        self._found: dict[str, Sighting] = {}

    def look(self, tokens: Collection[str], deadline: Deadline) -> Mapping[str, Sighting]:
        """What has come since the first look.  Raises GmailError."""
        there = [message.id for message in self._gmail.found(QUERY, deadline)]
        if self._read is None:
            self._read = set(there)
        for id_ in there:
            if id_ not in self._read:
                self._take(id_, deadline)
                self._read.add(id_)  # only now: a read that failed is repeated at the next look
        return {token: self._found[token] for token in tokens if token in self._found}

    def _take(self, id_: str, deadline: Deadline) -> None:
        found = self._gmail.whole(id_, deadline)
        mail = email.message_from_bytes(found.raw)
        if token := str(mail.get(CANARY_HEADER, "")).strip():
            headers = tuple((name, " ".join(str(value).split())) for name, value in mail.items())
            self._found[token] = Landed(headers, RECEIVER, spam=SPAM in found.labels)
