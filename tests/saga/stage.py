"""Where the sagas play: a world in this process, the program as real processes, and every artefact they leave."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import yaml

from rotator.sandbox.world import PERSONAL, World
from tests.saga.launching import Launcher, Process, Started
from tests.secrets.needles import search

USER = "jada-ses-smtp"
BY_HAND = "admin-alias"
COMMAND_S = 120.0
STREAMS = ("stdin", "stdout", "stderr")
HELD_S = 60.0
# Where secrets may lie: the relay's own password file, the seal key, and what the world keeps of its servers' keys.
PLACES = (
    "postfix/sasl_passwd", "postfix/.sasl_passwd.previous", "elsewhere/sasl_passwd", "seal.key", "*.pem",
    "service-account*.json", "authorized-user*.json",
)  # fmt: skip
CONSUMERS = ("news-alias", "relay")  # those that need no person
AT_ONCE = {"grace": "0s", "quiet": "0s", "watch": "0s"}


@dataclass(frozen=True, slots=True)
class Done:
    """How one process ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything it said."""
        return self.err + self.out

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)


@dataclass
class Stage:
    """One world and the environment of the program in it."""

    world: World
    home: Path
    environment: dict[str, str]
    launcher: Launcher = field(default_factory=Started)
    said: list[str] = field(default_factory=list)
    seal_key: str = ""
    places: set[str] = field(default_factory=set)  # further files that a test gives secrets to
    patience_s: float = COMMAND_S  # for one command
    stack: ExitStack = field(default_factory=ExitStack)  # what ends with the stage: its world, and what joins it

    def rotator(self, *arguments: str, stdin: str = "", code: int | None = 0, **variables: str) -> Done:
        """Run the program to its end; fails unless it exits with `code` (None: any)."""
        with ExitStack() as stack:
            given, out, err = (stack.enter_context(os.fdopen(os.memfd_create(name), "w+b")) for name in STREAMS)
            given.write(stdin.encode())
            given.seek(0)
            streams = (given.fileno(), out.fileno(), err.fileno())
            ended = self.launcher.start(arguments, self.environment | variables, streams).wait(self.patience_s)
            done = Done(ended, _text(out), _text(err))
        self.said.append(done.out + done.err)
        assert code is None or done.code == code, f"{arguments} exited {done.code}\n{self.said[-1]}"
        return done

    def start(self, *arguments: str, stdin: int | None = None, **variables: str) -> Process:
        """Start the program and leave it running; what it says lands in files that the secret search reads."""
        log = self.home / f"process-{len(list(self.home.glob('process-*')))}.log"
        with log.open("wb") as said, Path(os.devnull).open("rb") as nothing:
            streams = (nothing.fileno() if stdin is None else stdin, said.fileno(), said.fileno())
            return self.launcher.start(arguments, self.environment | variables, streams)

    def adopt(self, with_secret: bool = True) -> str:
        """First contact; the key that was adopted."""
        (key,) = self.world.keys.now_held(USER)
        given = ("--secret-stdin", key.secret) if with_secret else ("--no-input", "")
        self.rotator("adopt", given[0], stdin=given[1])
        return key.id

    def keys(self) -> dict[str, str]:
        """The user's keys in truth: id -> status."""
        return {key.id: str(key.status) for key in self.world.keys.now_held(USER)}

    def active(self) -> set[str]:
        """The Active ones."""
        return {key for key, status in self.keys().items() if status == "Active"}

    def advance(self, **by: float) -> None:
        """Time passes in the world."""
        self.world.clock.advance(timedelta(**by))

    def configure(self, **changes: Any) -> None:
        """Change top-level keys of the configuration, or of its only user (`user={...}`)."""
        path = Path(self.environment["ROTATOR_CONFIG"])
        document = yaml.safe_load(path.read_text())
        document["users"][0] |= changes.pop("user", {})
        path.write_text(yaml.safe_dump(document | changes, sort_keys=False))

    def keep_consumers(self, *names: str) -> None:
        """Leave only these consumers in the configuration."""
        path = Path(self.environment["ROTATOR_CONFIG"])
        document = yaml.safe_load(path.read_text())
        user = document["users"][0]
        user["consumers"] = [one for one in user["consumers"] if one["name"] in names]
        if not any("credentials" in one for one in user["consumers"]):
            document.pop("audit", None)  # it looks into a mailbox with a consumer's credentials
        path.write_text(yaml.safe_dump(document, sort_keys=False))

    def person_pastes(self) -> None:
        """A person takes the credential from a private file and types it into Gmail's settings page."""
        out = self.home / "handed-over"
        self.rotator("handover", BY_HAND, "--out", str(out))
        text = out.read_text()
        out.unlink()
        user, password = (re.search(rf"^\s*{name}\s+(\S+)", text, re.MULTILINE)[1] for name in ("user", "password"))  # type: ignore[index]
        assert self.world.gmail is not None
        alias = f"admin@{self.world.scenario.domain}"
        self.world.gmail.paste(PERSONAL, alias, user, password, "127.0.0.1", self.world.smtp.port, "starttls")

    def held(self) -> dict[str, str]:
        """What every place really holds: name -> key id."""
        assert self.world.gmail is not None
        domain = self.world.scenario.domain
        news = self.world.gmail.stored(f"ops@{domain}", f"news@{domain}")
        admin = self.world.gmail.stored(PERSONAL, f"admin@{domain}")
        file = re.search(r"AKIA[A-Z2-7]{16}", self.world.place.sasl_passwd.read_text())
        assert news is not None
        assert admin is not None
        assert file is not None
        return {"news-alias": news.username, "admin-alias": admin.username, "relay": file[0]}

    def calls(self, since: int = 0) -> list[str]:
        """What the world was asked, in order."""
        return [entry.name for entry in self.world.record.entries(since)]

    def artefacts(self) -> Iterator[tuple[str, bytes]]:
        """Everything the program left: what it said, and every file of this home but those that secrets belong in."""
        yield from ((f"output {n}", text.encode()) for n, text in enumerate(self.said))
        places = (*PLACES, *self.places)
        for path in sorted(self.home.rglob("*")):
            if path.is_file() and not path.is_symlink() and not any(path.match(place) for place in places):
                yield str(path.relative_to(self.home)), path.read_bytes()

    def leaks(self) -> list[str]:
        """Where a secret stands that does not belong there, raw or in any other form."""
        return search(dict(self.artefacts()), self.secrets())

    def secrets(self) -> list[str]:
        """Every secret of this world, also the seal key of before a test took it away."""
        return list(dict.fromkeys([self.seal_key, *self.world.secrets()]))


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()


def build(home: Path, template: Path | None = None, launcher: Launcher | None = None, **world: Any) -> Stage:
    """A stage in `home`; with `template`, the state directory of a user that was adopted before."""
    home.chmod(0o700)
    made = World.start(home / "world", **world)
    temporary = home / "tmp"  # so that temporary and crash files are searched too
    temporary.mkdir()
    own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(temporary)}
    stage = Stage(made, home, own | made.environment() | {"PYTHONPATH": str(Path.cwd())}, launcher or Started())
    stage.stack.callback(made.stop)
    if template is not None:
        shutil.rmtree(made.place.state)
        shutil.copytree(template, made.place.state)
    stage.seal_key = made.place.seal_key.read_text().strip()
    return stage


def prepare(stage: Stage, sole_creator: bool = True) -> None:
    """Two consumers that need no person, and no waiting."""
    stage.keep_consumers(*CONSUMERS)
    stage.configure(defaults=AT_ONCE, user={"sole_creator": sole_creator})
