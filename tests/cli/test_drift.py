"""A place that went back to another key, as a person and a monitor meet it."""

from __future__ import annotations

import re

from rotator.core.errors import Exit
from rotator.sandbox.world import World
from tests.cli.conftest import Run

FOREIGN = "AKIA" + "7" * 16


def _put(world: World, key: str) -> None:
    """Somebody puts another credential into the relay's file."""
    path = world.place.sasl_passwd
    path.write_text(re.sub(r"AKIA[A-Z2-7]{16}", key, path.read_text()))


def _not_due(world: World) -> str:
    """The key is young enough; returns its id as it is shown."""
    config = world.place.config
    config.write_text(config.read_text("utf-8") + "  rotate_at: 85d\n", "utf-8")
    key: str = world.keys.now_held(world.scenario.user)[0].id
    return f"{key[:4]}…{key[-4:]}"


def test_status_names_who_is_behind_and_on_what(adopted: World, run: Run) -> None:
    """The table, the last line, the JSON document and the code of --check say it; key ids are masked everywhere."""
    current = _not_due(adopted)
    assert run("status", "--check").code == 0
    _put(adopted, FOREIGN)
    done = run("status", "--check")
    assert done.code == Exit.FAILED
    assert "relay holds AKIA…7777!" in done.out
    assert done.out.splitlines()[-1] == "1 behind.  Next: rotator rotate --user jada-ses-smtp"
    assert f"relay holds AKIA…7777, which is not Active: its mail is refused; it was told {current}" in done.err
    (user,) = run("status", "--json").document["users"]
    behind = {"consumer": "relay", "holds_masked": "AKIA…7777", "told_masked": current, "mail_refused": True}
    assert user["behind"] == [behind]
    assert FOREIGN not in done.out + done.err


def test_the_daily_run_with_nothing_due_says_it(adopted: World, run: Run) -> None:
    """Code 3, who holds what, the way out and its page; nothing is pushed and no key is made."""
    _not_due(adopted)
    _put(adopted, FOREIGN)
    before = adopted.record.count()
    done = run("rotate", "--if-due", "--json")
    document = done.document
    assert (done.code, document["outcome"], document["ok"]) == (Exit.HELP_NEEDED, "a consumer behind", False)
    assert document["next"] == "rotator rotate --user jada-ses-smtp"
    assert document["runbook"] == "runbooks/consumer-push.md#drift"
    assert "✗ relay holds AKIA…7777, which is not Active" in done.err
    assert "its mail is refused" in document["summary"]
    assert {one.name for one in adopted.record.entries(before)} == {"iam:ListAccessKeys"}
    assert FOREIGN in adopted.place.sasl_passwd.read_text()


def test_the_way_out_works(adopted: World, run: Run) -> None:
    """A new rotation tells every place, this one too."""
    _not_due(adopted)
    _put(adopted, FOREIGN)
    assert run("rotate", "--yes").code == 0
    (new,) = set(re.findall(r"AKIA[A-Z2-7]{16}", adopted.place.sasl_passwd.read_text()))
    assert new in {key.id for key in adopted.keys.now_held(adopted.scenario.user)}
    assert run("status", "--json").document["users"][0]["behind"] == []
