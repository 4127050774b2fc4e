"""What is new on the list is told once, and again under the same id until somebody has taken it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from rotator.core.access_keys import Instant
from rotator.core.errors import RemoteFault
from rotator.core.suppression import Done, Standing, Suppressed
from rotator.suppression.alert import Look, Looked, must_export, subject, text
from tests.suppression.conftest import REGION, Office


@dataclass(slots=True)
class People:
    """Who is told: `told` holds (id, subject, text), whether it was taken or not."""

    takes: bool = True
    told: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, id: str, subject: str, text: str) -> bool:
        self.told.append((id, subject, text))
        return self.takes


def look(office: Office, people: People, alert_on: tuple[str, ...] = ("COMPLAINT", "BOUNCE")) -> Looked:
    """One process's look."""
    with office.store() as store:
        return Look(office.source(), store, people, alert_on, office.pace()).run()


def later(office: Office, hours: float = 1) -> None:
    """Time passes between two looks."""
    office.world.clock.advance(timedelta(hours=hours))


def test_a_new_complaint_raises_exactly_one_alert(office: Office) -> None:
    """However often is looked afterwards, people were told once."""
    people = People()
    assert look(office, people).notice == ""
    later(office)
    office.world.ses.suppress("reader@example.org", "COMPLAINT", office.world.clock.now())
    found = look(office, people)
    assert (found.complaints, found.bounces, found.delivered) == (1, 0, True)
    for _ in range(3):
        later(office, 0.1)
        assert look(office, people).notice == ""
    ((id_, said, _),) = people.told
    assert said == "1 complaint in us-east-1"
    assert id_ == found.notice


def test_until_somebody_takes_it_it_is_repeated_under_the_same_id(office: Office) -> None:
    """The mark stays where it was; what has come since is told with it."""
    people = People(takes=False)
    office.suppress(1, "COMPLAINT", "angry")
    first = look(office, people)
    later(office)
    office.suppress(2)
    second = look(office, people)
    people.takes = True
    third = look(office, people)
    assert first.undelivered == (first.notice,)
    assert first.notice == second.notice == third.notice
    assert [said for _, said, _ in people.told][1:] == ["1 complaint and 2 permanent bounces in us-east-1"] * 2
    assert look(office, people).notice == ""


def test_two_alerts_have_two_ids(office: Office) -> None:
    """A receiver that drops repeats never drops news."""
    people = People()
    office.suppress(1)
    first = look(office, people)
    later(office)
    office.suppress(1, "COMPLAINT", "angry")
    assert look(office, people).notice not in {"", first.notice}


def test_what_becomes_visible_late_is_told(office: Office) -> None:
    """A row of before the mark that SES shows only now is news, too."""
    people = People()
    look(office, people)
    later(office)
    look(office, people)
    office.world.ses.suppress("late@example.org", "BOUNCE", office.world.clock.now() - timedelta(minutes=10))
    assert look(office, people).bounces == 1


def test_an_address_that_changes_is_told_again(office: Office) -> None:
    """A bounce that became a complaint is news."""
    people = People()
    (address,) = office.suppress(1)
    look(office, people)
    later(office)
    office.world.ses.suppress(address, "COMPLAINT", office.world.clock.now())
    assert look(office, people).complaints == 1


def test_only_what_was_asked_for_is_told(office: Office) -> None:
    """`alert_on: [COMPLAINT]` is quiet about bounces."""
    people = People()
    office.suppress(3)
    assert look(office, people, ("COMPLAINT",)).notice == ""


def test_a_look_that_fails_moves_no_mark(office: Office) -> None:
    """What could not be read is told by the next look."""
    people = People()
    look(office, people)
    later(office)
    office.suppress(1)
    office.world.faults.arm("ses_throttled", 1000)
    with pytest.raises(RemoteFault):
        look(office, people)
    office.world.faults.arm("ses_throttled", 0)
    later(office, 24)
    assert look(office, people).bounces == 1


def test_a_process_that_dies_after_telling_tells_again_under_the_same_id(office: Office) -> None:
    """Told twice is a nuisance, never told a loss; the id lets the receiver drop the second."""
    people = People()
    office.suppress(1)

    class Dies(People):
        def send(self, id: str, subject: str, text: str) -> bool:
            people.send(id, subject, text)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look(office, Dies())
    look(office, people)
    ids = [id_ for id_, _, _ in people.told]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_notice_names_domains_and_no_address(office: Office) -> None:
    """People's addresses do not travel in notices."""
    at = Instant(1_800_000_000)
    rows = [Suppressed(f"user{n}@d{n % 12:02d}.example", "BOUNCE", at) for n in range(30)]
    said = text(REGION, at, rows)
    assert "@" not in said
    assert "     3  d00.example" in said
    assert "     4  in 2 other domains" in said
    assert "runbooks/suppression-spike.md" in said


SUBJECTS = {
    "1 complaint in r": ["COMPLAINT"],
    "2 complaints and 1 permanent bounce in r": ["COMPLAINT", "BOUNCE", "COMPLAINT"],
    "1 permanent bounce and 1 of another reason in r": ["BOUNCE", "NEWS"],
}


@pytest.mark.parametrize(("said", "reasons"), SUBJECTS.items())
def test_the_subject_counts(said: str, reasons: list[str]) -> None:
    """Each reason by its number; a reason that SES adds one day is counted, too."""
    assert subject("r", [Suppressed(f"{n}@x", reason, Instant(0)) for n, reason in enumerate(reasons)]) == said


# --- the account ---------------------------------------------------------------------------------------------------


def test_an_account_that_leaves_healthy_is_told_once(office: Office) -> None:
    """Review, pause and return each raise one notice, with ids of their own."""
    people = People()
    for status in ("HEALTHY", "PROBATION", "PROBATION", "SHUTDOWN", "HEALTHY", "HEALTHY"):
        office.world.ses.enforcement = status
        look(office, people)
        later(office)
    assert [said for _, said, _ in people.told] == [
        f"SES account in us-east-1 is {status}" for status in ("PROBATION", "SHUTDOWN", "HEALTHY")
    ]
    assert len({id_ for id_, _, _ in people.told}) == 3
    assert "runbooks/account-paused.md" in people.told[0][2]


def test_a_pause_that_nobody_heard_of_is_told_again(office: Office) -> None:
    """The same id until somebody has taken it."""
    people = People(takes=False)
    office.world.ses.enforcement = "SHUTDOWN"
    first = look(office, people)
    later(office)
    people.takes = True
    assert look(office, people).standing_notice == first.standing_notice
    assert look(office, people).standing_notice == ""


def _done(began: int) -> Done:
    return Done(1, REGION, Instant(began), Instant(began + 9), 1, 1)


EXPORTS: dict[str, tuple[Any, ...]] = {
    "a healthy account is exported when somebody asks": ("HEALTHY", None, False),
    "one under review, never exported": ("PROBATION", None, True),
    "one that was paused after the last export": ("SHUTDOWN", _done(50), True),
    "one that was exported since it is paused": ("SHUTDOWN", _done(150), False),
    "a word that SES adds one day": ("NEWS", None, True),
}


@pytest.mark.parametrize(("status", "last", "wanted"), EXPORTS.values(), ids=EXPORTS.keys())
def test_the_list_is_saved_when_the_account_leaves_healthy(status: str, last: Done | None, *, wanted: bool) -> None:
    """Once for each state that it is in: AWS deletes the list of an account that stays paused."""
    assert must_export(Standing(status, Instant(100)), last) is wanted
