"""A real Postfix over a rotation: no mail is lost, whatever key it has meanwhile."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.saga.postfix import needs_postfix, postfix
from tests.saga.stage import USER, Stage

NEWS, FRIEND = "news@queenofsandiego.com", "friend@example.org"


def with_postmap(stage: Stage, port: int) -> Path:
    """Leave only the relay, whose table postmap reads after each push."""
    stage.keep_consumers("relay")
    table = stage.world.place.sasl_passwd
    table.write_text(table.read_text().replace(f":{stage.world.smtp.port} ", f":{port} "))
    config = stage.world.place.config
    document = yaml.safe_load(config.read_text())
    user = document["users"][0]
    user["consumers"][0]["after"] = ["/usr/sbin/postmap", f"hash:{table}"]
    for endpoint in user["endpoints"]:
        endpoint |= {"port": port, "security": "starttls" if port == stage.world.smtp.port else "tls"}
    config.write_text(yaml.safe_dump(document, sort_keys=False))
    subprocess.run(["/usr/sbin/postmap", f"hash:{table}"], check=True)
    stage.places |= {"postfix/sasl_passwd.db"}
    return table


def delivered(stage: Stage) -> int:
    """How many mails the friend has."""
    return len(stage.world.mailboxes.messages(FRIEND))


def sent_with(stage: Stage) -> list[str]:
    """The key of every mail that SES took, in order, save our own test mails."""
    return [one.detail for one in stage.world.record.entries() if one.name == "DATA"]


@needs_postfix
@pytest.mark.parametrize("wrapped", [False, True], ids=["STARTTLS", "TLS from the first byte"])
def test_mail_that_waits_while_the_key_is_replaced_is_delivered(stage: Stage, wrapped: bool) -> None:
    """Revoked under its feet, Postfix keeps what SES refuses (535), and sends it with the new key after postmap."""
    port = stage.world.smtp.tls_port if wrapped else stage.world.smtp.port
    table = with_postmap(stage, port)
    old = stage.adopt()
    with postfix(table, stage.world.authority.ca_file, port, wrapped=wrapped) as relay:
        relay.mail(NEWS, FRIEND, "before")
        relay.wait(lambda: delivered(stage) == 1)
        table.parent.chmod(0o770)  # the push cannot be made yet, so that mail meets a key that is off
        stage.rotator("rotate", "--revoke-first", "--key", old, "--reason", "leaked", "--yes", code=3)
        assert stage.keys()[old] == "Inactive"
        relay.mail(NEWS, FRIEND, "meanwhile")
        relay.wait(lambda: any("535" in str(one["recipients"]) for one in relay.queue()))
        assert delivered(stage) == 1
        table.parent.chmod(0o700)
        stage.rotator("rotate", code=None)
        (new,) = stage.active()
        relay.flush()
        relay.wait(lambda: delivered(stage) == 2)
        relay.wait(lambda: relay.queue() == [])
        assert USER in stage.rotator("status", code=None).text
    assert sent_with(stage)[0] == old
    assert sent_with(stage)[-1] == new


@needs_postfix
def test_an_ordinary_rotation_defers_nothing(stage: Stage) -> None:
    """With both keys Active mail goes out before, during and after the push, and after the old key is gone."""
    table = with_postmap(stage, stage.world.smtp.port)
    stage.configure(defaults={"grace": "0s", "quiet": "0s", "watch": "0s"})
    old = stage.adopt()
    with postfix(table, stage.world.authority.ca_file, stage.world.smtp.port, wrapped=False) as relay:
        for turn in range(1, 6):
            relay.mail(NEWS, FRIEND, f"turn {turn}")
            relay.wait(lambda turn=turn: delivered(stage) == turn)  # type: ignore[misc]
            stage.rotator("rotate", "--yes" if turn == 1 else "--if-due", code=None)
            stage.advance(days=1, hours=1)
        assert "deferred" not in relay.log
    (new,) = stage.keys()
    assert new != old
    used = sent_with(stage)
    assert used == sorted(used, key=[old, new].index)
