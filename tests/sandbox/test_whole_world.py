"""AWS, SES and Gmail together: the world that the demo and the program's own tests live in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rotator.config.loader import load
from rotator.journal.sealing import KeyFileSeal
from rotator.sandbox.client import Sandbox, SandboxError
from rotator.sandbox.world import World
from tests.sandbox.clients import USER, first_key, try_login

ALIASES = {"ops@queenofsandiego.com": "news@queenofsandiego.com", "jadasailing@gmail.com": "admin@queenofsandiego.com"}


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[World]:
    """A calm world with Gmail in it."""
    with World.start(tmp_path / "world", calm=True) as world:
        yield world


def test_every_alias_starts_with_a_login_that_works(whole: World) -> None:
    """Mail flows before the first rotation: both aliases hold the one key that there is."""
    assert whole.gmail is not None
    for mailbox, alias in ALIASES.items():
        stored = whole.gmail.stored(mailbox, alias)
        assert stored is not None
        assert (stored.host, stored.port, stored.security) == ("127.0.0.1", whole.smtp.port, "starttls")
        assert stored.username == first_key(whole).id
        assert try_login(whole, stored.username, stored.password).startswith("235")


def test_the_program_takes_the_sample_configuration(whole: World) -> None:
    """The loader accepts the file with the world's environment, finds three kinds of consumer, and its seal key."""
    configuration = load(whole.place.config, whole.environment())
    (user,) = configuration.users
    assert [consumer.name for consumer in user.consumers] == ["news-alias", "relay", "admin-alias"]
    assert whole.gmail is not None
    assert configuration.google_api_endpoint == whole.gmail.url
    KeyFileSeal.load(configuration.seal_key_file)


def test_a_person_pastes_a_credential_and_gmail_tries_it(whole: World) -> None:
    """A good login is saved; a bad one is refused in the server's words, and what was there stays."""
    assert whole.gmail is not None
    mailbox, alias = "jadasailing@gmail.com", "admin@queenofsandiego.com"
    sandbox, key = Sandbox(whole.admin_url), whole.keys.create(USER)
    with pytest.raises(SandboxError, match="535"):
        sandbox.paste(mailbox, alias, key.id, "wrong", "127.0.0.1", whole.smtp.port)
    assert whole.gmail.stored(mailbox, alias).username == first_key(whole).id  # type: ignore[union-attr]
    sandbox.paste(mailbox, alias, key.id, whole.password_of(key), "127.0.0.1", whole.smtp.port)
    assert whole.gmail.stored(mailbox, alias).username == key.id  # type: ignore[union-attr]
    with pytest.raises(SandboxError, match="nobody@nowhere"):
        sandbox.paste("nobody@nowhere.org", alias, key.id, whole.password_of(key), "127.0.0.1", whole.smtp.port)


def test_googles_secrets_count_as_secrets(whole: World) -> None:
    """The service account's private key is among what must not leak."""
    assert whole.gmail is not None
    google = whole.gmail.secrets()
    assert google
    assert set(google) <= set(whole.secrets())
    assert whole.place.seal_key.read_text().strip() in whole.secrets()


def test_a_world_started_again_in_its_folder_keeps_its_seal_key(tmp_path: Path) -> None:
    """A journal left from the last time can still be read."""
    keys = []
    for _ in range(2):
        with World.start(tmp_path / "world", calm=True) as world:
            keys.append(world.place.seal_key.read_text())
    assert keys[0] == keys[1]
