"""The frame of the doctor: what a check is, what it is about, and the table of all checks in the order of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from enum import StrEnum

from rotator.core.findings import CheckStatus, Finding
from rotator.core.foreign_text import one_line
from rotator.doctor.ground import Ground

PAGES = "runbooks/"


class Kind(StrEnum):
    """What a check is made for once each."""

    DOMAIN = "domain"
    REGION = "region"
    USER = "user"
    ENDPOINT = "endpoint"
    CONSUMER = "consumer"
    GMAIL = "Gmail alias"
    RECIPIENT = "recipient"
    RECIPIENT_REGION = "recipient and region"


@dataclass(frozen=True, slots=True)
class Subject:
    """What one check is about; two subjects are related if no field that both have differs."""

    region: str = ""
    domain: str = ""
    user: str = ""
    endpoint: str = ""
    consumer: str = ""
    address: str = ""

    def related(self, other: Subject) -> bool:
        """Whether a finding about one is ground for the other."""
        names = (one.name for one in fields(self))
        pairs = ((getattr(self, name), getattr(other, name)) for name in names)
        return all(not mine or not theirs or mine == theirs for mine, theirs in pairs)

    @property
    def label(self) -> str:
        """The narrowest thing that it is about, for people."""
        return self.consumer or self.endpoint or self.address or self.user or self.domain or self.region


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check function found; the frame adds id, target and page."""

    status: CheckStatus
    summary: str
    fix: str = ""
    evidence: tuple[tuple[str, str], ...] = ()


Function = Callable[[Ground, Subject], Verdict]


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the table.  `lane` "ses": waits for the service's rate, so it has a thread of its own a region."""

    id: str
    about: str  # one line for --list-checks and the page of ids
    kind: Kind
    page: str  # its page and section below runbooks/
    function: Function
    needs: tuple[str, ...] = ()
    lane: str = ""

    @property
    def layer(self) -> str:
        """The layer it belongs to."""
        return self.id.partition(".")[0]

    def finding(self, verdict: Verdict, target: str, ms: int = 0) -> Finding:
        """The verdict as it is shown and kept; foreign control characters are gone."""
        told = verdict.status in (CheckStatus.FAILED, CheckStatus.WARNING)
        return Finding(
            id=self.id,
            status=verdict.status,
            summary=one_line(verdict.summary),
            fix=one_line(verdict.fix),
            runbook=f"{PAGES}{self.page}" if told else "",
            evidence=tuple((name, one_line(value)) for name, value in verdict.evidence),
            ms=ms,
            target=target,
        )


ENTERED: dict[str, Check] = {}  # as the modules were imported; in order: registry.CHECKS


def check(
    id: str, about: str, kind: Kind, page: str, *, needs: Iterable[str] = (), lane: str = ""
) -> Callable[[Function], Function]:
    """Enter a function in the table; its place there is its place in the output."""

    def enter(function: Function) -> Function:
        ENTERED[id] = Check(id, about, kind, page, function, tuple(needs), lane)
        return function

    return enter


def ok(summary: str, **evidence: str) -> Verdict:
    """Nothing to do."""
    return Verdict(CheckStatus.OK, summary, evidence=tuple(evidence.items()))


def broken(summary: str, fix: str, **evidence: str) -> Verdict:
    """Mail is lost, refused or distrusted for this."""
    return Verdict(CheckStatus.FAILED, summary, fix, tuple(evidence.items()))


def warning(summary: str, fix: str, **evidence: str) -> Verdict:
    """It works today."""
    return Verdict(CheckStatus.WARNING, summary, fix, tuple(evidence.items()))


def skipped(why: str) -> Verdict:
    """Nothing to look at."""
    return Verdict(CheckStatus.SKIPPED, why)


def not_known(why: str, fix: str = "", **evidence: str) -> Verdict:
    """It cannot be seen from here."""
    return Verdict(CheckStatus.NOT_KNOWN, why, fix, evidence=tuple(evidence.items()))
