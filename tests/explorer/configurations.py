"""What is searched: each configuration small enough to be searched to the end, together all that may happen."""

from __future__ import annotations

from rotator.core.policy import Mode, Traits
from tests.explorer.moves import Configuration

FILE = Traits("file", "credential_file", "here", reads_back=True)
STORE = Traits("store", "credential_file", "here", reads_back=True, sends=True)
GMAIL = Traits("gmail", "gmail_send_as", "here", sends=True)  # write-only: nobody can ask what it holds
HAND = Traits("hand", "human", "here", by_hand=True)  # a person's word is all there is
ALIAS = Traits("alias", "gmail_send_as", "here", by_hand=True, sends=True)

EMERGENCY, REVOKE_FIRST = Mode.EMERGENCY, Mode.REVOKE_FIRST

QUICK = {
    "a file, one fault": Configuration((FILE,)),
    "a Workspace alias, one fault": Configuration((GMAIL,)),
    "a store that sends, one fault": Configuration((STORE,)),
    "a person's client, one fault": Configuration((HAND,)),
    "a personal alias, one fault": Configuration((ALIAS,)),
    "a file and an alias, one fault": Configuration((FILE, GMAIL)),
    "two places fed by hand": Configuration((HAND, ALIAS), faults=0),
    "people who take days": Configuration((ALIAS,), faults=0, slow_people=True),
    "no key at the start": Configuration((FILE,), old_key=False),
    "the old password is not known": Configuration((FILE,), adopted_sealed=False),
    "last-used says nothing": Configuration((GMAIL,), last_used_tells=False),
    "an alias in use all the time": Configuration((GMAIL,), busy=True),
    "others may create keys": Configuration((FILE,), sole_creator=False),
    "a person makes a key of their own": Configuration((FILE,), faults=0, strangers=1, sole_creator=False),
    "a person aborts": Configuration((FILE,), aborts=1),
    "our derivation is wrong": Configuration((FILE,), faults=0, wrong_births=1),
    "our derivation is wrong, and nothing to compare with": Configuration(
        (FILE,), faults=0, wrong_births=1, adopted_sealed=False, aborts=1
    ),
    "two rotations": Configuration((GMAIL,), faults=0, rotations=2),
    "a consumer goes back to the old key": Configuration((GMAIL,), faults=0, reverts=1, keeps_mail=False),
    "a foreign hand switches a key off": Configuration((FILE,), faults=0, foreign="deactivate"),
    "the old key leaks": Configuration((GMAIL,), faults=0, incident=(EMERGENCY, "old")),
    "the old key is revoked first": Configuration((GMAIL,), faults=0, incident=(REVOKE_FIRST, "old")),
    "the new key leaks": Configuration((GMAIL,), faults=0, incident=(EMERGENCY, "new")),
    "the new key is revoked first": Configuration((GMAIL,), faults=0, incident=(REVOKE_FIRST, "new")),
    "the new key leaks in a person's hands": Configuration((HAND,), faults=0, incident=(EMERGENCY, "new")),
}

LONG = {
    "a file, two faults": Configuration((FILE,), faults=2),
    "a Workspace alias, two faults": Configuration((GMAIL,), faults=2),
    "a store that sends, two faults": Configuration((STORE,), faults=2),
    "a person's client, two faults": Configuration((HAND,), faults=2),
    "a personal alias, two faults": Configuration((ALIAS,), faults=2),
    "a personal alias, people who take days": Configuration((ALIAS,), slow_people=True),
    "a file and an alias, two faults": Configuration((FILE, GMAIL), faults=2),
    "an alias and a person's client": Configuration((GMAIL, HAND)),
    "no key at the start, two faults": Configuration((GMAIL,), faults=2, old_key=False),
    "a person makes a key, and a fault": Configuration((FILE,), strangers=1, sole_creator=False),
    "a person aborts, two faults": Configuration((FILE,), faults=2, aborts=1),
    "our derivation is wrong, and a fault": Configuration((FILE,), wrong_births=1),
    "two rotations, and a fault": Configuration((FILE,), rotations=2),
    "two emergencies, and a fault": Configuration((FILE,), mode=EMERGENCY, rotations=2),
    "an alias goes back, and a fault": Configuration((GMAIL,), reverts=1, keeps_mail=False),
    "a personal alias goes back, and a fault": Configuration((ALIAS,), reverts=1, keeps_mail=False),
    "a store goes back, and a fault": Configuration((STORE,), reverts=1, keeps_mail=False),
    "a foreign hand switches off, an alias": Configuration((GMAIL,), faults=0, foreign="deactivate"),
    "a foreign hand deletes": Configuration((GMAIL,), faults=0, foreign="delete"),
    "a foreign hand deletes, a personal alias": Configuration((ALIAS,), faults=0, foreign="delete", slow_people=True),
    "a foreign hand switches off, and a fault": Configuration((FILE,), foreign="deactivate"),
    "the old key leaks, and a fault": Configuration((GMAIL,), incident=(EMERGENCY, "old")),
    "the old key is revoked first, and a fault": Configuration((GMAIL,), incident=(REVOKE_FIRST, "old")),
    "the new key leaks, and a fault": Configuration((FILE,), incident=(EMERGENCY, "new")),
    "the new key is revoked first, and a fault": Configuration((FILE,), incident=(REVOKE_FIRST, "new")),
}
