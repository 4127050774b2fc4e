"""The local Gmail, as the sandbox and its tests build it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from rotator.sandbox.clock import Clock
from rotator.sandbox.faults import Faults
from rotator.sandbox.gmail import keyfiles, relay
from rotator.sandbox.gmail.api import Api
from rotator.sandbox.gmail.dsn import Variant
from rotator.sandbox.gmail.incoming import receive
from rotator.sandbox.gmail.send_as import SendAs, WriteRules
from rotator.sandbox.gmail.sending import Mailboxes, Sending
from rotator.sandbox.gmail.signing import Signing
from rotator.sandbox.gmail.store import Alias, Msa, Security, Status, Store, User, Workspace
from rotator.sandbox.gmail.tokens import Tokens
from rotator.sandbox.gmail.web import WebServer
from rotator.sandbox.record import Record

SCOPE = "https://www.googleapis.com/auth/"
CONSUMER_SCOPES = (f"{SCOPE}gmail.readonly", f"{SCOPE}gmail.send")
WORKSPACE_SCOPES = (f"{SCOPE}gmail.settings.basic", f"{SCOPE}gmail.settings.sharing", *CONSUMER_SCOPES)


class PasteRefused(Exception):
    """The settings page did not save: the SMTP login failed.  The text quotes the server, never what was typed."""


class GmailServer:
    """A Gmail on loopback.  `start` before anything that writes a file: the files name the port.

    `ca_file`: the certificate authority that relays are checked against.  `directory`: where key files go.
    `empty_code`: how delete and verify answer, 200 or 204 (the real code is not public).
    `oauth_testing`: the OAuth app is in "Testing", refresh tokens live 7 days of the sandbox's clock.
    """

    def __init__(
        self,
        clock: Clock,
        record: Record,
        faults: Faults,
        mailboxes: Mailboxes,
        *,
        ca_file: Path,
        directory: Path,
        validate_on_update: bool = False,
        merge: Literal["deep", "replace"] = "deep",
        relay_lag_s: float = 0.0,
        dsn_delay_s: float = 3.0,
        oauth_testing: bool = False,
        empty_code: Literal[200, 204] = 204,
    ) -> None:
        self._clock, self._mailboxes = clock, mailboxes
        self._ca_file, self._directory = Path(ca_file), Path(directory)
        self._store = Store(clock)
        self._tokens = Tokens(self._store, faults, testing=oauth_testing)
        self._signing = Signing(self._tokens)
        self._sending = Sending(self._store, faults, mailboxes, self._ca_file, dsn_delay_s)
        rules = WriteRules(validate_on_update, merge, relay_lag_s)
        send_as = SendAs(self._store, faults, rules, self._ca_file, self._sending.ask_owner)
        self._api = Api(self._store, faults, record, self._tokens, send_as, self._sending, empty_code, self._signing)
        self._web: WebServer | None = None

    def start(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        self._web = WebServer(self._api, self._clock)
        # The poll interval bounds how long `stop` waits.
        threading.Thread(target=self._web.serve_forever, args=(0.02,), name="sandbox-gmail", daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop listening and end every connection; stopping twice is stopping once."""
        web, self._web = self._web, None
        if web is not None:
            web.shutdown()
            web.hang_up()
            web.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port; raises RuntimeError before `start`."""
        if self._web is None:
            raise RuntimeError("the local Gmail is not started")
        return self._web.server_port

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`: the api_endpoint of a client."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def dsn_variant(self) -> Variant:
        """The form of the next notifications; one of `dsn.VARIANTS`."""
        return self._sending.variant

    @dsn_variant.setter
    def dsn_variant(self, variant: Variant) -> None:
        self._sending.variant = variant

    def add_workspace(self, domain: str, *, outbound_gateways: bool = True) -> None:
        """A domain with an administrator.  Users added to it afterwards are its users; all others are consumers."""
        self._store.workspaces[domain.lower()] = Workspace(domain.lower(), outbound_gateways)

    def add_service_account(
        self,
        name: str = "rotator",
        scopes: tuple[str, ...] = WORKSPACE_SCOPES,
        *,
        domains: tuple[str, ...] | None = None,
    ) -> Path:
        """The key file of a new service account, authorised for `scopes` in `domains` (None: in every workspace)."""
        account, content = keyfiles.service_account(name, f"{self.url}/token")
        self._tokens.accounts[account.email] = account
        where = None if domains is None else frozenset(domain.lower() for domain in domains)
        self._tokens.delegate(account.client_id, frozenset(scopes), where)
        pem = str(content["private_key"])
        self._store.secrets |= {pem, pem.splitlines()[1]}  # a line alone is found where newlines are escaped
        return self._write(f"service-account-{name}", content)

    def add_keyless_account(self, caller: Path, name: str = "keyless") -> str:
        """The address of a new service account without a key file; the one of the key file `caller` may sign as it."""
        account, key = keyfiles.keyless_account(name)
        self._tokens.accounts[account.email], self._signing.keys[account.email] = account, key
        self._tokens.delegate(account.client_id, frozenset(WORKSPACE_SCOPES), None)
        self._signing.creators.add((keyfiles.email_in(caller), account.email))
        return account.email

    def add_user(self, address: str, *, mail_enabled: bool = True) -> None:
        """An account; its mail arrives from `mailboxes`.  Raises ValueError if it is there already."""
        user = self._store.add_user(address, mail_enabled)
        self._mailboxes.register(address, lambda raw: _arrived(self._store, user, raw))

    def add_address(self, user: str, address: str) -> None:
        """A further address whose mail arrives in the user's mailbox, as a Workspace administrator gives one."""
        owner = self._user(user)
        self._mailboxes.register(address, lambda raw: _arrived(self._store, owner, raw))

    def add_alias(
        self,
        user: str,
        alias: str,
        host: str,
        port: int,
        security: Security,
        username: str,
        password: str,
        status: Status = "accepted",
    ) -> None:
        """An alias as some person set it up, with no check of anything; replaces one that is there."""
        msa = Msa(host, port, security, username, password)
        self._store.write(self._user(user), Alias(alias, msa=msa, status=status))

    def add_refresh_token(self, user: str, scopes: tuple[str, ...] = CONSUMER_SCOPES) -> Path:
        """A file as `gmail login` writes it (authorized_user, 0600), with our token_uri in it."""
        address = self._user(user).address
        content = keyfiles.authorized_user(self._tokens, address, frozenset(scopes), f"{self.url}/token")
        return self._write(f"authorized-user-{user}", content)

    def client_secrets(self) -> Path:
        """`client_secret.json` of the installed app whose consent page is `/o/oauth2/auth`."""
        return self._write("client-secret", keyfiles.client_secrets(self._tokens, self.url))

    def paste(
        self, mailbox: str, alias: str, username: str, password: str, host: str, port: int, security: Security
    ) -> None:
        """A person's "edit info" dialog: logs in at the relay, then saves.  Raises PasteRefused, KeyError."""
        msa = Msa(host, port, security, username, password)
        self._store.secrets.add(password)
        old = self._store.alias(mailbox, alias)
        try:
            relay.check_login(msa, self._ca_file)
        except relay.RelayFailed as failure:
            raise PasteRefused(failure.text) from None
        self._store.write(self._user(mailbox), replace(old, msa=msa, former=None, in_use_from=None))

    def set_status(self, mailbox: str, alias: str, status: Status) -> None:
        """The owner confirms the address, or Gmail wants it confirmed again."""
        old = self._store.alias(mailbox, alias)
        self._store.write(self._user(mailbox), replace(old, status=status))

    def stored(self, mailbox: str, alias: str) -> Msa | None:
        """The relay as stored, with its password: for the world's own checks, never over HTTP."""
        return self._store.alias(mailbox, alias).msa

    def move(self, mailbox: str, text: str, label: str) -> None:
        """What holds `text` leaves the inbox for another label, as a filter or the spam check does it."""
        for message in self._user(mailbox).messages:
            if text.encode() in message.raw:
                message.labels = [label]

    def inbox(self, mailbox: str) -> list[bytes]:
        """What lies in INBOX, oldest first, for the world's own checks."""
        self.settle()
        return [message.raw for message in self._user(mailbox).messages if "INBOX" in message.labels]

    def empty_inbox(self, mailbox: str) -> None:
        """The owner archives everything."""
        for message in self._user(mailbox).messages:
            message.labels = [label for label in message.labels if label != "INBOX"]

    def settle(self) -> None:
        """Do what has come due: late notifications, tries again at the relay, late writes.  Every API call does it."""
        self._store.settle()

    def revoke(self, user: str) -> None:
        """The person changes the password, or removes the app: its tokens die."""
        self._tokens.revoke(user)

    def expire_access_tokens(self) -> None:
        """Every access token is expired now: what an hour of real time does, which no test waits for."""
        self._tokens.expire_access()

    def forget_history(self, mailbox: str) -> None:
        """Make every older startHistoryId answer 404, as Gmail does after a week or so."""
        user = self._user(mailbox)
        user.history_id += 1
        user.first_history_id = user.history_id

    def secrets(self) -> list[str]:
        """Every secret it holds or ever held; none of them may be seen anywhere else."""
        return sorted(self._store.secrets)

    def _user(self, address: str) -> User:
        user = self._store.user(address)
        if user is None:
            raise KeyError(address)
        return user

    def _write(self, name: str, content: dict[str, object]) -> Path:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, n = self._directory / f"{name}.json", 1
        while path.exists():
            path, n = self._directory / f"{name}-{n + 1}.json", n + 1
        return keyfiles.write_private(path, content)


def _arrived(store: Store, user: User, raw: bytes) -> None:
    receive(store, user, raw)
