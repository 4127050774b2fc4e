"""The fold: every event is known, records come back whole, and the past never grows."""

from __future__ import annotations

import json
from dataclasses import MISSING, astuple, fields, is_dataclass
from typing import Any

import pytest

from rotator.core.facts import DELETED_KEPT, INTENTS_KEPT, Facts
from rotator.core.history import events as ev
from rotator.core.history.fold import apply, fold
from rotator.core.history.noted import TOLD_ONLY
from rotator.core.history.records import from_record, to_record
from rotator.core.policy import DAY_S, Mode
from tests.core.telling import (
    HOUR,
    NEW,
    OLD,
    OTHER,
    T,
    adopted,
    created,
    deactivated,
    intended,
    mail,
    opened,
    pushed,
    run,
    switched,
    told,
    unclear,
    verified,
)

SAMPLES: dict[str, Any] = {"int": 1_800_000_000, "str": "AKIA-X", "bool": True, "tuple[str, ...]": ("a", "b")}


def sample(kind: type[ev.Event]) -> ev.Event:
    """An event of a kind with every field filled."""
    values = {one.name: SAMPLES[str(one.type)] for one in fields(kind)}
    if "mode" in values:
        values["mode"] = int(Mode.EMERGENCY)
    return kind(**values)


@pytest.mark.parametrize("name", [name for name, kind in ev.KINDS.items() if kind not in TOLD_ONLY])
def test_every_event_has_a_fold(name: str) -> None:
    """An event nobody taught the fold would be a bug, so each kind has a function of its own."""
    assert apply.dispatch(ev.KINDS[name]) is not apply.dispatch(object)


@pytest.mark.parametrize("kind", TOLD_ONLY)
def test_what_was_only_told_is_skipped(kind: type[ev.Event]) -> None:
    """No decision looks at it: it has no fold, and the facts are as before."""
    facts = fold(run(*told("gmail")))
    assert apply.dispatch(kind) is apply.dispatch(object)
    assert fold([sample(kind)], facts) == facts


def test_an_unknown_event_is_never_ignored() -> None:
    """Folding something unknown fails: what it meant would be lost silently."""
    with pytest.raises(TypeError, match="no fold"):
        fold([ev.Event(T)])


@pytest.mark.parametrize("name", ev.KINDS)
def test_an_event_survives_its_record(name: str) -> None:
    """Written as JSON and read again, every event is the same, tuples included."""
    event = sample(ev.KINDS[name])
    kind, data = to_record(event)
    back = from_record(kind, json.loads(json.dumps(data)))
    assert back == event
    assert hash(back) == hash(event)


@pytest.mark.parametrize("name", ev.KINDS)
def test_older_records_lack_only_what_has_a_default(name: str) -> None:
    """A record without the fields that have defaults is still read, as journals of older versions need."""
    kind = ev.KINDS[name]
    _, data = to_record(sample(kind))
    optional = {one.name for one in fields(kind) if one.default is not MISSING}
    short = {key: value for key, value in data.items() if key not in optional}
    assert {one.name: getattr(from_record(name, short), one.name) for one in fields(kind) if one.name in optional} == {
        one.name: one.default for one in fields(kind) if one.name in optional
    }


def test_what_a_newer_version_wrote_is_refused() -> None:
    """Unknown kinds and unknown fields are errors: guessing at a newer journal could cost a key."""
    with pytest.raises(KeyError):
        from_record("Teleported", {"at": T})
    with pytest.raises(TypeError):
        from_record("AbortAsked", {"at": T, "reason": "", "colour": "red"})


def rotation(number: int) -> list[ev.Event]:
    """One whole rotation with a lost create, an unclear push and a deletion, a year after the one before."""
    old, new, at = f"AKIA-{number}", f"AKIA-{number + 1}", T + number * 365 * DAY_S
    return [
        opened(old, at=at),
        *unclear(old, at=at),
        *created(at + 60, new, old),
        *verified(at + 61, new),
        *pushed("gmail", ev.Outcome.UNKNOWN, at + 62, new),
        *pushed("gmail", at=at + 90, key=new),
        *mail("gmail", at=at + 120),
        *deactivated(at + 5 * DAY_S, old),
        ev.OldRefused(at + 5 * DAY_S, old, seen=True),
        *mail("gmail", at=at + 6 * DAY_S),
        *switched(ev.Effect.DELETE, old, at + 13 * DAY_S),
        ev.RunFinished(at + 13 * DAY_S, "run", "rotated"),
    ]


def size(value: object) -> int:
    """How many single values a folded value is made of."""
    if is_dataclass(value) and not isinstance(value, type):
        return sum(size(one) for one in astuple(value))
    return sum(size(one) for one in value) if isinstance(value, tuple | list) else 1


def test_facts_do_not_grow() -> None:
    """After fifty rotations the facts are as big as after ten: there is no history in them."""
    sizes, facts = [], fold([adopted("AKIA-0")])
    for number in range(50):
        facts = fold(rotation(number), facts)
        sizes.append(size(facts))
    assert sizes[9:] == [sizes[9]] * 41
    assert len(facts.keys) == 1
    assert len(facts.deleted) <= DELETED_KEPT
    assert len(facts.intents) <= INTENTS_KEPT


def test_folding_in_parts_is_folding_at_once() -> None:
    """The loop folds only what is new onto what it knew: the result is that of the whole journal."""
    whole = [adopted("AKIA-0"), *rotation(0), *rotation(1)]
    for cut in range(len(whole)):
        assert fold(whole[cut:], fold(whole[:cut])) == fold(whole)


def test_facts_can_be_told_apart_and_looked_up() -> None:
    """Facts are frozen and hashable, so that a search can know them again."""
    facts = fold(run(*told("gmail")))
    assert hash(facts) == hash(fold(run(*told("gmail"))))
    assert facts != fold(run(*told("gmail"), *mail("gmail")))


def test_a_push_intent_makes_a_key_sacred() -> None:
    """From the intent on, before any answer, the key counts as given and the consumer as holding it."""
    facts = fold(run(*created(), *verified(), ev.PushIntended(T, "gmail", NEW, T + 21)))
    assert facts.pushed_new
    assert facts.consumer("gmail").may_hold == (OLD, NEW)


def test_a_push_loses_all_evidence() -> None:
    """A consumer that is told again has proven nothing yet."""
    facts = fold(run(*told("gmail"), *mail("gmail"), ev.ReadBack(T, "gmail", NEW), *pushed("gmail", at=T + 5)))
    known = facts.consumer("gmail")
    assert (known.canary_at, known.canary_first_at, known.read_back, known.attested_at) == (0, 0, "", 0)


def test_a_clear_answer_does_not_end_the_drain_of_an_unclear_one() -> None:
    """A push without an answer may land until its deadline, whatever is pushed and acknowledged after it."""
    facts = fold(run(*told("gmail"), *pushed("gmail", ev.Outcome.UNKNOWN, T + 5), *pushed("gmail", at=T + 6)))
    assert facts.consumer("gmail").drain_until == T + 26


def test_a_push_that_was_killed_is_drained_like_an_unclear_one() -> None:
    """An intent without settlement may land as well."""
    facts = fold(run(*told("gmail"), ev.PushIntended(T + 5, "gmail", NEW, T + 26), *pushed("gmail", at=T + 6)))
    assert facts.consumer("gmail").drain_until == T + 26


def test_only_the_fruit_of_a_create_ends_its_intent() -> None:
    """A discarded orphan ends the intent it was born of; every other intent may still bear a key."""
    past = run(*unclear(OLD), *unclear(OLD, at=T + 600))
    gone = [*switched(ev.Effect.DEACTIVATE, OTHER, T + 700, born=T + 605), *switched(ev.Effect.DELETE, OTHER, T + 701)]
    assert [one.at for one in fold([*past, *gone]).intents] == [T]
    stranger = [
        *switched(ev.Effect.DEACTIVATE, OTHER, T + 700, born=T + 300),
        *switched(ev.Effect.DELETE, OTHER, T + 701),
    ]
    assert len(fold([*past, *stranger]).intents) == 2


def test_a_refused_create_bears_nothing() -> None:
    """IAM's no in words ends the intent."""
    assert fold(run(intended(OLD), ev.CreateSettled(T, ev.Outcome.REFUSED))).intents == ()


def test_intents_outlive_an_abort() -> None:
    """A create that may still land is remembered after its run is over."""
    facts = fold(run(*unclear(OLD), ev.AbortAsked(T, ""), ev.RunFinished(T, "run", "aborted")))
    assert facts.run is None
    assert len(facts.intents) == 1


def test_a_switch_that_was_undone_is_no_deactivation() -> None:
    """Switched on again, the key counts as Active and held, and what SES said of it as forgotten."""
    past = [*deactivated(T), ev.OldRefused(T, OLD, seen=True), *switched(ev.Effect.REACTIVATE, OLD, T + 60)]
    key = fold(run(*told("gmail"), *past)).key(OLD)
    assert (key.deactivated_at, key.refused_at, key.held) == (0, 0, True)


def test_our_own_retirement_lifts_the_hold() -> None:
    """A key that was needed once can still be retired later, by our own deactivation only."""
    past = [*deactivated(T), *switched(ev.Effect.REACTIVATE, OLD, T + 60), *deactivated(T + DAY_S)]
    key = fold(run(*told("gmail"), *past)).key(OLD)
    assert (key.deactivated_at, key.held) == (T + DAY_S, False)


def test_an_unclear_deactivation_is_remembered_until_something_later_is_sure() -> None:
    """A deactivation without a reply may have landed unseen, until a later switch-on after its deadline succeeded."""
    past = [*deactivated(T, outcome=ev.Outcome.UNKNOWN), *switched(ev.Effect.REACTIVATE, OLD, T + 10)]
    assert fold(run(*told("gmail"), *past)).key(OLD).unclear_until == T + 21
    later = switched(ev.Effect.REACTIVATE, OLD, T + HOUR)
    assert fold(run(*told("gmail"), *past, *later)).key(OLD).unclear_until == 0


def test_a_finished_rotation_leaves_one_key_that_everybody_holds() -> None:
    """Afterwards the new key is current, and the consumers hold it and nothing else."""
    facts = fold([adopted("AKIA-0"), *rotation(0)])
    assert facts.current == "AKIA-1"
    assert facts.consumer("gmail").may_hold == ("AKIA-1",)
    assert facts.deleted == ("AKIA-0",)


def test_an_aborted_run_leaves_the_old_key_current() -> None:
    """Nothing was handed out, so everything is as before."""
    facts = fold(run(*created(), *switched(ev.Effect.DELETE, NEW, T), ev.RunFinished(T, "run", "aborted")))
    assert facts.current == OLD
    assert facts.consumer("gmail").may_hold == (OLD,)


def test_a_mode_is_only_raised() -> None:
    """An open run becomes more urgent and never less."""
    facts = fold(run(ev.ModeRaised(T, int(Mode.REVOKE_FIRST), "leak"), ev.ModeRaised(T, int(Mode.EMERGENCY), "leak")))
    assert facts.run is not None
    assert facts.run.mode is Mode.REVOKE_FIRST


def test_the_newest_time_is_kept_whatever_the_order() -> None:
    """The journal's newest time never moves back, so a clock behind it is noticed."""
    assert fold([ev.AbortAsked(T + 9, ""), ev.AbortAsked(T, "")], fold(run())).latest == T + 9


def test_a_person_who_confirms_starts_the_evidence_anew() -> None:
    """Evidence from before a paste says nothing about what was pasted."""
    past = [*told("gmail"), *mail("gmail"), ev.Attested(T + 60, "gmail", NEW, "jada")]
    known = fold(run(*past)).consumer("gmail")
    assert (known.canary_at, known.attested_at) == (0, T + 60)


def test_a_forgotten_consumer_is_gone() -> None:
    """A person's word that it holds nothing removes it."""
    assert fold(run(ev.Forgotten(T, "gmail", "gone"))).consumers == ()


def test_a_login_with_a_key_that_is_not_ours_teaches_nothing() -> None:
    """Neither a stranger's nor one that is deleted gets a row: the journal knows of them what it knew."""
    past = [adopted("AKIA-0"), *rotation(0)]
    for key in ("AKIA-0", "AKIA-STRANGER"):
        assert fold([*past, ev.LoggedIn(T + 900 * DAY_S, key, "here")]) == fold(past)


def test_nothing_is_known_at_first() -> None:
    """No events, no facts."""
    assert fold([]) == Facts()


def test_what_was_said_changes_nothing_that_is_known() -> None:
    """A notice must not make a restored journal look newer than the key it lacks."""
    before = fold(rotation(0))
    later = before.latest + 30 * DAY_S
    said = [ev.NoticeSent(later, "done/r", "done", "mail"), ev.NoticeFailed(later, "done/r", "done", "sns", "no")]
    assert fold(said, before) == before
