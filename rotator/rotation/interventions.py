"""What a person says, recorded: confirm, hand over, abort, discard, reactivate, forget.

Each function checks that the word fits the state, records it, and leaves the rest to the loop.
All raise StopError or ConfigurationError if it does not fit; nothing is recorded then.
"""

from __future__ import annotations

from dataclasses import dataclass

from rotator.core import steps
from rotator.core.access_keys import KeyId, mask
from rotator.core.errors import AccessError, ConfigurationError, HelpNeeded, RemoteFault, RotatorError, StopError
from rotator.core.facts import ConsumerFacts, Facts, Run
from rotator.core.history import events as ev
from rotator.core.policy import Policy, Traits
from rotator.core.smtp_credential import SmtpCredential
from rotator.core.steps import Look
from rotator.rotation.loop import Rotation


@dataclass(frozen=True, slots=True)
class HandOver:
    """What a person gets: the credential, where it goes, and the steps to follow.

    `untimed`: why AWS could not say what time it is; the reveal then has the time of the journal's newest entry.
    """

    consumer: str
    endpoint: str
    credential: SmtpCredential
    instructions: tuple[str, ...]
    untimed: RotatorError | None = None


def named_consumer(policy: Policy, name: str) -> Traits:
    """The consumer of that name.  Raises ConfigurationError naming those there are."""
    traits = policy.consumer(name)
    if traits is None:
        known = ", ".join(one.name for one in policy.consumers)
        raise ConfigurationError(
            f"no consumer {name!r}; {policy.user} has: {known}", fix="name one of these", id="unknown-consumer"
        )
    return traits


def hand_over(rotation: Rotation, name: str, who: str) -> HandOver:
    """Journal the reveal, then give out the credential of the open run (or of the current key)."""
    traits = named_consumer(rotation.parts.policy, name)
    key = _key_to_hand_over(rotation, traits, rotation.facts.consumer(name))
    region = rotation.parts.endpoints[traits.endpoint].region
    credential = rotation.parts.journal.vault.open(KeyId(key), region)
    if credential is None:
        raise StopError(
            f"the password of {mask(key)} for {region} is not sealed here",
            why="only passwords that rotator made, or that were given to `adopt`, can be handed over",
            fix=f"have its secret or password?  rotator adopt --user {rotation.facts.user}; else rotator rotate --user "
            f"{rotation.facts.user} makes a new key, whose password can be handed over",
            id="not-sealed",
        )
    untimed = _ask_the_time(rotation)
    at = rotation.facts.latest if untimed else rotation.time.now()  # of two replies that differ neither is believed
    rotation.record(ev.Revealed(at, name, key, who))
    instructions = tuple(rotation.parts.consumers[name].instructions())
    return HandOver(name, traits.endpoint, credential, instructions, untimed)


def _ask_the_time(rotation: Rotation) -> RotatorError | None:
    """Why two replies of AWS do not say what time it is: mail must not wait for IAM, so that is no reason to refuse."""
    try:
        rotation.survey()
    except (AccessError, RemoteFault) as error:
        return error
    return None


def _by_hand(policy: Policy) -> str:
    return ", ".join(one.name for one in policy.consumers if one.by_hand) or "none"


def _key_to_hand_over(rotation: Rotation, traits: Traits, known: ConsumerFacts) -> str:
    if not traits.by_hand:
        raise ConfigurationError(
            f"{traits.name} is told by rotator itself; there is nothing to hand over",
            fix=f"fed by hand: {_by_hand(rotation.parts.policy)}",
            id="not-by-hand",
        )
    run = rotation.facts.run
    if run is None:
        return rotation.facts.current
    if run.new and known.pushed == run.new and not rotation.facts.key(run.new).compromised:
        return run.new
    raise StopError(
        f"the new credential is not ready for {traits.name}",
        why="it is handed over only after it was created and proven by a login",
        fix=f"rotator rotate --user {rotation.facts.user}",
        id="not-ready",
    )


def confirm(rotation: Rotation, name: str, who: str) -> None:
    """Record a person's word that the consumer has the new credential, which must have been handed out before."""
    traits = named_consumer(rotation.parts.policy, name)
    key, user = _key_to_hand_over(rotation, traits, rotation.facts.consumer(name)), rotation.facts.user
    if rotation.facts.run is None:
        raise StopError(
            f"no run is open: there is nothing to confirm for {name}",
            why="a person's word counts for the new key of an open rotation; the key in force has been confirmed",
            fix=f"pasted it again?  Send a mail through {name} and look whether it bounces",
            id="nothing-open",
        )
    if not rotation.facts.consumer(name).revealed_at:
        raise StopError(
            f"nobody was handed the new credential of {name} yet",
            why="only rotator knows it, so it cannot have been put there: what stands there now is an older one",
            fix=f"rotator handover {user} {name} --reveal, paste, then: rotator confirm {user} {name}",
            id="not-handed-over",
            runbook="runbooks/consumer-push.md",
        )
    rotation.survey()
    rotation.record(ev.Attested(rotation.time.now(), name, key, who))


def _open_run(rotation: Rotation) -> Run:
    if rotation.facts.run is None:
        raise StopError("no run is open", why="there is nothing to abort", fix="rotator status", id="nothing-open")
    return rotation.facts.run


def _handed_out(facts: Facts, run: Run) -> bool:
    """Whether anybody may hold a new key of the run, also one that is gone by now, or the old key is off."""
    held = {key for one in facts.consumers for key in one.may_hold}
    return facts.pushed_new or bool(held - {run.old}) or facts.key(run.old).deactivated_at > 0


def abort(rotation: Rotation, reason: str) -> None:
    """Drop the open run; refused from the first push intent on."""
    run = _open_run(rotation)
    if _handed_out(rotation.facts, run):
        raise StopError(
            f"run {run.id} can no longer be aborted: a new key of it was handed to a consumer, or the old one is off",
            why="from the first push on a run only goes forward; a roll-back repairs nothing that pushing does not",
            fix=f"rotator rotate --user {rotation.facts.user} continues it; both keys stay Active meanwhile",
            id="abort-too-late",
        )
    if run.old and rotation.facts.key(run.old).compromised:
        raise StopError(
            f"run {run.id} replaces a leaked key and cannot be aborted",
            why="the leaked key would stay in use",
            fix=f"rotator rotate --user {rotation.facts.user} continues it",
            id="abort-too-late",
            runbook="runbooks/compromised-key.md",
        )
    rotation.record(ev.AbortAsked(rotation.time.now(), reason))


def discard(rotation: Rotation, key: str, reason: str) -> None:
    """A person's answer to "whose key is this?": nobody's.  Only for a key that an unclear create may have made."""
    rotation.survey()
    listed = rotation.situation.listed.get(key)
    ours = rotation.facts.key(key).ours or key in rotation.facts.lost
    if listed is None or ours or not any(one.may_bear(key, listed.created) for one in rotation.facts.intents):
        raise StopError(
            f"{mask(key)} is not the fruit of an unclear create",
            why="only such a key, never used and never pushed, can be discarded",
            fix="`rotator status` shows the keys; a stranger's key: runbooks/two-keys.md#a-strangers-key",
            id="not-a-candidate",
            runbook="runbooks/two-keys.md",
        )
    rotation.look(Look.LAST_USE, key)
    use = rotation.situation.last_use(key)
    if use is None or use.at is not None:
        seen = "is unknown" if use is None else "is known: somebody has its secret"
        raise StopError(
            f"whether {mask(key)} was ever used {seen}",
            why="unknown is not unused",
            fix="a stranger's key: runbooks/two-keys.md#a-strangers-key",
            id="not-a-candidate",
            runbook="runbooks/two-keys.md",
        )
    rotation.record(ev.Disowned(rotation.time.now(), key, reason))


def reactivate(rotation: Rotation, key: str, reason: str, *, at_terminal: bool) -> None:
    """Switch the Inactive old key on again and leave the run open at push.  A compromised one: at a terminal only."""
    run = rotation.facts.run
    known = rotation.facts.key(key)
    if run is None or key not in (run.old, run.new):
        raise StopError(
            f"{mask(key)} is not a key of the open run",
            why="only the old or new key of an open run can be switched on again",
            fix="rotator status",
            id="not-in-play",
        )
    if known.compromised and not at_terminal:
        raise StopError(
            f"{mask(key)} leaked: it is switched on only by a person who types the command at a terminal",
            why="a script must not bring a leaked key back",
            fix="run the same command at a terminal, without --yes and without a pipe",
            id="compromised",
            runbook="runbooks/compromised-key.md",
        )
    rotation.survey()
    done = rotation.perform(steps.Reactivate(key, reason))
    if done.status != "ok":
        raise HelpNeeded(
            f"{mask(key)} could not be switched on: {done.detail}",
            why="IAM did not confirm it",
            fix=f"again, or by hand: aws iam update-access-key --user-name {rotation.facts.user} "
            f"--access-key-id {key} --status Active",
            id="reactivate-failed",
        )


def forget(rotation: Rotation, name: str, reason: str) -> None:
    """A person's word that a consumer which is no longer in the file holds nothing any more."""
    if rotation.parts.policy.consumer(name) is not None:
        raise ConfigurationError(
            f"{name} is still in the file, so it would be told again",
            fix=f"take it out of the file, then: rotator forget {rotation.facts.user} {name} --reason …",
            id="still-in-file",
        )
    known = [one.name for one in rotation.facts.consumers]
    if name not in known:
        seen = f"the journal knows no consumer {name!r}; it knows: {', '.join(known) or 'none'}"
        raise ConfigurationError(seen, fix="name one of these", id="unknown-consumer")
    rotation.record(ev.Forgotten(rotation.time.now(), name, reason))
