"""A town of IAM users on one sandbox, each with its own kinds of places, and the people who feed some of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from rotator.sandbox.keys import Key
from tests.saga.launching import Launcher
from tests.saga.stage import Done, Stage, build
from tests.sandbox.clients import aws

KEY_ID = re.compile(r"AKIA[A-Z2-7]{16}")
AGE = timedelta(days=30)


@dataclass
class Citizen:
    """One IAM user: where its credential lies, and how many days its person takes to answer."""

    name: str
    kinds: tuple[str, ...]
    days_to_answer: int = 2
    key: str = ""  # adopted
    given: dict[str, str] = field(default_factory=dict)  # a person's place -> the key id it was given
    asked_on: dict[str, int] = field(default_factory=dict)  # place -> the day on which its person was first asked


class Town:
    """A world with several users and one configuration; days pass, and the timer's command runs on each."""

    def __init__(self, home: Path, citizens: list[Citizen], launcher: Launcher) -> None:
        self.stage: Stage = build(home, launcher=launcher, calm=True)
        self.stage.patience_s = 600.0  # a canary that nobody answers takes more than a minute, and there may be several
        self.world, self.home, self.citizens = self.stage.world, home, citizens
        self.day = 0
        self.places = home / "places"
        self.places.mkdir(mode=0o700)
        document = yaml.safe_load(self._config.read_text())
        self._endpoint = document["users"][0]["endpoints"][0]
        document["users"] = [self._settle(one) for one in citizens]
        box = f"box-{next(one.name for one in citizens if 'alias' in one.kinds)}@{self.world.scenario.domain}"
        document["audit"] = {"mail_to": box, "arrival": {"gmail": box}, "timeout": "1m"}
        document["defaults"] = {"verify": {"deadline": "10s"}}  # real time: the town's clock stands still
        sender = f"news@{self.world.scenario.domain}"
        document["notify"] = {"mail_to": self.warden, "mail_from": sender}
        self._config.write_text(yaml.safe_dump(document, sort_keys=False))

    @property
    def warden(self) -> str:
        """Who is told."""
        return f"warden@{self.world.scenario.domain}"

    def notices(self) -> list[str]:
        """The ids of everything that the warden was told, oldest first."""
        return [str(mail["X-Rotator-Notice"]) for mail in self.world.mailboxes.messages(self.warden)]

    @property
    def _config(self) -> Path:
        return Path(self.stage.environment["ROTATOR_CONFIG"])

    def configure(self, **more: Any) -> None:
        """Add keys to the top of the configuration."""
        document = yaml.safe_load(self._config.read_text())
        self._config.write_text(yaml.safe_dump(document | more, sort_keys=False))

    def adopt(self) -> None:
        """First contact with every user, its secret at hand."""
        for one in self.citizens:
            (key,) = self.world.keys.now_held(one.name)
            one.key = key.id
            self.stage.rotator("adopt", "--user", one.name, "--secret-stdin", stdin=key.secret)

    def tomorrow(self) -> None:
        """A day passes."""
        self.day += 1
        self.stage.advance(days=1)

    def timer(self) -> Done:
        """What the timer runs every day."""
        return self.stage.rotator("rotate", "--all", "--if-due", "--json", code=None)

    def active(self, one: Citizen) -> dict[str, Key]:
        """The user's Active keys."""
        return {key.id: key for key in self.world.keys.now_held(one.name) if key.status == "Active"}

    def held(self, one: Citizen) -> dict[str, str]:
        """What every place of a user really holds: kind -> key id.  An outage does not keep the truth from us."""
        armed = self.world.faults.armed()
        for fault in armed:
            self.world.faults.arm(fault, 0)
        try:
            return {kind: getattr(self, f"_held_{kind}")(one) for kind in one.kinds}
        finally:
            for fault, times in armed.items():
                self.world.faults.arm(fault, times)

    # --- places --------------------------------------------------------------------------------------------------

    def _settle(self, one: Citizen) -> dict[str, Any]:
        """Make the user and its places; its entry of the configuration."""
        now = self.world.clock.now()
        self.world.moto.create_user(one.name, "/", now - AGE * 2)
        self.world.moto.put_user_policy(one.name, self.world.scenario.policy())
        key = self.world.keys.create(one.name, now - AGE)
        consumers = [{"name": kind, **getattr(self, f"_make_{kind}")(one, key)} for kind in one.kinds]
        return {
            "name": one.name,
            "account": self.world.scenario.account,
            "region": self.world.scenario.region,
            "sole_creator": True,
            "endpoints": [dict(self._endpoint)],
            "consumers": consumers,
        }

    def _sender(self, one: Citizen) -> str:
        return f"{one.name}@{self.world.scenario.domain}"

    def _make_relay(self, one: Citizen, key: Key) -> dict[str, Any]:
        path = self.places / one.name / "sasl_passwd"
        path.parent.mkdir(mode=0o700)
        path.write_text(f"[127.0.0.1]:{self.world.smtp.port} {key.id}:{self.world.password_of(key)}\n")
        path.chmod(0o600)
        self.stage.places |= {f"places/{one.name}/sasl_passwd", f"places/{one.name}/.sasl_passwd.previous"}
        sends = {"canary_from": self._sender(one), "canary_to": f"ops@{self.world.scenario.domain}"}
        return {"type": "credential_file", "path": str(path), "format": "postfix", **sends}

    def _held_relay(self, one: Citizen) -> str:
        return str(KEY_ID.findall((self.places / one.name / "sasl_passwd").read_text())[0])

    def _make_secret(self, one: Citizen, key: Key) -> dict[str, Any]:
        value = json.dumps({"username": key.id, "password": self.world.password_of(key)})
        aws(self.world, "secretsmanager").create_secret(Name=one.name, SecretString=value)
        return {"type": "secrets_manager", "secret_id": one.name}

    def _held_secret(self, one: Citizen) -> str:
        value = aws(self.world, "secretsmanager").get_secret_value(SecretId=one.name)["SecretString"]
        return str(json.loads(value)["username"])

    def _make_parameter(self, one: Citizen, key: Key) -> dict[str, Any]:
        value = json.dumps({"username": key.id, "password": self.world.password_of(key)})
        aws(self.world, "ssm").put_parameter(Name=f"/{one.name}", Value=value, Type="SecureString")
        return {"type": "ssm_parameter", "path": f"/{one.name}"}

    def _held_parameter(self, one: Citizen) -> str:
        value = aws(self.world, "ssm").get_parameter(Name=f"/{one.name}", WithDecryption=True)["Parameter"]["Value"]
        return str(json.loads(value)["username"])

    def _make_alias(self, one: Citizen, key: Key) -> dict[str, Any]:
        mailbox = self._add_alias(one, key, f"box-{one.name}@{self.world.scenario.domain}")
        given = {"service_account": str(self.world.service_account)}
        return {"type": "gmail_send_as", "mailbox": mailbox, "alias": self._sender(one), "credentials": given}

    def _held_alias(self, one: Citizen) -> str:
        return self._stored(f"box-{one.name}@{self.world.scenario.domain}", self._sender(one))

    def _make_personal(self, one: Citizen, key: Key) -> dict[str, Any]:
        mailbox = self._add_alias(one, key, f"{one.name}@gmail.com")
        return {"type": "gmail_send_as", "mailbox": mailbox, "alias": self._sender(one)}

    def _held_personal(self, one: Citizen) -> str:
        return self._stored(f"{one.name}@gmail.com", self._sender(one))

    def _make_laptop(self, one: Citizen, key: Key) -> dict[str, Any]:
        one.given["laptop"] = key.id
        return {"type": "human", "instructions": "Thunderbird > Outgoing server"}

    def _held_laptop(self, one: Citizen) -> str:
        return one.given["laptop"]

    def _add_alias(self, one: Citizen, key: Key, mailbox: str) -> str:
        assert self.world.gmail is not None
        self.world.gmail.add_user(mailbox)
        password, port = self.world.password_of(key), self.world.smtp.port
        self.world.gmail.add_alias(mailbox, self._sender(one), "127.0.0.1", port, "starttls", key.id, password)
        return mailbox

    def _stored(self, mailbox: str, alias: str) -> str:
        assert self.world.gmail is not None
        found = self.world.gmail.stored(mailbox, alias)
        assert found is not None
        return str(found.username)

    # --- people --------------------------------------------------------------------------------------------------

    def person_answers(self, one: Citizen, place: str) -> None:
        """A person takes the credential, puts it where it belongs and says so."""
        out = self.home / f"handed-over-{one.name}"
        self.stage.rotator("handover", one.name, place, "--out", str(out))
        text = out.read_text()
        out.unlink()
        user, password = (re.search(rf"^\s*{name}\s+(\S+)", text, re.MULTILINE)[1] for name in ("user", "password"))  # type: ignore[index]  # the file always has both
        if place == "personal":
            assert self.world.gmail is not None
            where = (f"{one.name}@gmail.com", self._sender(one))
            self.world.gmail.paste(*where, user, password, "127.0.0.1", self.world.smtp.port, "starttls")
        else:
            one.given[place] = user
        self.stage.rotator("confirm", one.name, place, code=None)
