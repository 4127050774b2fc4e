"""A year in a town, day by day: the timer's command, people who answer when they get round to it, outages, one leak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.year.towns import Citizen, Town

DAYS = 365
LIMIT = timedelta(days=90)
IN_TIME_DAYS = 25  # people who answer within so many days keep their key within its limit
ALL_DAY = 100_000
# Calls: the program waits for a login or a mail in real time, and the town's clock stands still meanwhile.
FEW, SOME = 5, 25
# What is out of order: the first day, how many days, the fault, how often a day.
OUTAGES = (
    (50, 1, "smtp_454", FEW),
    (52, 1, "iam_500", ALL_DAY),
    (54, 1, "gmail_500_before", SOME),
    (116, 3, "ses_send_500", ALL_DAY),  # nobody can be told by rotator's own rights,
    (116, 3, "smtp_454", FEW),  # nor with a user's password
    (130, 1, "asm_500", ALL_DAY),
    (131, 1, "ssm_500", ALL_DAY),
    (140, 3, "ses_send_500", ALL_DAY),
    (230, 1, "throttled", ALL_DAY),
    (231, 2, "gmail_500_before", SOME),
)
IAM_SILENT = {first for first, _, fault, _ in OUTAGES if fault in ("iam_500", "throttled")}  # each for one day
LEAK_DAY = 200
FIRST_AUDIT, BETWEEN_AUDITS = 25, 60  # the timer's is monthly; every other one is left out, for time
BOUNCE_DAY = 100  # a newsletter of 200 mails, one of which came back for good

# Five kinds of places, and persons who take from two to sixty days.
CITIZENS = (
    (("relay",), 0),
    (("secret", "alias"), 0),
    (("parameter", "relay"), 0),
    (("personal",), 3),
    (("laptop", "relay"), 20),
    (("laptop",), 60),
)


def citizens(number: int) -> list[Citizen]:
    """So many users, the kinds of places dealt out in turn."""
    chosen = (CITIZENS[n % len(CITIZENS)] for n in range(number))
    return [Citizen(f"user-{n}", kinds, days) for n, (kinds, days) in enumerate(chosen)]


@dataclass
class Diary:
    """What was seen on the way; `wrong` stays empty if every promise was kept."""

    wrong: list[str] = field(default_factory=list)
    rotated: dict[str, int] = field(default_factory=dict)  # user -> finished rotations
    overdue: dict[str, list[int]] = field(default_factory=dict)  # user -> the days on which the program said so
    too_old: dict[str, list[int]] = field(default_factory=dict)  # user -> the days on which an Active key was too old


class Year:
    """One year of one town."""

    def __init__(self, town: Town) -> None:
        self.town, self.diary = town, Diary()
        self.began = town.world.clock.now()  # of the day's command
        self.leaked = ""

    def live(self, days: int = DAYS) -> Diary:
        """All of it."""
        self.town.adopt()
        for _ in range(days):
            self.town.tomorrow()
            self._outages()
            self._mail()
            self.began = self.town.world.clock.now()
            told = self.town.timer().json["users"]
            self._leak()
            self._newsletter()
            self._audit()
            for one, said in zip(self.town.citizens, told, strict=True):
                self._people(one, said)
                self._look(one, said)
        return self.diary

    def _outages(self) -> None:
        """Each lasts its days and is over then."""
        for first, days, fault, times in OUTAGES:
            if first <= self.town.day <= first + days:
                self.town.world.faults.arm(fault, times if self.town.day < first + days else 0)

    def _mail(self) -> None:
        """Every place sends something in the course of the day, with what it holds."""
        for one in self.town.citizens:
            for held in set(self.town.held(one).values()):
                key = self.town.world.keys.find(held)
                if key is not None and key.status == "Active":
                    self.town.world.keys.use(key, "ses", self.town.world.scenario.region)

    def _leak(self) -> None:
        if self.town.day == LEAK_DAY:
            one = self.town.citizens[0]
            self.leaked = self.town.held(one)["relay"]
            self.town.stage.rotator(
                "rotate", "--user", one.name, "--emergency", "--key", self.leaked, "--reason", "in a repository",
                code=None,
            )  # fmt: skip

    def _newsletter(self) -> None:
        """A mail of it comes back; the timer's other daily command tells of it, and next day has nothing to tell."""
        ses, now = self.town.world.ses, self.town.world.clock.now()
        if self.town.day == BOUNCE_DAY:
            ses.reputation.count(now.date(), sent=200, bounced=1)
            ses.suppress("gone@example.org", "BOUNCE", now)
        if self.town.day in (BOUNCE_DAY, BOUNCE_DAY + 1):
            self.town.stage.rotator("suppression", "alert")

    def _audit(self) -> None:
        """A real mail through every place that can be sent through."""
        if self.town.day % BETWEEN_AUDITS == FIRST_AUDIT:
            self.town.stage.rotator("audit", code=None)

    def _people(self, one: Citizen, said: dict[str, Any]) -> None:
        """Whoever is asked answers after their number of days."""
        for place in waiting(said):
            asked = one.asked_on.setdefault(place, self.town.day)
            if self.town.day - asked >= one.days_to_answer:
                del one.asked_on[place]
                self.town.person_answers(one, place)

    def _look(self, one: Citizen, said: dict[str, Any]) -> None:
        """What is promised of every evening."""
        held, active = self.town.held(one), self.town.active(one)
        self._note(one, said, max(self._age(key) for key in active))
        for place, key in held.items():
            if key not in active:
                self.diary.wrong.append(f"day {self.town.day}: {one.name}'s {place} is cut off: {key}")
        if self.leaked in active and self.town.day > LEAK_DAY:
            self.diary.wrong.append(f"day {self.town.day}: the leaked {self.leaked} is Active")

    def _note(self, one: Citizen, said: dict[str, Any], oldest: timedelta) -> None:
        self.diary.rotated[one.name] = self.diary.rotated.get(one.name, 0) + (said.get("outcome") == "rotated")
        unasked = self.town.day in IAM_SILENT and said["outcome"] == "remote"  # no age is known, and the code says why
        told = oldest > LIMIT if unasked else "overdue" in " ".join(said.get("warnings", [])).lower()
        if told:
            self.diary.overdue.setdefault(one.name, []).append(self.town.day)
        before = oldest - (self.town.world.clock.now() - self.began)
        if told if before <= LIMIT < oldest else oldest > LIMIT:  # too old while the command ran: both are right
            self.diary.too_old.setdefault(one.name, []).append(self.town.day)

    def _age(self, key_id: str) -> timedelta:
        key = self.town.world.keys.find(key_id)
        assert key is not None
        return self.town.world.clock.now() - key.created


def waiting(said: dict[str, Any]) -> Iterator[str]:
    """The places that a user's document says wait for a person."""
    for consumer in said.get("consumers", []):
        if consumer["push"] == "waiting for a person":
            yield consumer["name"]
