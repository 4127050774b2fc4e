"""Commands that mostly look and wait, beside rotations: real processes, and nobody waits for anybody's mail."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from rotator.core.errors import Exit
from rotator.core.history import events as ev
from rotator.journal.lock import BRIEF_S, lock_path
from rotator.journal.sealing import KeyFileSeal
from rotator.journal.sqlite import open_journal
from tests.saga.launching import Process, Zygote
from tests.saga.stage import USER, Stage, prepare
from tests.saga.tracing import state
from tests.sandbox.clients import aws

Build = Callable[..., Stage]
WAIT_S = 90.0
NEIGHBOUR = "neighbour"


@pytest.fixture
def due(build_stage: Build, adopted: Path, zygote: Zygote) -> Stage:
    """A user that was adopted and whose key is due."""
    stage = build_stage(calm=True, launcher=zygote, template=adopted)
    prepare(stage)
    return stage


def until(seen: Callable[[], object], process: Process) -> None:
    """Wait until something is seen, while the process is at work."""
    deadline = time.monotonic() + WAIT_S
    while not seen():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)


def said(stage: Stage, number: int = 0) -> Any:
    """The one document that a process left in its file."""
    text = (stage.home / f"process-{number}.log").read_text()
    return json.loads(text[text.index("{") :])


def events(stage: Stage, user: str = USER) -> Sequence[ev.Event]:
    """What the user's journal holds."""
    place = stage.world.place
    seal = KeyFileSeal.load(str(place.seal_key))
    with open_journal(place.journal, seal, stage.world.scenario.account, user, lock=False) as journal:
        return journal.events()


class Detained:
    """Mail to the audit's address that is on its way until somebody lets it through."""

    def __init__(self, stage: Stage) -> None:
        self._world, domain = stage.world, stage.world.scenario.domain
        self._owner, self._address = f"ops@{domain}", f"bounce-test@{domain}"
        self.mails: list[bytes] = []
        self._world.mailboxes.register(self._address, self.mails.append)

    def let_through(self) -> None:
        """It arrives now."""
        assert self._world.gmail is not None
        self._world.gmail.add_address(self._owner, self._address)
        for raw in self.mails:
            self._world.mailboxes.deliver(self._address, raw)


def test_an_incident_does_not_wait_for_an_audit(due: Stage) -> None:
    """An audit waits for its mails; an emergency rotates to its end meanwhile; the audit tells of the key it used."""
    detained = Detained(due)
    (old,) = due.keys()
    audit = due.start("audit", "--json", "-q")
    until(lambda: len(detained.mails) == 2, audit)
    due.rotator("rotate", "--emergency", "--key", old, "--reason", "leaked", "--yes", code=0)
    assert audit.poll() is None
    (new,) = due.keys()
    assert new != old
    detained.let_through()
    assert audit.wait(WAIT_S) == 0, said(due)
    rows = {one["consumer"]: one for one in said(due)["consumers"]}
    assert {name: one["outcome"] for name, one in rows.items()} == {"news-alias": "arrived", "relay": "arrived"}
    assert rows["relay"]["key_masked"].endswith(old[-4:])  # logged in by us, with the lock held
    assert rows["news-alias"]["key_masked"] is None  # Gmail logs in when it likes
    settled = [one for one in events(due) if isinstance(one, ev.AuditSettled)]
    assert {(one.consumer, one.key) for one in settled} == {("relay", old), ("news-alias", "")}
    (user,) = due.rotator("status", "--json", code=None).json["users"]
    assert {one["consumer"]: one["by"] for one in user["proven"]} == dict.fromkeys(rows, "test mail")


def test_a_mail_that_a_rotation_overtook_condemns_nobody(due: Stage) -> None:
    """The login of the audit's mail is refused because the key was revoked meanwhile: there is no verdict, and 5."""
    assert due.world.gmail is not None
    due.world.faults.arm("gmail_relay_535_once", 9)
    due.keep_consumers("news-alias")
    Detained(due)
    (old,) = due.keys()
    audit = due.start("audit", "--json", "-q")
    lock = lock_path(due.world.place.state, due.world.scenario.account, USER)
    until(lambda: "messages.send" in due.calls() and not lock.read_text(), audit)
    audit.send_signal(signal.SIGSTOP)  # the bounce lies there before it looks
    while state(audit.pid) != "T":
        time.sleep(0.01)
    done = due.rotator("rotate", "--revoke-first", "--key", old, "--reason", "leaked", "--yes", code=None)
    assert "was not revoked" not in done.text
    assert old not in due.active()
    due.world.faults.arm("gmail_relay_535_once", 0)
    audit.send_signal(signal.SIGCONT)
    assert audit.wait(WAIT_S) == Exit.LOCKED, said(due)
    (row,) = said(due)["consumers"]
    assert row["outcome"] == "overtaken"
    (finding,) = [one for one in said(due)["findings"] if one["id"] == "mail.arrival"]
    assert finding["status"] == "skipped"
    assert re.search(r"a rotation was finished meanwhile|run \S+ was opened meanwhile", finding["summary"])


def test_an_incident_does_not_wait_for_a_doctor_that_awaits_its_mail(due: Stage) -> None:
    """Once the test mail is out the lock is free; what the doctor finds then is not put down to the new key."""
    (old,) = due.keys()
    doctor = due.start("doctor", "gmail", "--send", "--json", "-q")
    lock = lock_path(due.world.place.state, due.world.scenario.account, USER)
    until(lambda: "messages.send" in due.calls() and not lock.read_text(), doctor)
    doctor.send_signal(signal.SIGSTOP)  # it waits for as long as we like
    while state(doctor.pid) != "T":
        time.sleep(0.01)
    due.rotator("rotate", "--emergency", "--key", old, "--reason", "leaked", "--yes", code=0)
    (new,) = due.keys()
    before = len(events(due))
    doctor.send_signal(signal.SIGCONT)
    assert doctor.wait(WAIT_S) == 0, said(due)
    (canary,) = [one for one in said(due)["checks"] if one["id"] == "gmail.canary"]
    assert canary["status"] == "ok"
    assert "a rotation was finished meanwhile: with which key cannot be told" in canary["summary"]
    assert [type(event) for event in events(due)[before:]] == [ev.DoctorRan]  # no login of the old or the new key
    assert due.active() == {new}


@pytest.fixture
def two(due: Stage) -> Stage:
    """A second user with a relay's file of its own, adopted."""
    world, name = due.world, NEIGHBOUR
    world.moto.create_user(name, "/", world.clock.now())
    world.moto.put_user_policy(name, world.scenario.policy())
    key = world.keys.create(name)
    path = due.home / "neighbour" / "sasl_passwd"
    path.parent.mkdir(mode=0o700)
    path.write_text(f"[127.0.0.1]:{world.smtp.port} {key.id}:{world.password_of(key)}\n")
    path.chmod(0o600)
    due.places |= {"neighbour/sasl_passwd"}
    config = Path(due.environment["ROTATOR_CONFIG"])
    document = yaml.safe_load(config.read_text())
    first = document["users"][0]
    sends = {"canary_from": f"news@{world.scenario.domain}"}
    place = {"type": "credential_file", "name": "beside", "path": str(path), "format": "postfix", **sends}
    endpoints = [dict(one) for one in first["endpoints"]]
    second = {"name": name, "account": first["account"], "region": first["region"], "endpoints": endpoints}
    document["users"].append(second | {"consumers": [place]})
    config.write_text(yaml.safe_dump(document, sort_keys=False))
    due.rotator("adopt", "--user", name, "--secret-stdin", stdin=key.secret)
    return due


def at_work(stage: Stage) -> Process:
    """A rotation of the first user that stands still in the middle, the lock in its hands."""
    stage.world.faults.arm("smtp_535", 2)
    since = stage.world.record.count()
    owner = stage.start("rotate", "--user", USER, "--yes")
    until(lambda: "AUTH" in stage.calls(since), owner)
    owner.send_signal(signal.SIGSTOP)
    while state(owner.pid) != "T":
        time.sleep(0.01)
    stage.world.faults.arm("smtp_535", 0)
    return owner


def test_beside_a_rotation_the_other_users_are_looked_at(two: Stage) -> None:
    """`audit` and `doctor --send` say for whom a rotation is at work, and whose it is; the neighbour is served."""
    stranded = two.world.record.count()
    owner = at_work(two)
    named = rf"locked by pid {owner.pid} on .* since 20.*, stopped: "
    kept = events(two)
    began = time.monotonic()
    audit = two.rotator("audit", "--json", code=Exit.LOCKED)
    doctor = two.rotator("doctor", "smtp", "consumer", "--send", "--json", code=Exit.LOCKED)
    assert time.monotonic() - began < BRIEF_S  # nobody waits for whoever stands still
    assert [(one["user"], one["consumer"], one["outcome"]) for one in audit.json["consumers"]] == [
        (NEIGHBOUR, "beside", "arrived")
    ]
    skipped = [one for one in audit.json["findings"] if one["status"] == "skipped"]
    assert {one["evidence"]["user"] for one in skipped} == {USER}
    assert all(re.search(named, one["summary"]) for one in skipped)
    canaries = {one["target"]: one for one in doctor.json["checks"] if one["id"] == "consumer.canary"}
    assert {name: one["status"] for name, one in canaries.items()} == {"relay": "skipped", "beside": "ok"}
    assert events(two) == kept
    used = {one.detail for one in two.world.record.entries(stranded) if one.name == "DATA"}
    assert used == {two.world.keys.now_held(NEIGHBOUR)[0].id}
    owner.kill()
    owner.wait(WAIT_S)


def test_revoke_first_beside_a_rotation_says_how_to_do_it_by_hand(due: Stage) -> None:
    """The whole line, who is at work, and what comes after; then the same command goes on from there."""
    (old,) = due.keys()
    owner = at_work(due)
    order = ("rotate", "--revoke-first", "--key", old, "--reason", "leaked", "--yes")
    done = due.rotator(*order, "--json", code=Exit.HELP_NEEDED)
    assert done.json["id"] == "revoke-by-hand"
    assert f"locked by pid {owner.pid} " in done.json["message"]
    line = f"aws iam update-access-key --user-name {USER} --access-key-id {old} --status Inactive"
    assert line in done.json["fix"]
    assert "the same command again" in done.json["fix"]
    assert line in done.err
    aws(due.world, "iam").update_access_key(UserName=USER, AccessKeyId=old, Status="Inactive")
    owner.kill()
    owner.wait(WAIT_S)
    due.rotator(*order, code=0)
    (new,) = due.keys()
    assert due.active() == {new} != {old}


def canaries(stage: Stage) -> int:
    """How many mails went out through Gmail."""
    return stage.calls().count("messages.send")


def test_a_doctor_killed_between_its_login_and_the_record_misleads_no_rotation(due: Stage) -> None:
    """Its login moved the old key's last-used and nobody was told: the intent tells, and no place is called behind."""
    due.configure(defaults={"grace": "3d", "quiet": "0s", "watch": "0s"})
    due.advance(hours=1)  # so that the login of the adoption explains nothing
    (old,) = due.keys()
    due.world.faults.arm("smtp_auth_silent", 1)
    used = len(due.world.keys.now_held(USER)[0].uses)
    doctor = due.start("doctor", "smtp.auth")
    until(lambda: len(due.world.keys.now_held(USER)[0].uses) > used, doctor)
    doctor.kill()
    doctor.wait(WAIT_S)
    intent = events(due)[-1]
    assert isinstance(intent, ev.LoginIntended)
    assert (intent.key, intent.endpoint) == (old, "us-east-1")
    due.rotator("rotate", "--yes", code=None)  # at once: nothing is locked, and the canary is of the same quarter hour
    assert canaries(due) == 1
    due.advance(hours=5)
    due.rotator("rotate", "--yes", code=None)
    assert canaries(due) == 1
    due.advance(days=3)
    due.rotator("rotate", "--yes", code=0)
    assert old not in due.active()
