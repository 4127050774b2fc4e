"""The whole sandbox in one process: AWS, SES over SMTP, Gmail, mailboxes and a control port, on loopback only."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rotator.sandbox.admin import AdminServer, Parts
from rotator.sandbox.api_mail import ApiMail
from rotator.sandbox.aws import AwsApplication
from rotator.sandbox.callers import Callers
from rotator.sandbox.certificates import CertificateAuthority
from rotator.sandbox.clock import Clock
from rotator.sandbox.configuration import Place, Sample, write_configuration, write_sasl_passwd
from rotator.sandbox.dns import DnsServer, Records
from rotator.sandbox.dns_records import publish, publish_others
from rotator.sandbox.events import Events
from rotator.sandbox.faults import Faults
from rotator.sandbox.iam import Iam
from rotator.sandbox.keys import FrontEnd, Key, KeyStore, Lags
from rotator.sandbox.login import Logins, smtp_password
from rotator.sandbox.mailboxes import Mailboxes
from rotator.sandbox.moto_seam import HttpServer, MotoAws
from rotator.sandbox.paging import Paging
from rotator.sandbox.record import Record
from rotator.sandbox.reputation import Figures
from rotator.sandbox.scenario import InitialKey, Scenario
from rotator.sandbox.sending import Outbox, front_name
from rotator.sandbox.sesv2 import SesRegion, SesV2
from rotator.sandbox.smtp import IDLE_S, Endpoint
from rotator.sandbox.smtp_server import SmtpServer
from rotator.sandbox.stores import Stores
from rotator.sandbox.topics import Topics

if TYPE_CHECKING:
    from rotator.sandbox.gmail import GmailServer

ADMIN = "sandbox-admin"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
FRONT_ENDS = 2
USER_AGE = timedelta(days=400)
PERSONAL = "jadasailing@gmail.com"
SEED = 20_261_101


class World:
    """One running world.  `World.start` makes it; leaving the `with` block ends it.

    Public parts, for tests: `clock`, `record`, `faults`, `keys`, `ses`, `mailboxes`, `moto`, `smtp`, `dns`, `gmail`,
    `authority`, `scenario`, `place`, `logins`.
    """

    def __init__(self, place: Place, scenario: Scenario, lags: Lags, seed: int, idle_s: float) -> None:
        """Build every part; nothing listens yet."""
        self.place, self.scenario = place, scenario
        self._rng = random.Random(seed)
        self._stack = ExitStack()
        self.clock, self.faults, self.mailboxes = Clock(), Faults(), Mailboxes()
        self.record = Record(self.clock.now)
        self.authority = CertificateAuthority(place.directory)
        self.keys = KeyStore(self.clock.now, self._rng, lags)
        self.moto = MotoAws(scenario.account, self.clock.now, self._new_user_id)
        self.paging = Paging(self.moto, self.mailboxes)
        self.ses = SesRegion(scenario.account, scenario.region, self._rng)
        self._regions = {scenario.region: self.ses}
        self.figures = Figures(lambda region: self._region(region).reputation, self.clock.now)
        self.logins = Logins(scenario.region, self.keys, self.record, self.faults, self.clock.now)
        self.events = Events(self.paging.tell, self.clock.now)
        self._outbox = Outbox(
            self.ses, self.moto, self.mailboxes, self.record, self.faults, self.clock.now, self.events
        )
        self.smtp = self._smtp_server(lags, idle_s)
        self.dns = DnsServer(Records())
        self._aws = HttpServer(self._aws_application(), self.clock.http_date)
        self._admin = AdminServer(
            Parts(self.clock, self.faults, self.record, self.keys, self.mailboxes, scenario.user, self._paste)
        )
        self.gmail: GmailServer | None = None
        self.service_account: Path | None = None

    @classmethod
    def start(
        cls,
        directory: Path,
        *,
        calm: bool = False,
        seed: int = SEED,
        faults: Mapping[str, int] | None = None,
        scenario: Scenario | None = None,
        lags: Lags | None = None,
        idle_s: float = IDLE_S,
        gmail_options: Mapping[str, Any] | None = None,
    ) -> World:
        """Start a world whose files lie in `directory` (made if missing, 0700).

        `calm` = no lags at all; otherwise small ones drawn from `seed`.  `gmail_options` go to GmailServer as they
        are (merge, validate_on_update, relay_lag_s, ...).  Raises ValueError for a world that
        could not exist and UnknownFault for a fault that nothing implements.
        """
        chosen = scenario or Scenario()
        chosen.check()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        world = cls(Place(directory.resolve()), chosen, lags or (Lags.none() if calm else Lags()), seed, idle_s)
        try:
            world._populate()
            world._open(({"dsn_delay_s": 0.0} if calm else {}) | dict(gmail_options or {}))
            for name, times in (faults or {}).items():
                world.faults.arm(name, times)
        except BaseException:
            world.stop()
            raise
        return world

    def stop(self) -> None:
        """Let go of a held call, end every server and free the ports."""
        self.record.release()
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def aws_url(self) -> str:
        """The endpoint of every AWS service."""
        return f"http://127.0.0.1:{self._aws.port}"

    @property
    def admin_url(self) -> str:
        """The control port."""
        return f"http://127.0.0.1:{self._admin.port}"

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to live in this world."""
        admin = self.keys.now_held(ADMIN)[0]
        return {
            "AWS_ENDPOINT_URL": self.aws_url,
            "AWS_ACCESS_KEY_ID": admin.id,
            "AWS_SECRET_ACCESS_KEY": admin.secret,
            "AWS_DEFAULT_REGION": self.scenario.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "ROTATOR_TRUST_HOSTS": "127.0.0.1,localhost",
            "ROTATOR_ENDPOINT_HOST": "127.0.0.1",
            "ROTATOR_ENDPOINT_PORT": str(self.smtp.port),
            "ROTATOR_CA_FILE": str(self.authority.ca_file),
            "ROTATOR_STATE": str(self.place.state),
            "ROTATOR_CONFIG": str(self.place.config),
            "ROTATOR_SANDBOX_ADMIN": self.admin_url,
        }

    def secrets(self) -> list[str]:
        """Every secret this world ever made: the seal key, access keys, the passwords that follow, Google's tokens."""
        keys = self.keys.secrets()
        google = self.gmail.secrets() if self.gmail is not None else []
        seal = [self.place.seal_key.read_text().strip()] if self.place.seal_key.exists() else []
        return [*seal, *keys, *(smtp_password(secret, region) for secret in keys for region in self._regions), *google]

    def password_of(self, key: Key) -> str:
        """The SMTP password of a key in this world's region."""
        return smtp_password(key.secret, self.scenario.region)

    def add_caller(self, name: str, policy: dict[str, Any]) -> Key:
        """A further IAM user with `policy` and one key, to call AWS with less than full rights."""
        self.moto.create_user(name, "/", self.clock.now())
        self.moto.put_user_policy(name, policy)
        return self.keys.create(name)

    def replace_user(self) -> None:
        """Somebody deletes the SMTP user and makes a new one of the same name: no keys, another UserId."""
        name = self.scenario.user
        for key in self.keys.now_held(name):
            self.keys.set_status(name, key.id, "Deleted")
        self.moto.delete_user(name)
        self.moto.create_user(name, self.scenario.path, self.clock.now())
        self.moto.put_user_policy(name, self.scenario.policy())

    def _aws_application(self) -> AwsApplication:
        return AwsApplication(
            self.record,
            Callers(self.moto, self.keys),
            Iam(self.moto, self.keys, self.faults),
            SesV2(self._region, self.clock.now, self.faults, ApiMail(self._outbox, self.faults).send),
            Stores(self.moto, self.faults, self.clock.now),
            Topics(self.faults),
            self.paging,
            self.figures,
            self.moto,
        )

    def _smtp_server(self, lags: Lags, idle_s: float) -> SmtpServer:
        host = f"email-smtp.{self.scenario.region}.amazonaws.com"
        tls = self.authority.for_loopback(host).server_context()
        fronts = [FrontEnd(front_name(self._rng), self._rng, lags) for _ in range(FRONT_ENDS)]
        return SmtpServer(Endpoint(self.logins, self._outbox, self.faults, tls, idle_s), fronts)

    def _region(self, name: str) -> SesRegion:
        """SES in a region; one that nobody set up is an account without identities."""
        return self._regions.setdefault(name, SesRegion(self.scenario.account, name, self._rng))

    def _populate(self) -> None:
        scenario, now = self.scenario, self.clock.now()
        self.moto.create_user(ADMIN, "/", now - USER_AGE)
        self.moto.put_user_policy(ADMIN, EVERYTHING)
        self.keys.create(ADMIN, now - USER_AGE)
        self.moto.create_user(scenario.user, scenario.path, now - USER_AGE)
        if scenario.may_send:
            self.moto.put_user_policy(scenario.user, scenario.policy())
        for initial in scenario.keys:
            self._add_key(initial)
        identity = self.ses.add_identity(scenario.domain, verified=scenario.verified, mail_from=scenario.mail_from)
        publish(self.dns.records, identity, scenario.region)
        publish_others(self.dns.records, scenario.region)
        self.ses.production = scenario.production

    def _add_key(self, initial: InitialKey) -> None:
        now, user = self.clock.now(), self.scenario.user
        born = now - timedelta(days=initial.age_days)
        key = self.keys.create(user, born)
        if initial.last_used_hours is not None:
            used = now - timedelta(hours=initial.last_used_hours)
            self.keys.use(key, "ses-smtp", self.scenario.region, used)
        if initial.status == "Inactive":
            self.keys.set_status(user, key.id, "Inactive", born)

    def _open(self, gmail_options: dict[str, Any]) -> None:
        for server in (self.smtp, self._aws, self._admin, self.dns):
            server.start()
            self._stack.callback(server.stop)
        held = next((key for key in self.keys.now_held(self.scenario.user) if key.status == "Active"), None)
        if held is not None:
            write_sasl_passwd(self.place, self.smtp.port, held.id, self.password_of(held))
        if self.scenario.gmail and held is not None:
            self._open_gmail(held, gmail_options)
        self._write_configuration()

    def _open_gmail(self, held: Key, options: dict[str, Any]) -> None:
        """A Workspace domain with one mailbox and alias, and a personal mailbox with an alias; both hold `held`."""
        from rotator.sandbox.gmail import GmailServer

        domain = self.scenario.domain
        gmail = GmailServer(
            self.clock,
            self.record,
            self.faults,
            self.mailboxes,
            ca_file=self.authority.ca_file,
            directory=self.place.directory,
            **options,
        )
        gmail.start()
        self._stack.callback(gmail.stop)
        gmail.add_workspace(domain)
        self.service_account = gmail.add_service_account()
        for mailbox, alias in ((f"ops@{domain}", f"news@{domain}"), (PERSONAL, f"admin@{domain}")):
            gmail.add_user(mailbox)
            gmail.add_alias(mailbox, alias, "127.0.0.1", self.smtp.port, "starttls", held.id, self.password_of(held))
        gmail.add_address(f"ops@{domain}", f"bounce-test@{domain}")
        self.gmail = gmail

    def _write_configuration(self) -> None:
        scenario, gmail = self.scenario, self.gmail
        sample = Sample(
            scenario.account,
            scenario.user,
            scenario.region,
            scenario.domain,
            scenario.mail_from,
            self.dns.port,
            self.smtp.port,
            self.authority.ca_file,
            gmail.url if gmail is not None else None,
            self.service_account,
        )
        write_configuration(self.place, sample)

    def _paste(self, **given: Any) -> None:
        """A person at Gmail's settings page; raises ValueError if it does not save, KeyError for an unknown alias."""
        from rotator.sandbox.gmail import PasteRefused

        if self.gmail is None:
            raise ValueError("this world has no Gmail")
        try:
            self.gmail.paste(**given)
        except PasteRefused as refused:
            raise ValueError(str(refused)) from None

    def _new_user_id(self) -> str:
        return "AIDA" + "".join(self._rng.choices(string.ascii_uppercase + "234567", k=17))
