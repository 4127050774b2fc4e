"""The fingerprint of a place: another one for another target, the same for what does not move the credential."""

from __future__ import annotations

import pytest

from rotator.config import kinds
from rotator.config.places import fingerprint

FILE = kinds.CredentialFile(type="credential_file", name="relay", path="/etc/postfix/sasl_passwd", format="postfix")
MSMTP = FILE.model_copy(update={"format": "msmtp", "account": "news"})
SECRET = kinds.SecretsManager(type="secrets_manager", name="store", secret_id="prod/ses")
PARAMETER = kinds.SsmParameter(type="ssm_parameter", name="store", path="/prod/ses")
ALIAS = kinds.GmailSendAs(type="gmail_send_as", name="news", mailbox="ops@example.com", alias="News@example.com")
PROGRAM = kinds.Command(type="command", name="hook", push=("/usr/local/lib/push", "--to", "a"))
ACCOUNT, REGION = "123456789012", "us-east-1"

MOVED: dict[str, tuple[kinds.Consumer, dict[str, object]]] = {
    "another file": (FILE, {"path": "/etc/msmtprc"}),
    "another secret": (SECRET, {"secret_id": "prod/other"}),
    "another region": (SECRET, {"region": "eu-west-1"}),
    "another parameter": (PARAMETER, {"path": "/prod/other"}),
    "another alias": (ALIAS, {"alias": "sales@example.com"}),
    "another mailbox": (ALIAS, {"mailbox": "dev@example.com"}),
    "one of two copies": (
        FILE.model_copy(update={"replicas": ("/srv/a",)}), {"replicas": ("/srv/b",)}
    ),
    "another account of the same file": (MSMTP, {"account": "billing"}),
    "another field of the same secret": (SECRET, {"fields": kinds.FieldNames(password="smtp_password")}),
    "another field of the same parameter": (PARAMETER, {"fields": kinds.FieldNames(username="smtp_user")}),
    "one parameter becomes several": (PARAMETER, {"layout": "path"}),
    "another target of the program": (PROGRAM, {"push": ("/usr/local/lib/push", "--to", "b")}),
}
SAME: dict[str, tuple[kinds.Consumer, dict[str, object]]] = {
    "another name": (FILE, {"name": "postfix"}),
    "another program afterwards": (FILE, {"after": ("/usr/sbin/postmap", "x")}),
    "another field beside the pair": (SECRET, {"fields": kinds.FieldNames(host="server")}),
    "the region written out": (SECRET, {"region": REGION}),
    "an address in other letters": (ALIAS, {"alias": "news@Example.com"}),
    "another check": (PROGRAM, {"check": ("/usr/local/lib/check",)}),
}


def places(one: kinds.Consumer, changes: dict[str, object]) -> tuple[str, str]:
    """The fingerprints before and after a change."""
    changed = one.model_copy(update=changes)
    return fingerprint(one, ACCOUNT, REGION), fingerprint(changed, ACCOUNT, REGION)


@pytest.mark.parametrize("change", MOVED)
def test_another_target_is_another_place(change: str) -> None:
    """Whoever points the name elsewhere has another place, which must be told."""
    before, after = places(*MOVED[change])
    assert before != after
    assert {len(one) for one in (*before.split("+"), *after.split("+"))} == {16}


@pytest.mark.parametrize("change", SAME)
def test_what_does_not_move_the_credential_is_the_same_place(change: str) -> None:
    """Settings beside the target say nothing about where the credential lies."""
    before, after = places(*SAME[change])
    assert before == after


def test_only_a_person_knows_where_a_persons_place_is() -> None:
    """A place described in words: other words are no other place, a file or program of that name is one."""
    human = kinds.Human(type="human", name="laptop", instructions="Thunderbird")
    before, after = places(human, {"instructions": "Outlook"})
    assert before == after
    assert before not in {fingerprint(one, ACCOUNT, REGION) for one in (FILE, SECRET, PROGRAM)}


def test_a_copy_is_a_place_of_its_own() -> None:
    """A file with its copies: each has the fingerprint that it would have alone, in whatever order they stand."""
    both = FILE.model_copy(update={"path": "/srv/b", "replicas": (FILE.path,)})
    alone = FILE.model_copy(update={"path": "/srv/b"})
    wanted = {fingerprint(FILE, ACCOUNT, REGION), fingerprint(alone, ACCOUNT, REGION)}
    assert set(fingerprint(both, ACCOUNT, REGION).split("+")) == wanted
    swapped = FILE.model_copy(update={"replicas": ("/srv/b",)})
    assert fingerprint(both, ACCOUNT, REGION) == fingerprint(swapped, ACCOUNT, REGION)
