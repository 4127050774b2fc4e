"""What every command does that goes on with a run: the lock, the steps as they are finished, the end."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rotator.cli import around
from rotator.cli.ending import Steps, document, rule_line, show_report
from rotator.cli.failure import UNTOUCHED, flow_line
from rotator.cli.options import Options
from rotator.cli.signals import Interrupted, signals
from rotator.cli.text import mask_ids
from rotator.core.errors import ConfigurationError, RotatorError
from rotator.core.history import events as ev
from rotator.core.notice import Turn
from rotator.core.parts import Progress

if TYPE_CHECKING:
    from rotator.config.model import Configuration
    from rotator.rotation.loop import Ending, Rotation
    from rotator.rotation.outcome import Report
    from rotator.wiring.rotating import Between

# Every effect has one of these before it.
INTENTS = (ev.CreateIntended, ev.PushIntended, ev.CanaryIntended, ev.EffectIntended)


@dataclass(slots=True)
class Work:
    """One process's turn on one user: the rotation under its lock, and what was shown so far.

    `rotating`: the run itself is at work, so that an error is the run's and not an order that did not fit.
    """

    rotation: Rotation
    steps: Steps
    known: int  # events in the journal when this turn began
    rotating: bool = False
    ended: Report | None = None

    def survey(self) -> None:
        """Show the keys as they were just listed; if they could not be, nothing is known."""
        if self.rotation.observed.keys is None:
            self.steps.show("survey", "the keys could not be listed", "failed")
            return
        keys = self.rotation.situation.listed.values()
        self.steps.show("survey", ", ".join(f"{one.id} {one.status}" for one in keys) or "no keys")

    @property
    def flow(self) -> str:
        """Whether mail still flows, as far as this turn can tell."""
        from rotator.rotation.outcome import cut_off

        new = self.rotation.parts.journal.events()[self.known :]
        touched = any(isinstance(one, INTENTS) for one in new)
        if not self._about_us:  # what another account's list says is about other keys
            return flow_line((), listed=False, touched=touched)
        s, listed = self.rotation.situation, self.rotation.observed.keys is not None
        others = tuple(one.id for one in s.listed.values() if one.active and not s.facts.key(one.id).ours)
        cut = cut_off(s) if listed else ()
        through = tuple(name for name in (one.name for one in s.policy.consumers) if name not in cut)
        return flow_line(s.carrying, others=others, listed=listed, touched=touched, cut_off=cut, through=through)

    @property
    def _about_us(self) -> bool:
        seen = self.rotation.observed.identity
        return seen is None or self.rotation.facts.adopted(seen)


@contextmanager
def at_work(options: Options, user: str | None) -> Iterator[Work]:
    """The user's rotation, locked; a signal ends it after the step in hand.

    Raises RotatorError and Interrupted; the screen then knows on which keys mail flows.
    """
    from rotator.wiring import rotating

    options.screen.flow = UNTOUCHED
    configuration = options.configuration()
    name = configuration.user(user).name
    shown = Steps(options.screen)

    def observer(progress: Progress) -> None:
        shown.observe(progress)
        signals.check()

    with (
        signals.finishing_steps(),
        rotating.rotation(
            configuration, name, observer=observer, sleep=signals.sleep, between=_between(options)
        ) as rotation,
    ):
        shown.show("lock", f"{name}: one run at a time")
        work = Work(rotation, shown, len(rotation.parts.journal.events()))
        try:
            yield work
        except RotatorError as error:
            _tell_flow(options, work)
            _surround(options, configuration, work, _failed(work, error) if work.rotating else None)
            raise
        except Interrupted:
            _tell_flow(options, work)
            raise
        _tell_flow(options, work)  # a signal during the last step is told after this
        _surround(options, configuration, work, _turn(work, work.ended) if work.ended else None)


def _between(options: Options) -> Between:
    from rotator.wiring.rotating import Between

    def say(text: str) -> None:
        options.screen.say(f"  {text}")

    return Between(signals.between_logins, signals.between_looks, say)


def _tell_flow(options: Options, work: Work) -> None:
    options.screen.mail_flows_on, options.screen.flow = work.rotation.situation.carrying, work.flow


def _failed(work: Work, error: RotatorError) -> Turn:
    return Turn(work.flow, error.id, mask_ids(str(error)), mask_ids(error.why), error.fix, error.runbook)


def _turn(work: Work, ended: Report) -> Turn:
    fix = ended.revoke_first or ended.fix
    return Turn(work.flow, ended.cause, mask_ids(ended.summary), mask_ids(ended.why), fix, ended.runbook)


def _surround(options: Options, configuration: Configuration, work: Work, turn: Turn | None) -> None:
    """Figures and notices, also for the alarms, at the end of every turn; nothing of it changes how the turn ended.

    If AWS told two times, there is no figure, and nothing is told because of the time.
    """
    from rotator.wiring.alarms import publish_rotation
    from rotator.wiring.telling import tell

    try:
        warnings = tell(configuration, work.rotation, turn)
    except RotatorError as error:
        warnings = [f"a notice could not be recorded, so it will be sent again: {error}"]
    unpublished = ""
    if not work.rotation.time.contradicted:  # a second Date may have been asked for to tell
        _measure(work)
        unpublished = publish_rotation(configuration, work.rotation.situation)
    for warning in filter(None, (*warnings, unpublished)):
        options.screen.say(mask_ids(warning), "warning", always=True)


def _measure(work: Work) -> None:
    s = work.rotation.situation
    user, run, current = s.facts.user, s.facts.run, s.listed.get(s.facts.current)
    around.figure("rotator_open_rotation_seconds", s.now - run.opened if run else 0, user=user)
    if current is not None:
        around.figure("rotator_key_age_seconds", s.now - current.created, user=user)
    if s.observed.keys is not None:
        around.figure("rotator_active_keys", sum(one.active for one in s.listed.values()), user=user)


def go_on(options: Options, work: Work, *, explain: bool = False) -> tuple[Report, dict[str, Any]]:
    """Go on with the run as far as it goes now, and show where it stopped."""
    from rotator.rotation.outcome import report

    work.rotating = True
    ending = work.rotation.go_on()
    ended = report(ending, work.rotation.facts.user)
    return ended, show_end(options, work, ended, ending, explain=explain)


def show_end(
    options: Options, work: Work, ended: Report, ending: Ending | None, *, explain: bool = False
) -> dict[str, Any]:
    """Show the end of a turn; returns the fields of rotator/rotate/1."""
    options.screen.flow, work.ended = work.flow, ended
    show_report(options.screen, ended, ending, work.steps)
    rule = ending.rule if ending else ""
    if rule and (explain or options.screen.verbose):
        options.screen.say(rule_line(rule))
    return document(ended, work.steps.done, rule)


def who() -> str:
    """The login name of the person at work, for the journal; also the one behind sudo."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's uid has no entry
        name = f"uid {os.getuid()}"
    behind = os.environ.get("SUDO_USER", "")
    return f"{behind} (as {name})" if behind and behind != name else name


def user_and_consumer(names: list[str], user: str | None) -> tuple[str | None, str]:
    """What `[USER] CONSUMER` names.  Raises ConfigurationError for more, or for two users."""
    if len(names) > 2 or (len(names) == 2 and user not in (None, names[0])):
        raise ConfigurationError("one user at most and one consumer are named", fix="[USER] CONSUMER")
    return (names[0] if len(names) > 1 else user), names[-1]


def whose_consumer(options: Options, names: list[str], user: str | None) -> tuple[str | None, str]:
    """The same of a consumer that stands in the file: a name that only one user has says whose it is."""
    owner, consumer = user_and_consumer(names, user)
    return options.configuration().whose(consumer, owner), consumer
