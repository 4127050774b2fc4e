"""An office for each test: a Workspace mailbox and a consumer's, each with an alias that sends through a calm SES."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from rotator.sandbox.gmail import GmailServer
from rotator.sandbox.scenario import Scenario
from rotator.sandbox.world import World
from tests.sandbox.gmail.office import ADMIN, COLLEAGUE, JADA, NEWS, OPS, Office

MakeOffice = Callable[..., Office]


def open_office(world: World, stack: ExitStack, **options: Any) -> Office:
    """Start a Gmail with these options in `world`, with its people and their aliases."""
    gmail = GmailServer(
        world.clock,
        world.record,
        world.faults,
        world.mailboxes,
        ca_file=world.authority.ca_file,
        directory=world.place.directory,
        **options,
    )
    stack.enter_context(gmail)
    gmail.add_workspace("queenofsandiego.com")
    for address in (OPS, COLLEAGUE, JADA):
        gmail.add_user(address)
    office = Office(world, gmail, stack)
    office.set_up(OPS, NEWS)
    office.set_up(JADA, ADMIN)
    return office


@pytest.fixture
def make_office(make_world: Callable[..., World]) -> Iterator[MakeOffice]:
    """Opens offices; the options are the Gmail's."""
    with ExitStack() as stack:
        yield lambda **options: open_office(make_world(calm=True), stack, **options)


@pytest.fixture
def office(make_office: MakeOffice) -> Office:
    """An office with Gmail's defaults."""
    return make_office()


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office that many tests ask and none changes; making an RSA key for each question would take the time."""
    with ExitStack() as stack:
        directory = tmp_path_factory.mktemp("counter") / "world"
        world = stack.enter_context(World.start(directory, calm=True, scenario=Scenario(gmail=False)))
        office = open_office(world, stack)
        office.delegated()
        yield office
