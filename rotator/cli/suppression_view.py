"""How the suppression list is shown: exports as they go on, looks, answers; and each as fields of a document."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rotator.cli.options import Options
from rotator.cli.signals import signals
from rotator.cli.text import iso, span
from rotator.core.notice import Notice, NoticeKind, subject_line
from rotator.core.suppression import PAUSED_PAGE, Suppressed
from rotator.core.times import when

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.suppression.alert import Looked
    from rotator.suppression.asking import Answer
    from rotator.suppression.export import Exported, Progress

SHRUNK = 0.5  # of the list before: what a paused account's list looks like when AWS has deleted it


class MovingLine:
    """The line that moves while an export is at work."""

    def __init__(self, options: Options) -> None:
        self._options, self._began, self._from = options, time.monotonic(), 0

    def __call__(self, progress: Progress) -> None:
        """Show how far it is; a signal ends the process here, where the page is kept."""
        signals.check()
        if progress.pages <= 1 or not self._from:
            self._from = progress.rows
            self._began = time.monotonic()
        seconds = time.monotonic() - self._began
        rate = (progress.rows - self._from) / seconds if seconds > 0 else 0.0
        self._options.screen.bar(bar(progress, rate))


def bar(progress: Progress, rate: float) -> str:
    """`us-east-1  [#####-----]  50000 of about 100000 rows  1000/s  50 s left`; without a former export no total."""
    text = f"{progress.region}  {progress.rows} rows  page {progress.pages}"
    if progress.expected:
        share = min(1.0, progress.rows / progress.expected)
        drawn = "#" * int(share * 20)
        text = f"{progress.region}  [{drawn:-<20}]  {progress.rows} of about {progress.expected} rows"
    text += f"  {rate:.0f}/s" if rate else ""
    if progress.expected and rate:
        text += f"  {_left((progress.expected - progress.rows) / rate)} left"
    return text + (f"  begun anew {progress.restarts} times" if progress.restarts else "")


def _left(seconds: float) -> str:
    return f"{max(0, int(seconds))} s" if seconds < 120 else span(int(seconds))


def show_export(options: Options, one: Exported) -> None:
    """One line a region, its files, and a warning if the list has shrunk."""
    done, screen = one.done, options.screen
    counts = f"{done.total} addresses: {done.bounces} bounced, {done.complaints} complained"
    again = ", gone on with" if one.continued else ""
    again += f", begun anew {one.restarts} times" if one.restarts else ""
    screen.out(f"{done.region}  {counts} ({one.pages} pages{again})", "ok")
    for path in one.files:
        screen.out(f"  {path}")
    if one.before is not None and done.total < one.before.total * SHRUNK:
        screen.say(
            f"{done.region}: on {when(one.before.began)} there were {one.before.total}.  AWS deletes the list of an "
            f"account that was paused for 90 days; the older files hold it ({PAUSED_PAGE})",
            "warning",
            always=True,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """Prints a notice, which cron mails, and sends it to whoever the file names."""

    options: Options
    configuration: Configuration

    def send(self, id: str, subject: str, text: str) -> bool:
        """Whether a channel took it; where none is configured, printed is delivered."""
        from rotator.wiring.telling import tell_all

        self.options.screen.say(f"{subject}  [{id}]\n{text}", "warning", always=True)
        notice = Notice(id, NoticeKind.SUPPRESSION, subject_line(subject), f"{text}\n")
        delivered, warnings = tell_all(self.configuration, notice)
        for warning in warnings:
            self.options.screen.say(warning, "warning", always=True)
        return delivered


def show_look(options: Options, one: Looked) -> None:
    """A look that found nothing; what was found is told by its notice."""
    if not one.notice:
        options.screen.say(f"{one.region}  nothing new since {when(one.since)}; {one.standing.status}", "ok")


def show_saved(options: Options, saved: dict[str, Any]) -> None:
    """The export that a look made by itself."""
    where = ", ".join(saved["files"])
    options.screen.say(f"{saved['region']}  saved: {saved['addresses']} addresses in {where}", "ok", always=True)


def look_fields(one: Looked) -> dict[str, Any]:
    """One entry of `looks` in rotator/suppression-alert/1."""
    return {
        "region": one.region, "since": iso(one.since), "until": iso(one.until), "complaints": one.complaints,
        "bounces": one.bounces, "domains": [{"domain": name, "addresses": count} for name, count in one.domains],
        "notice": one.notice or None, "delivered": one.delivered if one.notice else None,
        "account": one.standing.status, "account_since": iso(one.standing.now),
        "account_notice": one.standing_notice or None,
    }  # fmt: skip


def export_fields(one: Exported) -> dict[str, Any]:
    """One entry of `exports`."""
    done = one.done
    return {
        "region": done.region, "since": iso(done.began), "until": iso(done.finished), "addresses": done.total,
        "bounces": done.bounces, "complaints": done.complaints, "files": list(one.files), "pages": one.pages,
        "restarts": one.restarts, "continued": one.continued,
    }  # fmt: skip


def show_answer(options: Options, address: str, one: Answer) -> None:
    """What is known of one address in one region."""
    screen = options.screen
    if one.now is not None:
        row = one.now.row
        screen.out(f"{one.region}  {address} is suppressed: {row.reason}, {when(row.at)}", "warning")
        for name, text in (("message", one.now.message_id), ("feedback", one.now.feedback_id)):
            if text:
                screen.out(f"    {name}  {text}")
        screen.out("    fix   find out first whether they want the mail; the page has the command that takes them off")
        screen.out("    see   runbooks/recipient-suppressed.md")
        return
    screen.out(f"{one.region}  {address} is not on the account's list", "ok")
    if one.kept is not None:
        row, at = one.kept
        screen.out(f"    it was on {when(at)}: {row.reason}, {when(row.at)}")


def answer_fields(one: Answer) -> dict[str, Any]:
    """One entry of `regions` in rotator/suppression-why/1."""
    found = one.now.row if one.now else one.kept[0] if one.kept else None
    return {
        "region": one.region,
        "suppressed": one.now is not None,
        "reason": found.reason if found else None,
        "since": iso(found.at) if found else None,
        "message_id": (one.now.message_id or None) if one.now else None,
        "feedback_id": (one.now.feedback_id or None) if one.now else None,
        "exported": iso(one.kept[1]) if one.kept else None,
    }


def row_fields(row: Suppressed) -> dict[str, Any]:
    """One row of rotator/suppression/1."""
    return {"address": row.address, "reason": row.reason, "since": iso(row.at), "until": None}
