"""The whole story on the sandbox: a stale key, its rotation, a person who pastes, and a kill -9 in the middle.

The program runs as a program: every command is a process of its own that knows nothing of this one.  Every
claim that is printed was checked against the world; one that does not hold ends the demo with exit 1.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from rotator.sandbox.gmail import GmailServer
from rotator.sandbox.keys import Lags
from rotator.sandbox.world import PERSONAL, World

STEPS = (
    "lock", "survey", "preflight", "create", "verify", "push", "confirm", "grace", "deactivate", "watch", "delete",
)  # fmt: skip
USER = "jada-ses-smtp"
BY_HAND = "admin-alias"
HELD_S = 30.0  # for the program to reach the call at which it is killed
COMMAND_S = 120
# Long enough for a login or two to be refused first, short enough to watch: a viewer learns nothing from the rest.
LAGS = Lags(created=(0.5, 1.0), stopped=(0.5, 1.0))


class BrokenClaim(Exception):
    """Something the demo was about to claim is not so."""


@dataclass
class Stage:
    """Where the story plays: the world, the program's environment, and everything it printed."""

    world: World
    environment: dict[str, str]
    say: Callable[[str], None]
    transcript: list[str] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)  # those that hold

    def rotator(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        """Run one command, show it and what it says; its output.  Raises BrokenClaim for another exit code."""
        self.say(f"\n$ rotator {' '.join(arguments)}")
        done = subprocess.run(  # noqa: S603 - this program, by its own interpreter
            [sys.executable, "-m", "rotator", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=COMMAND_S,
            check=False,
        )
        text = done.stderr + done.stdout
        self.transcript.append(text)
        self.say(_indented(text))
        if done.returncode != code:
            raise BrokenClaim(f"rotator {arguments[0]} exited {done.returncode} and not {code}")
        return text

    def claim(self, sentence: str, holds: bool) -> None:
        """Print a claim that holds.  Raises BrokenClaim for one that does not."""
        if not holds:
            raise BrokenClaim(sentence)
        self.claims.append(sentence)
        self.say(f"  [checked] {sentence}")

    def advance(self, **by: int) -> None:
        """Move the sandbox's clock."""
        self.world.clock.advance(timedelta(**by))
        self.say(f"\n... {' '.join(f'{n} {unit}' for unit, n in by.items())} later (the sandbox's clock)")

    @property
    def gmail(self) -> GmailServer:
        """The world's Gmail."""
        assert self.world.gmail is not None  # the default scenario has one
        return self.world.gmail

    @property
    def domain(self) -> str:
        """The sending domain."""
        return self.world.scenario.domain

    def listed(self) -> dict[str, str]:
        """The user's keys in truth: id -> status."""
        return {key.id: str(key.status) for key in self.world.keys.now_held(self.world.scenario.user)}


@dataclass(frozen=True, slots=True)
class Played:
    """How the story went: the claims that hold, the one that does not ("" = none), and how long it took."""

    claims: tuple[str, ...]
    broken: str
    seconds: float


def play(say: Callable[[str], None]) -> Played:
    """The story, told to `say` line by line; it ends at the first claim that does not hold."""
    began, claims, broken = time.monotonic(), [], ""
    try:
        with _stage(say) as stage:
            claims = stage.claims
            _first_rotation(stage)
            _killed_rotation(stage)
            _closing_claims(stage)
    except BrokenClaim as claim:
        broken = str(claim)
        say(f"\nNOT SO: {broken}")
    took = time.monotonic() - began
    if not broken:
        say(f"\nEvery claim above was checked.  {took:.0f} s, no account, nothing left behind.")
    return Played(tuple(claims), broken, took)


@contextmanager
def _stage(say: Callable[[str], None]) -> Iterator[Stage]:
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="rotator-demo-", dir=_private_place()))
        world = stack.enter_context(World.start(Path(directory) / "sandbox", lags=LAGS))
        say("This is a SANDBOX on 127.0.0.1: no real AWS, no real Gmail, no mail leaves this machine.")
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": directory, "LANG": "C.UTF-8"}
        if "PYTHONPATH" in os.environ:
            environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
        yield Stage(world, environment | world.environment(), say)


def _private_place() -> str | None:
    """A directory whose parents nobody else can write; the system's default otherwise."""
    home = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("HOME")
    return home if home and os.access(home, os.W_OK) else None


def _first_rotation(stage: Stage) -> None:
    (stale,) = stage.listed()
    stage.say(f"\n== 1. A stale key.  {stale} is 97 days old; Gmail twice and a relay's file hold its password ==")
    _adopt(stage, stale)
    stage.rotator("status")
    plan = stage.rotator("rotate", "--dry-run")
    stage.claim("a dry run changes nothing", list(stage.listed()) == [stale] and "Nothing was changed" in plan)
    stage.rotator("rotate", "--yes", code=3)  # 3: the stale key is past its limit
    new = _newest(stage, stale)
    stage.claim(f"both keys are Active while a person is waited for: {new} is new", _active(stage) == {stale, new})
    _person_pastes(stage)
    stage.rotator("confirm", BY_HAND, code=3)
    _retire(stage, stale, code=3)
    stage.claim(f"{stale} is deleted, {new} is the only key", stage.listed() == {new: "Active"})
    _all_hold(stage, new)
    stage.rotator("status")
    stage.rotator("history")


def _adopt(stage: Stage, key: str) -> None:
    """The secret goes in on standard input; the program proves and seals the password."""
    held = stage.world.keys.find(key)
    stage.rotator("adopt", "--user", USER, "--secret-stdin", stdin=held.secret if held else "")


def _newest(stage: Stage, old: str) -> str:
    return next(key for key in stage.listed() if key != old)


def _active(stage: Stage) -> set[str]:
    return {key for key, status in stage.listed().items() if status == "Active"}


def _person_pastes(stage: Stage) -> None:
    """A person takes the credential from a 0600 file and types it into Gmail's settings page."""
    out = Path(stage.environment["HOME"]) / "hand-over"
    stage.rotator("handover", BY_HAND, "--out", str(out))
    stage.claim("the hand-over file is private", out.stat().st_mode & 0o777 == 0o600)
    text = out.read_text()
    out.unlink()
    user, password = _field(text, "user"), _field(text, "password")
    stage.say("  (a person pastes user name and password into Gmail's settings page)")
    stage.gmail.paste(PERSONAL, f"admin@{stage.domain}", user, password, "127.0.0.1", stage.world.smtp.port, "starttls")


def _field(text: str, name: str) -> str:
    found = re.search(rf"^\s*{name}\s+(\S+)", text, re.MULTILINE)
    if found is None:
        raise BrokenClaim(f"the hand-over names the {name}")
    return found[1]


def _retire(stage: Stage, old: str, code: int) -> None:
    """Grace, deactivation with canaries, watch, deletion; `code` is that of a turn before the old key is off."""
    stage.advance(days=1)
    stage.rotator("rotate", code=code)
    stage.claim("the old key is not touched during the grace", stage.listed()[old] == "Active")
    stage.advance(days=2)
    stage.rotator("rotate")
    stage.claim(f"{old} is switched off after the grace", stage.listed()[old] == "Inactive")
    stage.advance(days=7)
    stage.rotator("rotate")


def _all_hold(stage: Stage, key: str) -> None:
    """What every place really holds, as the world sees it."""
    for mailbox, alias in ((f"ops@{stage.domain}", f"news@{stage.domain}"), (PERSONAL, f"admin@{stage.domain}")):
        held = stage.gmail.stored(mailbox, alias)
        stage.claim(f"{alias} sends with {key}", held is not None and held.username == key)
    file = stage.world.place.sasl_passwd.read_text()
    stage.claim(f"the relay's file holds {key}", key in file)


def _killed_rotation(stage: Stage) -> None:
    """The same again, two months on; the process is killed when IAM has made the key and before it says so."""
    (old,) = stage.listed()
    stage.say("\n== 2. Two months later, and kill -9 in the middle ==")
    stage.advance(days=60)
    created = _kill_at_create(stage)
    stage.claim(f"{created} exists and nobody has its secret", created in stage.listed() and len(stage.listed()) == 2)
    stage.advance(minutes=2)
    stage.rotator("rotate", "--yes")
    stage.claim("running it again discarded the orphan and made another", created not in stage.listed())
    new = _newest(stage, old)
    _person_pastes(stage)
    stage.rotator("confirm", BY_HAND)
    _retire(stage, old, code=0)
    stage.claim(f"{old} is deleted, {new} is the only key", stage.listed() == {new: "Active"})
    _all_hold(stage, new)
    stage.rotator("history")


def _kill_at_create(stage: Stage) -> str:
    before = set(stage.listed())
    record = stage.world.record
    record.hold("iam:CreateAccessKey", "after")
    stage.say("\n$ rotator rotate --yes      (killed with SIGKILL while IAM answers CreateAccessKey)")
    process = subprocess.Popen(
        [sys.executable, "-m", "rotator", "rotate", "--yes"],
        env=stage.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        held = record.wait_until_held(HELD_S)
    finally:
        process.kill()
        process.wait()
        record.release()
    stage.claim("it was killed in the middle of a create", held is not None)
    return (set(stage.listed()) - before).pop()


def _closing_claims(stage: Stage) -> None:
    stage.say("\n== 3. What was shown ==")
    told = "\n".join(stage.transcript)
    stage.claim("all eleven step names were shown", all(re.search(rf"\b{name}\b", told) for name in STEPS))
    leaked = [secret for secret in stage.world.secrets() if secret in told]
    stage.claim("no secret was ever printed", not leaked)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.rstrip().splitlines())
