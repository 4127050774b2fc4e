"""Where the sagas play: a world in this process, the program as real processes, and every artefact they leave."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from rotator.sandbox.world import PERSONAL, World

USER = "jada-ses-smtp"
BY_HAND = "admin-alias"
COMMAND_S = 120.0
HELD_S = 60.0
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
    said: list[str] = field(default_factory=list)

    def rotator(self, *arguments: str, stdin: str = "", code: int | None = 0, **variables: str) -> Done:
        """Run the program to its end; fails unless it exits with `code` (None: any)."""
        done = subprocess.run(
            [sys.executable, "-m", "rotator", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environment | variables,
            timeout=COMMAND_S,
            check=False,
        )
        self.said.append(done.stdout + done.stderr)
        assert code is None or done.returncode == code, f"{arguments} exited {done.returncode}\n{self.said[-1]}"
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the program and leave it running; what it says lands in files that the secret search reads."""
        log = (self.home / f"process-{len(list(self.home.glob('process-*')))}.log").open("w")
        with log:
            return subprocess.Popen(
                [sys.executable, "-m", "rotator", *arguments], env=self.environment, stdout=log, stderr=log, text=True
            )

    def adopt(self, with_secret: bool = True) -> str:
        """First contact; the key that was adopted."""
        (key,) = self.world.keys.now_held(USER)
        self.rotator("adopt", "--secret-stdin" if with_secret else "--no-input", stdin=key.secret if with_secret else "")
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

    def leaks(self) -> list[str]:
        """Secrets in anything said, or in any file but those that are their place."""
        allowed = {"sasl_passwd", "seal.key"}
        found = []
        texts = {f"output {n}": text.encode() for n, text in enumerate(self.said)}
        for path in self.home.rglob("*"):
            own = path.name in allowed or path.suffix in (".pem", ".json") or "server" in path.name
            if path.is_file() and not own:
                texts[str(path)] = path.read_bytes()
        for secret in self.world.secrets():
            found += [name for name, content in texts.items() if secret.encode() in content]
        return found


def build(home: Path, template: Path | None = None, **world: Any) -> Stage:
    """A stage in `home`; with `template`, the state directory of a user that was adopted before."""
    home.chmod(0o700)
    made = World.start(home / "world", **world)
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8"}
    stage = Stage(made, home, environment | made.environment() | {"PYTHONPATH": os.getcwd()})
    if template is not None:
        shutil.rmtree(made.place.state)
        shutil.copytree(template, made.place.state)
    return stage
