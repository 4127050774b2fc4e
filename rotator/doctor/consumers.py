"""Layer 5: the places that hold the credential.  What can be read is compared; what cannot needs a mail.

A Gmail alias whose password was rotated away looks like any other: without `--send` it is "not known", unless a
genuine bounce in its mailbox says that SES refused it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rotator.core.access_keys import mask
from rotator.core.errors import ConsumerError, Exit, Overtaken
from rotator.core.evidence import asked_again
from rotator.core.looks import HoldsCredential, NothingThere, ReadsBounces
from rotator.core.mixed import Mixed
from rotator.core.parts import CANARY_DEADLINE_S
from rotator.core.policy import REQUEST_DEADLINE_S, ConsumerKind
from rotator.core.ports import Arrived, Canary, Consumer, LoginRefused, NotReadable, Problem, Unknown
from rotator.core.smtp_credential import SmtpCredential
from rotator.doctor.checks import Kind, Subject, Verdict, broken, check, not_known, ok, skipped, warning
from rotator.doctor.ground import Ground, User
from rotator.doctor.smtp import login, note_held_up, stored
from rotator.effect import Login

SENDING = ["iam.permission", "ses.account", "ses.identity", "ses.mail_from", "smtp.auth"]
REFUSED_PAGE = "smtp-535.md#a-mail-through-a-place-came-back-with-535"
ADD_SEND = "add --send: a test mail through it"
ALWAYS_WRONG = frozenset({"gmail-smtp-server"})  # a warning before a push; here it means another server's password


@check("gmail.alias", "the alias exists, is accepted, sends through this endpoint", Kind.GMAIL, "gmail.md")
def alias(ground: Ground, subject: Subject) -> Verdict:
    """As Gmail's settings show it; user name and password never come back."""
    consumer = _consumer(ground, subject)
    if not consumer.traits.sends:
        return not_known(
            "no Google credentials in the file, so nothing can be asked", "look at Gmail > Settings > Accounts, or "
            "rotator gmail login --mailbox ADDRESS --client-secrets FILE --out FILE",
        )  # fmt: skip
    return _looked_over(consumer, ground) or ok("accepted, and sends through this endpoint")


@check(
    "gmail.canary", "a mail through the alias is taken by SES (--send)", Kind.GMAIL, REFUSED_PAGE,
    needs=["gmail.alias", *SENDING],
)  # fmt: skip
def gmail_canary(ground: Ground, subject: Subject) -> Verdict:
    """The only proof of what Gmail holds; without --send a genuine bounce counts."""
    user, consumer = ground.users[subject.user], _consumer(ground, subject)
    if ground.send or not consumer.traits.sends:
        return _canary(ground, user, consumer)
    since = user.facts.consumer(subject.consumer).canary_at if user.facts is not None else 0
    bounce = consumer.newest_refusal(since, ground.deadline()) if isinstance(consumer, ReadsBounces) else None
    if bounce is not None:
        return broken(f"a genuine bounce says that SES refused its login: {bounce}", _repair(user, consumer))
    return not_known("a password that was rotated away cannot be seen without a mail", ADD_SEND)


@check("consumer.place", "the place is there and could be written", Kind.CONSUMER, "consumer-push.md#refused")
def place(ground: Ground, subject: Subject) -> Verdict:
    """What a push would look at beforehand."""
    consumer = _consumer(ground, subject)
    if consumer.traits.kind == ConsumerKind.HUMAN:
        return not_known("a person keeps it: it cannot be looked at", "ask them to send a mail")
    return _looked_over(consumer, ground) or ok(f"{consumer.traits.kind} is there")


@check(
    "consumer.key", "the place holds the current key", Kind.CONSUMER, "consumer-push.md#drift",
    needs=["consumer.place", "iam.keys"],
)  # fmt: skip
def key(ground: Ground, subject: Subject) -> Verdict:
    """The user name that its readers get, against the journal and IAM."""
    user, consumer = ground.users[subject.user], _consumer(ground, subject)
    try:
        holding = consumer.holds(ground.deadline())
    except ConsumerError as error:
        holding = Unknown(str(error))
    match holding:
        case NotReadable():
            return skipped("it cannot be read back")
        case NothingThere(detail=detail):
            return broken(detail, _repair(user, consumer))
        case Unknown(detail=detail):
            return not_known(detail, "run again; then the page")
        case Mixed(keys=keys, detail=detail):
            return broken(f"holds {' and '.join(mask(one) for one in keys)}: {detail}", _repair(user, consumer))
    wanted = _wanted(ground, user)
    if holding in wanted:
        return ok(f"holds {mask(holding)}")
    told = " or ".join(mask(one) for one in wanted) or "an Active one"
    return broken(f"holds {mask(holding)}, not {told}", _repair(user, consumer))


@check(
    "consumer.password", "the place's password fits", Kind.CONSUMER, "consumer-push.md#drift",
    needs=["consumer.key", "smtp.ehlo"],
)  # fmt: skip
def password(ground: Ground, subject: Subject) -> Verdict:
    """Against the sealed one where there is one, else by a login with exactly what its readers get."""
    user, consumer = ground.users[subject.user], _consumer(ground, subject)
    if not isinstance(consumer, HoldsCredential):
        return skipped("its password cannot be read")
    held = consumer.credential(ground.deadline())
    if isinstance(held, Unknown):
        return not_known(held.detail, "run again; then the page")
    known = stored(user, subject.region)
    if isinstance(known, SmtpCredential) and known.key == held.key:
        return ok("is the one that rotator sealed") if known == held else _wrong(user, consumer, held)
    if why := user.run_may_be_open:
        return skipped(f"{why}: the old key is left alone")
    return login(ground, user, subject.endpoint, held)


@check(
    "consumer.canary", "a mail with what the place holds is taken by SES (--send)", Kind.CONSUMER, REFUSED_PAGE,
    needs=["consumer.password", *SENDING],
)  # fmt: skip
def canary(ground: Ground, subject: Subject) -> Verdict:
    """Read, logged in and mailed as its readers do."""
    user, consumer = ground.users[subject.user], _consumer(ground, subject)
    if not consumer.traits.sends:
        return skipped("it cannot be sent through")
    if not ground.send:
        return not_known("whether a mail with it goes out", ADD_SEND)
    return _canary(ground, user, consumer)


def _canary(ground: Ground, user: User, consumer: Consumer) -> Verdict:
    """One mail; a refused login is asked again."""
    if not consumer.traits.sends:
        return not_known("nothing can be sent through it from here", "send a mail by hand and look whether it bounces")
    if user.unread is not None:
        return not_known(f"nothing was sent: {user.run_may_be_open}", "mend what journal.read says, then run again")
    if why := user.run_may_be_open:
        note_held_up(ground, user)
        return skipped(f"{why}, and sends canaries of its own: rotator status")
    answer = asked_again(lambda: _sent(ground, user, consumer))
    why = "" if consumer.traits.reads_back else ground.moved(user, consumer.traits.name)  # Gmail logs in when it likes
    if why and not isinstance(answer, Arrived):
        raise Overtaken(f"{why}: what became of the mail says nothing about the place now")
    match answer:
        case Arrived(detail=detail):
            return ok(f"{detail} ({why}: with which key cannot be told)" if why else detail)
        case LoginRefused(detail=detail):
            return broken(detail, _repair(user, consumer), reply=detail)
        case Unknown(detail=detail):
            return not_known(detail, "run again, and look at what came instead")


def _sent(ground: Ground, user: User, consumer: Consumer) -> Arrived | LoginRefused | Unknown:
    token = ground.new_token()
    mail = Canary(token, f"rotator doctor {token}", "A test mail of rotator doctor; nothing to do.\n")
    traits, key = consumer.traits, user.facts.current if user.facts is not None else ""
    seconds = REQUEST_DEADLINE_S if traits.reads_back else CANARY_DEADLINE_S  # we log in ourselves, or wait for a mail
    try:
        with ground.logging_in(user, Login(key, traits.endpoint, traits.name)) as attempt:
            if attempt is None:
                return consumer.send(mail, ground.deadline(seconds))
            answer = consumer.send(replace(mail, out=attempt.let_go), ground.deadline(seconds))
            if traits.reads_back and isinstance(answer, Arrived):  # Gmail's key nobody can name
                attempt.accepted()
            return answer
    except ConsumerError as error:
        return Unknown(str(error))


def _looked_over(consumer: Consumer, ground: Ground) -> Verdict | None:
    """The first problem that a push would meet; None if there is none."""
    try:
        problems: Sequence[Problem] = consumer.preflight(ground.deadline())
    except ConsumerError as error:
        return not_known(str(error), error.fix)
    ordered = sorted(problems, key=lambda one: one.warning and one.id not in ALWAYS_WRONG)
    for one in ordered[:1]:
        if one.exit_code is Exit.RETRY:
            return not_known(one.seen, one.fix)
        if one.warning and one.id not in ALWAYS_WRONG:
            return warning(one.seen, one.fix, problem=one.id)
        return broken(one.seen, one.fix, problem=one.id)
    return None


def _wanted(ground: Ground, user: User) -> tuple[str, ...]:
    """The keys that the place may hold now."""
    if user.facts is None or not user.facts.current:
        return tuple(one.id for one in ground.active_keys(user))
    if user.facts.run is not None:
        return tuple(one for one in (user.facts.run.old, user.facts.run.new) if one)
    return (user.facts.current,)


def _wrong(user: User, consumer: Consumer, held: SmtpCredential) -> Verdict:
    return broken(f"is not the password of {mask(held.key)}", _repair(user, consumer))


def _repair(user: User, consumer: Consumer) -> str:
    """How the place gets the right credential: a person pastes it, or the next rotation writes it."""
    if consumer.traits.by_hand:
        return f"rotator handover {user.name} {consumer.traits.name} --reveal, and put it there"
    written = "writes it there" if consumer.traits.kind != ConsumerKind.GMAIL_SEND_AS else "writes it into Gmail"
    return f"rotator rotate --user {user.name}, which {written} anew"


def _consumer(ground: Ground, subject: Subject) -> Consumer:
    return ground.users[subject.user].consumers[subject.consumer]
