"""What a refusal or a question of the decision means to a person: text, why, fix and runbook, by its id."""

from __future__ import annotations

from dataclasses import dataclass

from rotator.core.access_keys import mask
from rotator.core.errors import Exit
from rotator.core.facts import LEFT
from rotator.core.steps import Ask, Refuse
from rotator.core.times import when

KEYS_PAGE = "runbooks/two-keys.md"
CLOCK = "clock-behind-journal"


@dataclass(frozen=True, slots=True)
class Told:
    """One entry: `text` and `fix` may use `{0}`, `{1}` … for what was seen, `fix` also `{user}`.

    Every command in `fix` names the user, so that it can be pasted whichever users the file has.
    """

    text: str
    why: str
    fix: str
    runbook: str
    exit_code: Exit = Exit.FAILED
    next: str = ""  # the command to type now, where it is not `rotator rotate`


TOLD: dict[str, Told] = {
    "wrong-user": Told(
        "adopted was {0}, but AWS shows {1}",
        "the credentials belong to another account, or the user was deleted and made anew",
        "use credentials of the adopted account; for a user made anew: runbooks/restore.md#start-over",
        "runbooks/access.md#the-wrong-account-or-user",
        Exit.ACCESS,
    ),
    CLOCK: Told(
        "AWS says {1}, the journal's newest entry {0}",
        "waiting times would be wrong; the journal is of another world, or a Date in it was wrong",
        "another account's or a sandbox's journal: name the right file.   A reply once had a wrong Date: "
        "rotator correct-clock --user {user}",
        "runbooks/restore.md#the-journal-is-ahead-of-the-clock",
        Exit.HELP_NEEDED,
        "rotator correct-clock --user {user}     (at a terminal)",
    ),
    "strangers-key": Told(
        "{0} was neither adopted nor made here, and it takes one of the user's two key slots",
        "strangers' keys are never touched, in any mode",
        "journal restored from a backup? runbooks/restore.md#a-restored-backup   else find its owner; nobody needs it: "
        "aws iam update-access-key --user-name {user} --access-key-id {0} --status Inactive   "
        "then wait days before you delete it",
        f"{KEYS_PAGE}#a-strangers-key",
    ),
    "key-came-back": Told(
        "{0} was a key of rotator's, was gone from IAM, and is there again",
        "it had been given up, so it is handed to nobody and not deleted; a place that was given it may use it",
        "find out whether a place holds it: rotator history --user {user}   nobody does: "
        "aws iam update-access-key --user-name {user} --access-key-id {0} --status Inactive   "
        "then wait days before you delete it",
        f"{KEYS_PAGE}#a-key-that-came-back",
    ),
    "journal-behind": Told(
        "{0} is newer than the journal, and no key that the journal knows is there any more",
        "the journal was restored from a backup; acting on it could delete a key in use",
        "nothing was touched; follow the page before you run rotator again",
        "runbooks/restore.md#a-restored-backup",
    ),
    "consumer-not-in-file": Told(
        "{0} may hold the credential, but the configuration file no longer names it",
        "its mail would stop when the old key goes",
        "mistyped its name, path or alias?  Correct that in the file, then: rotator rotate --user {user}   it still "
        "sends: put it back; it holds nothing any more: rotator forget {user} {0} --reason …",
        "runbooks/configuration.md#a-consumer-is-not-in-the-file-any-more",
    ),
    "region-without-password": Told(
        "{0} is in a region for which the new key has no password; it is the endpoint of {1}",
        "a key's passwords are made when it is created, for the regions in the file then; its secret is not kept",
        "until this run is over put the former endpoint back, or take a place out that is new; then: rotator rotate "
        "--user {user}   (the next key has that password too)",
        "runbooks/configuration.md#a-region-was-added-during-a-run",
        Exit.HELP_NEEDED,
    ),
    "key-switched-off": Told(
        "{0} was switched off, and not by rotator",
        "a person, or AWS after a leak, had a hand in it; nothing more is pushed until that is clear",
        "leaked: rotator rotate --user {user} --revoke-first --key {0} --reason …   "
        "a mistake: rotator reactivate --user {user} --key {0} --reason …",
        f"{KEYS_PAGE}#a-key-was-switched-off-and-not-by-us",
        Exit.HELP_NEEDED,
    ),
    "key-switched-on": Told(
        "{0} was switched on again, and not by rotator",
        "somebody may need it; it is not switched off again until that is clear",
        "needed: rotator reactivate --user {user} --key {0} --reason …   a mistake: set it Inactive in the IAM console",
        f"{KEYS_PAGE}#a-key-was-switched-on-and-not-by-us",
        Exit.HELP_NEEDED,
    ),
    "key-quota-full": Told(
        "the user already has two keys: {0}, {1}",
        "IAM allows two keys per user, Inactive ones count",
        "find out which one nobody uses (`rotator status` shows both), switch it off, wait days, then delete it",
        f"{KEYS_PAGE}#a-strangers-key",
    ),
    "whose-key": Told(
        "{0} appeared while a create of ours ended unclear; it was never used",
        "it is probably ours and nobody has its secret, but other people may create keys for this user",
        "nobody's: rotator discard --user {user} --key {0} --reason …   somebody's: let them use another user, "
        f"then {KEYS_PAGE}#a-strangers-key",
        f"{KEYS_PAGE}#whose-key-is-this",
        Exit.HELP_NEEDED,
    ),
    "hand-over": Told(
        "waiting for a person to paste the new credential: {all}",
        "these places can only be fed by hand; both keys stay Active meanwhile, there is no deadline",
        "rotator handover {user} {0} --reveal, paste, then: rotator confirm {user} {0}",
        "runbooks/consumer-push.md#waiting-for-a-person",
        Exit.OK,
    ),
    "revoke-first": Told(
        "{0} leaked before every consumer had it",
        "giving a leaked key to more people does not help, and both key slots are in use",
        "rotator rotate --user {user} --revoke-first --key {0} --reason …   "
        "(mail of those who have it is deferred meanwhile)",
        "runbooks/compromised-key.md",
        Exit.HELP_NEEDED,
    ),
    "still-on-old-key": Told(
        "{0} seems to send with the old key: two of its canaries moved the old key's last-used",
        "its answer to the push was an acknowledgement, not a proof",
        "look at the place: a second copy, a restored backup, another machine?  Then push again: rotator rotate "
        "--user {user}",
        "runbooks/consumer-push.md#still-on-the-old-key",
        Exit.HELP_NEEDED,
    ),
}


def _shown(one: str) -> str:
    """What was seen, for prose; `relay@a1b2c3` is no name of the file, so it is said what it is."""
    name, at, _ = one.partition(LEFT)
    if at and " " not in one:
        return f"{one} (where {name} pointed before)"
    return mask(one) if one.startswith("AKIA") else one


def told(step: Refuse | Ask, user: str) -> Told:
    """The entry of a refusal or question about this user, filled with what was seen.

    Key ids in prose are masked, in commands not.
    """
    if isinstance(step, Refuse) and step.id == "preflight":
        _, text, fix, runbook, code = step.seen
        return Told(text, "found before anything was changed", fix, runbook, Exit(int(code)))
    seen = step.seen if isinstance(step, Refuse) else step.targets
    what = step.id if isinstance(step, Refuse) else step.what
    entry = TOLD[what]
    times = what == CLOCK  # in UTC epoch seconds
    shown = tuple(when(int(one)) if times and one.isdecimal() else _shown(one) for one in seen)
    return Told(
        entry.text.format(*(*shown, "", ""), all=", ".join(shown)),
        entry.why,
        entry.fix.format(*(*seen, "", ""), user=user),
        entry.runbook,
        entry.exit_code,
        entry.next.format(user=user),
    )
