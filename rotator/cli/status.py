"""`rotator status`: keys, ages, due dates, consumers and the open rotation, from the journal and a live key list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rotator.cli.failure import Failure, show
from rotator.cli.options import AnyUser, Options, command
from rotator.cli.standing import Standing, stand
from rotator.cli.text import ago, counted, iso, mask_ids, span
from rotator.core.access_keys import AccessKey, mask
from rotator.core.drift import DRIFT_PAGE
from rotator.core.errors import Exit, NoJournal
from rotator.core.history.events import NoticeFailed
from rotator.core.history.proven import Audited, AuditOutcome, Proof
from rotator.core.times import when

if TYPE_CHECKING:
    from rotator.config.model import Configuration

HEADERS = ("USER", "KEY", "AGE", "DUE", "LAST USED", "CONSUMERS", "STATE")
DAY_S = 24 * 3600
NOTHING_BY_HAND = "nothing to do by hand, the open run goes on by its timer (rotator schedule cron)"


@command
def status(
    options: Options,
    user: AnyUser = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 1: a key overdue, a run stuck, a place behind.")] = False,
) -> int:
    """Keys, ages, due dates, consumers and the open rotation; changes nothing."""
    standings = _standings(options, options.configuration(), user)
    options.screen.table(HEADERS, [row for one in standings for row in rows(one)])
    for one in standings:
        _show_proofs(options, one)
        _show_run(options, one)
        if one.unreachable is not None:
            options.screen.say(f"{one.user}: the journal's part only; {one.unreachable}", "warning", always=True)
        for drift in one.drifted:
            options.screen.say(f"{one.user}: {drift.sentence} ({DRIFT_PAGE})", "warning", always=True)
        for failed in one.silent:
            options.screen.say(f"{one.user}: {_silence(failed)}", "warning", always=True)
    late = [one for one in standings if one.overdue or one.stuck or one.drifted]
    if all(one.unproven is None for one in standings):
        _last_line(options, standings, late)
    code = max(_code(standings, late) if check else 0, _show_unproven(options, standings))
    fields = {"ok": not late and not any(one.unreachable or one.unproven for one in standings)}
    options.screen.document("rotator/status/1", fields | {"users": [_user(one) for one in standings]})
    return code


def _standings(options: Options, configuration: Configuration, user: str | None) -> list[Standing]:
    """How every wanted user stands.  Raises NoJournal if none of them was adopted, and what else `stand` raises."""
    wanted = configuration.chosen(user)
    found, missing = [], None
    for one in wanted:
        try:
            found.append(stand(configuration, one.name))
        except NoJournal as error:
            missing = error
            found.append(Standing.not_adopted(one.name, one.region))
    if missing is not None and all(one.facts is None for one in found):
        raise missing
    return found


def rows(one: Standing) -> Iterator[tuple[str, ...]]:
    """One row a key; the consumers stand beside the key they hold."""
    if one.facts is None:
        yield one.user, "", "", "", "", "", f"not adopted: rotator adopt --user {one.user}"
        return
    current = one.facts.current
    keys = sorted(one.keys, key=lambda key: (key.id != current, key.created))
    if not keys:
        yield one.user, mask(current) or "none", "?", "?", "?", ", ".join(one.consumer_names), one.state_without_keys
    for index, key in enumerate(keys):
        yield (
            one.user if index == 0 else "",
            mask(key.id),
            span(one.now - key.created),
            _due(one, key),
            _last_used(one, key),
            one.at(key),
            one.state_of(key),
        )


def _due(one: Standing, key: AccessKey) -> str:
    due = one.due_at(key)
    if due is None:
        return "inactive" if not key.active else ""
    return ago(due, one.now)


def _last_used(one: Standing, key: AccessKey) -> str:
    if key.id not in one.last_use:
        return "unknown"
    use = one.last_use[key.id]
    return "unknown" if use is None else "never" if use.at is None else ago(use.at, one.now)


def _show_proofs(options: Options, one: Standing) -> None:
    """When each place was last proven; an audit that went wrong since stands beside it."""
    if one.facts is None or not (one.proofs or one.audits):
        return
    options.screen.out(f"Last proven: {', '.join(_proven(one, name) for name in one.consumer_names)}")


def _proven(one: Standing, name: str) -> str:
    proof, audit = one.proofs.get(name), one.audits.get(name)
    said = "never" if proof is None else f"{ago(proof.at, one.now)} ({proof.how})"
    if audit is None or audit.outcome == AuditOutcome.ARRIVED or not _counts(one, audit, proof):
        return f"{name} {said}"
    return f"{name} {said}, audit {audit.outcome.upper()} {ago(audit.at, one.now)}"


def _counts(one: Standing, audit: Audited, proof: Proof | None) -> bool:
    """Whether an audit says something of today: nothing proved the place since, and it was sent with a key in force."""
    facts = one.facts
    if facts is None or (proof is not None and proof.at >= audit.at):
        return False
    force = {facts.current, facts.run.new if facts.run else ""}
    return not audit.key or (audit.key in force and not facts.key(audit.key).compromised)


def _show_run(options: Options, one: Standing) -> None:
    if one.facts is None or one.facts.run is None:
        return
    run = one.facts.run
    since = (
        f"{one.mode}, opened {when(run.opened)}, {mask(run.old) or 'no old key'} → {mask(run.new) or 'no new key yet'}"
    )
    options.screen.out(f"\nOpen run {run.id} of {one.user}: {since}")
    for consumer in one.consumers:
        options.screen.out(f"  {consumer.name:<20} {consumer.push:<22} {consumer.rung}")
    if one.comes:
        options.screen.out(f"  now: {mask_ids(one.comes)}")
    for warning in one.warnings:
        options.screen.say(mask_ids(warning), "warning", always=True)
    if one.revoke_first:
        options.screen.say(f"End it now: {one.revoke_first}", always=True)


def _show_unproven(options: Options, standings: list[Standing]) -> int:
    """Without its seal key the journal proves nothing, and nothing else works: said last, as the failure that it is."""
    missing = next((one.unproven for one in standings if one.unproven is not None), None)
    if missing is None:
        return 0
    options.screen.say("What the journal says is shown as it stands there, unproven; passwords need the seal key.",
                       "warning", always=True)  # fmt: skip
    show(options.screen, Failure.of(missing))
    return int(missing.exit_code)


def _silence(failed: NoticeFailed) -> str:
    said = f"notices by {failed.channel} fail since {when(failed.at)}: {failed.detail}"
    return f"{said} (the next run tries again; docs/notices.md)"


def _last_line(options: Options, standings: list[Standing], late: list[Standing]) -> None:
    if late:
        overdue = sum(one.overdue for one in late)
        stuck = sum(one.stuck and not one.untold and not one.incident for one in late)
        behind = sum(len(one.drifted) for one in late)
        counts = ((overdue, "overdue"), (stuck, "stuck"), (behind, "behind"))
        said = ", ".join([*(f"{n} {what}" for n, what in counts if n), *_incidents(late), *_untold(late)])
        first = _first_command(late)
        options.screen.out(f"{said}.  Next: {first}" if first else f"{said}; {_by_time(late)}")
        return
    adopt = next((f"rotator adopt --user {one.user}" for one in standings if one.facts is None), "")
    command_now = _first_command(standings) or adopt
    if command_now:
        options.screen.out(f"Next: {command_now}")


def _incidents(late: list[Standing]) -> Iterator[str]:
    """`1 incident, not through before 27 Nov 2026 03:14 UTC`: the time of the next step of the last of them."""
    found = [one for one in late if one.incident and not one.untold]
    if found:
        until = max((one.until for one in found if one.until), default=None)
        yield counted(len(found), "incident") + (f", not through before {when(until)}" if until else "")


def _untold(late: list[Standing]) -> Iterator[str]:
    """`1 refused: store`; the reasons stand above."""
    found = [place for one in late for place in one.untold]
    for how in dict.fromkeys(place.how for place in found):
        names = [place.name for place in found if place.how == how]
        yield f"{len(names)} {how}: {' and '.join(names) if len(names) < 3 else ', '.join(names)}"


def _by_time(late: list[Standing]) -> str:
    """Nothing is to be done by hand, and yet it is late: what that means, and until when."""
    still = next((one.still for one in late if one.still), "")
    return f"{NOTHING_BY_HAND}; --check is 1 meanwhile: {mask_ids(still)}" if still else NOTHING_BY_HAND


def _first_command(standings: list[Standing]) -> str:
    return next((one.next for one in standings if one.next), "")


def _code(standings: list[Standing], late: list[Standing]) -> int:
    if late:
        return int(Exit.FAILED)
    return max((int(one.unreachable.exit_code) for one in standings if one.unreachable is not None), default=0)


def _user(one: Standing) -> dict[str, Any]:
    """One entry of `users` in rotator/status/1."""
    facts = one.facts
    run = facts.run if facts else None
    return {
        "user": one.user,
        "region": one.region,
        "adopted": facts is not None,
        "overdue": one.overdue,
        "stuck": one.stuck,
        "unreachable": None if one.unreachable is None else str(one.unreachable),
        "unproven": None if one.unproven is None else str(one.unproven),
        "keys": [_key(one, key) for key in one.keys],
        "consumers": _consumers(one),
        "proven": [_proof(one, name) for name in one.consumer_names],
        "behind": [
            {"consumer": drift.consumer, "holds_masked": mask(drift.holds), "told_masked": mask(drift.owed),
             "mail_refused": drift.gone}
            for drift in one.drifted
        ],
        "notices_failing": [
            {"channel": failed.channel, "since": iso(failed.at), "notice": failed.id, "detail": failed.detail}
            for failed in one.silent
        ],
        "open_run": None
        if run is None
        else {"run": run.id, "mode": one.mode, "opened": iso(run.opened), "step": one.step, "due": iso(one.until),
              "comes": mask_ids(one.comes), "warnings": [mask_ids(text) for text in one.warnings]},
    }  # fmt: skip


def _consumers(one: Standing) -> list[dict[str, Any]]:
    """Where each place stands; `why` is what one answered that could not be told."""
    why = {place.name: mask_ids(place.why) for place in one.untold}
    found = [{"name": row.name, "push": row.push, "rung": row.rung, "why": why.get(row.name)} for row in one.consumers]
    return found or [{"name": name, "push": None, "rung": None, "why": None} for name in one.consumer_names]


def _proof(one: Standing, name: str) -> dict[str, Any]:
    proof, audit = one.proofs.get(name), one.audits.get(name)
    return {
        "consumer": name,
        "last_proven": iso(proof.at) if proof else None,
        "by": proof.how if proof else None,
        "last_audit": None if audit is None else {"at": iso(audit.at), "outcome": audit.outcome},
    }


def _key(one: Standing, key: AccessKey) -> dict[str, Any]:
    due, use = one.due_at(key), one.last_use.get(key.id)
    return {
        "id_masked": mask(key.id),
        "status": key.status.value,
        "state": one.state_of(key),
        "age_days": (one.now - key.created) // DAY_S,
        "due_in_days": None if due is None else int((due - one.now) / DAY_S),
        "last_used": iso(use.at) if use else None,
        "last_used_service": use.service if use else None,
    }
