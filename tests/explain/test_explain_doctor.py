"""The two failures that began it all: one message for both, two layers, and the doctor's word on each."""

from __future__ import annotations

from pathlib import Path

import pytest

from rotator.core.secret import Secret
from rotator.sandbox.client import Sandbox
from rotator.sandbox.world import World
from tests.cli.conftest import Run
from tests.explain.bounces import RECIPIENT, SUPPRESSED, report
from tests.explain.test_explain_latest import OPS, mail_through_the_alias


@pytest.fixture
def adopted(run: Run, world: World) -> World:
    """The world, adopted with the secret of the key in use."""
    (held,) = world.keys.now_held(world.scenario.user)
    done = run("adopt", "--secret-stdin", stdin=Secret(held.secret).reveal())
    assert done.code == 0, done.err
    return world


def test_an_alias_whose_key_was_rotated_away(run: Run, adopted: World) -> None:
    """The bounce blames the credential, and the doctor finds the key that is off."""
    (held,) = adopted.keys.now_held(adopted.scenario.user)
    Sandbox(adopted.admin_url).set_key_status(held.id, "Inactive")
    mail_through_the_alias(adopted)
    done = run("explain", "--mailbox", OPS, "--latest", "--and-doctor", "--json")
    found = done.document
    assert (done.code, found["layer"], found["credential_to_blame"]) == (1, "credential", True)
    assert found["doctor"]["first_broken"] == "iam"
    assert [one["id"] for one in found["doctor"]["checks"] if one["status"] == "failed"] == ["iam.keys"]


def test_a_recipient_on_the_suppression_list(run: Run, adopted: World, tmp_path: Path) -> None:
    """The bounce names another layer, and of all checks the doctor's list look-up alone fails."""
    adopted.ses.suppress(RECIPIENT, "COMPLAINT", adopted.clock.now())
    path = tmp_path / "bounce.eml"
    path.write_bytes(report(SUPPRESSED))
    done = run("explain", str(path), "--and-doctor", "--json")
    found = done.document
    assert (done.code, found["layer"], found["credential_to_blame"]) == (1, "suppression", False)
    failed = [one for one in found["doctor"]["checks"] if one["status"] == "failed"]
    assert [one["id"] for one in failed] == ["recipient.suppression"]
    assert "COMPLAINT" in failed[0]["summary"]


def test_a_check_is_explained_and_run(run: Run, adopted: World) -> None:
    """An id leads to what the check looks at, to its page, and with --and-doctor to its finding."""
    done = run("explain", "iam.keys", "--json")
    assert (done.code, done.document["kind"], done.document["checks"]) == (0, "check", ["iam.keys"])
    assert done.document["runbook"].startswith("runbooks/")
    assert "doctor" not in done.document
    done = run("explain", "iam.keys", "--and-doctor")
    assert done.code == 0
    assert "iam.keys" in done.out
    assert "Next: rotator doctor" not in done.out


def test_nothing_is_sent_for_an_explanation(run: Run, adopted: World) -> None:
    """The checks are run as the doctor runs them without --send."""
    before = adopted.mailboxes.count()
    run("explain", "535", "--and-doctor", "--json")
    assert adopted.mailboxes.count() == before
