"""`rotator audit`: one real mail through every place, its headers, and what is there and should not be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rotator.cli import around
from rotator.cli.failure import UNTOUCHED
from rotator.cli.findings import counted, row, show
from rotator.cli.options import AnyUser, Options, Strict, command
from rotator.cli.signals import signals
from rotator.cli.text import duration, iso, mask_ids
from rotator.core.durations import parse_duration
from rotator.core.errors import Exit
from rotator.core.findings import Finding, failed

if TYPE_CHECKING:
    from rotator.audit.targets import Result, Target
    from rotator.config.model import Configuration
    from rotator.core.history.proven import AuditOutcome
    from rotator.wiring.audit import AuditWork


OVERTAKEN = "overtaken"  # core.proven.AuditOutcome.OVERTAKEN


@command
def audit(
    options: Options,
    user: AnyUser = None,
    consumer: Annotated[str, typer.Option("--consumer", metavar="NAME", help="Only a mail through this one.")] = "",
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="10m", help="How long one mail may take (audit.timeout).")
    ] = "",
    strict: Strict = False,
) -> int:
    """Send one real mail through every place, wait for it, and look for what does not belong there.  For a timer."""
    from rotator.audit.mails import Clock
    from rotator.audit.users import keep_all
    from rotator.wiring import audit as wiring_audit

    options.screen.flow = UNTOUCHED
    configuration = options.configuration()
    around.begin(options, configuration, "audit", scheduled=user is None and not consumer)
    with signals.finishing_steps(), wiring_audit.auditing(configuration, user, consumer) as work:
        mails = _Mails(options)
        mails.send(work, consumer, parse_duration(timeout) if timeout else work.timeout_s)
        found = [*mails.findings, *keep_all(work.users, Clock(sleep=signals.sleep))]
        if not consumer:
            for each in work.users:
                others = list(each.findings())
                if not each.busy:  # nothing was looked at, which is no good news either
                    mails.publish(configuration, each.name, others)
                found += others
            found += work.unadopted()
            found += work.strangers() if user is None else ()
    show(options.screen, found)
    options.screen.out(f"{counted(found)}.")
    locked = any(one.held_up for one in work.users)
    code = int(Exit.FAILED if failed(found, strict=strict) else Exit.LOCKED if locked else Exit.OK)
    if code:
        options.screen.say(f"(exit {code})", always=True)
    fields = {"ok": code == 0, "consumers": mails.rows, "findings": [row(one) for one in found]}
    options.screen.document("rotator/audit/1", fields)
    return code


def mark(outcome: str, *, good: bool) -> str:
    """The mark of one mail's line: a mail that a rotation overtook is no verdict and gets no tick."""
    return "skipped" if outcome == OVERTAKEN else "ok" if good else "failed"


class _Mails:
    """The mails of one audit as they end, each shown and kept at once."""

    def __init__(self, options: Options) -> None:
        self._screen, self._began = options.screen, int(time.time())
        self.findings: list[Finding] = []
        self.rows: list[dict[str, Any]] = []
        self._outcomes: dict[str, list[AuditOutcome]] = {}

    def send(self, work: AuditWork, consumer: str, timeout_s: float) -> None:
        """Through every place that may be sent through, side by side."""
        from rotator.audit.mails import Clock, send_all
        from rotator.audit.users import not_configured

        if work.arrivals is None:
            self.findings += [not_configured(one.name) for one in work.users]
            return
        users = {one.name: one for one in work.users}
        targets: list[Target] = []
        for one in work.users:
            chosen, left_out = one.targets(consumer)
            targets += chosen
            self.findings += left_out
        for result in send_all(targets, work.arrivals, timeout_s, Clock(sleep=signals.sleep)):
            users[result.target.user].settle(result)
            self._take(result)

    def publish(self, configuration: Configuration, user: str, others: list[Finding]) -> None:
        """One user's figure for the alarms, with what else was found; whatever becomes of it changes nothing."""
        from rotator.wiring.alarms import publish_audit

        if warning := publish_audit(configuration, user, self._outcomes.get(user, []), others):
            self._screen.say(warning, "warning", always=True)

    def _take(self, result: Result) -> None:
        good, target = not failed(result.findings), result.target
        took = duration(int(result.seconds * 1000))
        self._screen.say(f"{target.name}: {result.outcome} after {took}", mark(result.outcome, good=good))
        self.findings += result.findings
        if not result.tried:
            return
        self._outcomes.setdefault(target.user, []).append(result.outcome)
        self.rows.append({
            "user": target.user,
            "consumer": target.name,
            "outcome": result.outcome.value,
            "key_masked": mask_ids(target.key) or None,
            "since": iso(self._began),
            "until": iso(int(time.time())),
            "seconds": round(result.seconds, 1),
        })  # fmt: skip
