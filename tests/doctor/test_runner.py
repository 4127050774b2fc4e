"""The walk over the table: side by side, answered in order, and nothing is looked at whose ground is gone."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from rotator.core.errors import ConfigurationError, RemoteFault
from rotator.core.findings import CheckStatus, Finding
from rotator.core.looks import DnsAnswer, Lookup
from rotator.doctor.checks import Check, Kind, Subject, Verdict, broken, ok
from rotator.doctor.ground import Domain, Ground
from rotator.doctor.runner import examine, named

PATIENCE_S = 20.0
NOWHERE: Any = None  # an edge that no check of these tests asks


class NoDns:
    """Nameservers that know nothing."""

    def ask(self, name: str, kind: str) -> DnsAnswer:
        return DnsAnswer(Lookup.NO_NAME)


def ground(*regions: str) -> Ground:
    """One domain a region."""
    domains = {f"{one}.test": Domain(f"{one}.test", one) for one in regions or ("here",)}
    return Ground(dns=NoDns(), ses=NOWHERE, users={}, domains=domains)


def check(id: str, answer: Any, needs: tuple[str, ...] = (), lane: str = "", kind: Kind = Kind.DOMAIN) -> Check:
    """A check that gives `answer`, or what it returns."""

    def function(stands_on: Ground, subject: Subject) -> Verdict:
        given: Verdict = answer() if callable(answer) else answer
        return given

    return Check(id, "", kind, "page.md", function, needs, lane)


def ids(findings: list[Finding]) -> list[tuple[str, str]]:
    """(id, status) in the order of the answer."""
    return [(one.id, one.status.value) for one in findings]


def test_what_stands_on_a_failure_is_skipped_and_names_the_cause() -> None:
    """One cause is one failure, however much stands on it."""
    checks = [
        check("a.ground", broken("gone", "mend it")),
        check("a.wall", ok("fine"), needs=("a.ground",)),
        check("a.roof", ok("fine"), needs=("a.wall",)),
        check("a.garden", ok("green")),
    ]
    findings = list(examine(ground(), checks))
    assert ids(findings) == [("a.ground", "failed"), ("a.wall", "skipped"), ("a.roof", "skipped"), ("a.garden", "ok")]
    assert [one.summary for one in findings[1:3]] == ["needs a.ground", "needs a.ground"]


def test_another_s_failure_is_no_cause() -> None:
    """A region that is broken takes nothing with it in another."""
    first = iter([broken("gone", "mend it"), ok("fine")])
    checks = [check("a.ground", lambda: next(first), lane="ses"), check("a.wall", ok("fine"), needs=("a.ground",))]
    found = {(one.id, one.target): one.status.value for one in examine(ground("east", "west"), checks)}
    walls = sorted(found["a.wall", name] for name in ("east.test", "west.test"))
    assert walls == ["ok", "skipped"]


def test_a_look_up_that_fails_is_not_known() -> None:
    """Throttled, or no permission: nothing was learnt, so nothing is blamed, and what stands on it is looked at."""

    def throttled() -> Verdict:
        raise RemoteFault("GetAccount: throttled")

    findings = list(examine(ground(), [check("a.ground", throttled), check("a.wall", ok("fine"), needs=("a.ground",))]))
    assert ids(findings) == [("a.ground", "not known"), ("a.wall", "ok")]
    assert findings[0].fix == "run the same command again later"


def test_a_bug_in_a_check_is_no_finding() -> None:
    """What nobody foresaw ends the program as a bug does."""
    with pytest.raises(ZeroDivisionError):
        list(examine(ground(), [check("a.ground", lambda: ok(str(1 // 0)))]))


def test_checks_run_side_by_side_and_are_told_in_order() -> None:
    """Eight that wait for each other all come to their end, in the table's order."""
    together = threading.Barrier(8, timeout=PATIENCE_S)

    def meet() -> Verdict:
        together.wait()
        return ok("met")

    findings = list(examine(ground(), [check(f"a.c{n}", meet) for n in range(8)]))
    assert ids(findings) == [(f"a.c{n}", "ok") for n in range(8)]


def test_nothing_else_waits_for_ses() -> None:
    """However many calls queue for SES, the other checks are done before the first of them is."""
    others_done = threading.Event()

    def waits() -> Verdict:
        assert others_done.wait(PATIENCE_S)
        return ok("at last")

    def last() -> Verdict:
        others_done.set()
        return ok("done")

    calls = [check(f"ses.c{n}", waits, lane="ses") for n in range(12)]
    others = [check(f"dns.c{n}", ok("done")) for n in range(7)]
    findings = list(examine(ground("east", "west"), [*calls, *others, check("dns.last", last)]))
    assert {one.status for one in findings} == {CheckStatus.OK}


def test_two_regions_do_not_wait_for_each_other() -> None:
    """Each region's calls have a lane of their own."""
    both = threading.Barrier(2, timeout=PATIENCE_S)

    def meet() -> Verdict:
        both.wait()
        return ok("met")

    findings = list(examine(ground("east", "west"), [check("ses.account", meet, lane="ses")]))
    assert [one.status for one in findings] == [CheckStatus.OK, CheckStatus.OK]


def test_the_wall_is_the_longest_chain() -> None:
    """Checks that take a second each on a clock of their own take as long as the longest chain, not as their sum."""
    clock = Turns()
    chain = [check(f"a.c{n}", clock.second, needs=(f"a.c{n - 1}",) if n else ()) for n in range(3)]
    beside = [check(f"b.c{n}", clock.second) for n in range(4)]
    list(examine(ground(), [*chain, *beside]))
    assert clock.rounds <= 3 * 1.2


class Turns:
    """Counts rounds: all that wait at the same time pass in one."""

    def __init__(self) -> None:
        self.rounds = 0
        self._waiting = 0
        self._changed = threading.Condition()

    def second(self) -> Verdict:
        """A second of work: over when nobody has joined for a moment, together with all who work beside."""
        with self._changed:
            self._waiting += 1
            mine = self.rounds
            self._changed.notify_all()
            while self.rounds == mine:
                before = self._waiting
                if not self._changed.wait(0.2) and self._waiting == before and self.rounds == mine:
                    self.rounds += 1
                    self._waiting = 0
                    self._changed.notify_all()
        return ok("done")


def test_named_checks_bring_their_ground() -> None:
    """One check, or a layer, and all that it stands on; anything else is a slip."""
    assert [one.id for one in named(["dns.spf"])] == ["dns.domain", "dns.mail_from", "dns.spf"]
    assert {one.layer for one in named(["recipient"])} == {"recipient"}
    assert len(named([])) > len(named(["dns", "smtp"])) > 5
    with pytest.raises(ConfigurationError, match="unknown check 'dns.spff', did you mean 'dns.spf'?"):
        named(["dns.spff"])
    with pytest.raises(ConfigurationError, match="unknown check 'consumers', did you mean 'consumer'?"):
        named(["consumers"])
    with pytest.raises(ConfigurationError, match="unknown check 'weather'$"):
        named(["weather"])


def test_foreign_characters_do_no_harm() -> None:
    """Line ends and escape codes in what a server says are gone before anybody shows or keeps them."""
    nasty = ok("v=spf1\x1b[31m\nall\u202e", record="a\x07b")
    (finding,) = examine(ground(), [check("a.c", nasty)])
    assert finding.summary == "v=spf1[31m all"
    assert finding.evidence == (("record", "ab"),)
