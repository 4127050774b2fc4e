"""Each way to people against the real protocol: what arrives, what is refused, and that no address comes back."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rotator.config.iam_policy import iam_policy
from rotator.config.loader import parse
from rotator.core.notice import Notice, NoticeKind
from rotator.core.ports import Acknowledged, Deadline, Refused, Unknown
from rotator.core.secret import Secret
from rotator.notices.due import LONGEST_CAUSE
from rotator.sandbox.world import World
from rotator.services.apprise_urls import AppriseUrl, notifiers_of
from rotator.services.aws import AwsSession
from rotator.services.ses_mail import SesMail
from rotator.services.sns import SnsTopic
from tests.notices.listening import Listener

NOTICE = Notice("waiting/run/a/20270115-080000/0", NoticeKind.WAITING, "rotator: u: waits for you: a", "Next: …\n")
SENDER, RECIPIENT = "rotator@queenofsandiego.com", "jada@example.com"


def mail(*, region: str = "us-east-1", sender: str = SENDER, recipient: str = RECIPIENT) -> SesMail:
    """The mail channel."""
    return SesMail(session=AwsSession(), region=region, sender=sender, recipient=recipient)


def soon() -> Deadline:
    """What a notice gets."""
    return Deadline.after(20)


def test_a_mail_arrives_as_written(account: World) -> None:
    """Subject, text, its id for whoever drops repeats, and a mark that keeps holiday replies away."""
    assert isinstance(mail().send(NOTICE, soon()), Acknowledged)
    (got,) = account.mailboxes.messages(RECIPIENT)
    assert (got["Subject"], got["From"], got["To"]) == (NOTICE.subject, SENDER, RECIPIENT)
    assert (got["X-Rotator-Notice"], got["Auto-Submitted"]) == (NOTICE.id, "auto-generated")
    assert got.get_content().replace("\r\n", "\n") == NOTICE.text


def test_the_longest_id_is_taken(account: World) -> None:
    """A user's, a run's and a consumer's name at their limits, and a cause at its own; SES refuses a longer header."""
    longest = f"failed/{'u' * 64}/999999/{'c' * LONGEST_CAUSE}/999999"
    assert isinstance(mail().send(replace(NOTICE, id=longest), soon()), Acknowledged)
    assert account.mailboxes.messages(RECIPIENT)[0]["X-Rotator-Notice"] == longest
    assert not isinstance(mail().send(replace(NOTICE, id="x" * 981), soon()), Acknowledged)


def _paused(world: World) -> None:
    world.ses.sending_enabled = False


def _in_sandbox_mode(world: World) -> None:
    world.ses.production = False


def _unverified(world: World) -> None:
    world.ses.identities.clear()


REFUSED = {
    "the account is paused": (_paused, "SendingPausedException"),
    "the sender is of no verified identity": (_unverified, "MessageRejected"),
    "SES's sandbox mode: the recipient is not verified": (_in_sandbox_mode, "MessageRejected"),
    "throttled": (lambda world: world.faults.arm("ses_throttled", 9), "TooManyRequestsException"),
    "SES is unwell": (lambda world: world.faults.arm("ses_send_500", 9), "InternalServiceErrorException"),
}


@pytest.mark.parametrize(("arrange", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_mail_that_ses_does_not_take_counts_as_not_sent(account: World, arrange: Any, words: str) -> None:
    """The answer says what SES said, without the addresses that it quotes."""
    arrange(account)
    answer = mail().send(NOTICE, soon())
    assert isinstance(answer, Refused | Unknown)
    assert words in answer.detail
    assert "@" not in answer.detail
    assert account.mailboxes.messages(RECIPIENT) == []


def test_another_region_has_no_identities(account: World) -> None:
    """What is verified in one region says nothing in another."""
    answer = mail(region="eu-west-1").send(NOTICE, soon())
    assert isinstance(answer, Refused | Unknown)
    assert "MessageRejected" in answer.detail


def test_a_reply_that_is_lost_counts_as_not_sent(account: World) -> None:
    """It was sent, and will be again: at least once."""
    account.faults.arm("ses_send_reply_lost", 1)
    assert isinstance(mail().send(NOTICE, soon()), Unknown)
    assert len(account.mailboxes.messages(RECIPIENT)) == 1


def test_a_topic_gets_subject_text_and_attributes(account: World) -> None:
    """Attributes are for filters, and the id for whoever drops repeats."""
    topic = account.moto.create_topic("eu-west-1", "keys")
    assert isinstance(SnsTopic(session=AwsSession(), topic=topic).send(NOTICE, soon()), Acknowledged)
    (got,) = account.moto.published("eu-west-1", topic)
    assert (got.subject, got.text) == (NOTICE.subject, NOTICE.text)
    assert got.attributes == {"id": NOTICE.id, "kind": "waiting"}


def test_a_topic_that_is_not_there(account: World) -> None:
    """Deleted, or of another account."""
    topic = account.moto.create_topic("eu-west-1", "keys").replace("keys", "gone")
    answer = SnsTopic(session=AwsSession(), topic=topic).send(NOTICE, soon())
    assert isinstance(answer, Refused | Unknown)
    assert "NotFound" in answer.detail


@pytest.mark.parametrize(("fault", "sent"), [("sns_500", 0), ("sns_throttled", 0), ("sns_reply_lost", 1)])
def test_a_topic_that_is_unwell(account: World, fault: str, sent: int) -> None:
    """No answer is taken for a yes."""
    topic = account.moto.create_topic("us-east-1", "keys")
    account.faults.arm(fault, 1)
    assert isinstance(SnsTopic(session=AwsSession(), topic=topic).send(NOTICE, soon()), Refused | Unknown)
    assert len(account.moto.published("us-east-1", topic)) == sent


def test_the_printed_policy_is_enough_and_no_more(account: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sender, one recipient, one topic: a neighbour of each is refused."""
    topic, other = (account.moto.create_topic("us-east-1", name) for name in ("keys", "other"))
    human = {"type": "human", "name": "h", "instructions": "x"}
    user = {"name": "u", "account": account.scenario.account, "region": "us-east-1", "consumers": [human]}
    notify = {"mail_to": RECIPIENT, "mail_from": SENDER, "sns_topic": topic}
    policy = iam_policy(parse(json.dumps({"version": 1, "users": [user], "notify": notify}), "c", {}))
    key = account.add_caller("rotator", policy)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret)
    for allowed in (mail(), SnsTopic(session=AwsSession(), topic=topic)):
        assert isinstance(allowed.send(NOTICE, soon()), Acknowledged)
    neighbours = (
        mail(recipient="x@example.com"), mail(sender="ceo@queenofsandiego.com"),
        SnsTopic(session=AwsSession(), topic=other),
    )  # fmt: skip
    for forbidden in neighbours:
        answer = forbidden.send(NOTICE, soon())
        assert isinstance(answer, Refused)
        assert (answer.id, "rotator config policy" in answer.fix) == ("access", True)


# The library imports a module that Python 3.13 will not have.
of_apprise = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")


def _apprise_file(tmp_path: Path, *lines: str, mode: int = 0o600) -> Path:
    path = tmp_path / "apprise"
    path.write_text("\n".join(lines))
    path.chmod(mode)
    return path


@of_apprise
def test_apprise_gets_one_channel_a_url(tmp_path: Path, listener: Listener) -> None:
    """Comments and empty lines are not counted; a URL that fails does not make another one repeat itself."""
    pytest.importorskip("apprise")
    good, bad = f"json://127.0.0.1:{listener.port}/team", f"json://127.0.0.1:{listener.port}/other"
    found = list(notifiers_of(_apprise_file(tmp_path, "# where to", "", good, bad)))
    assert [one.channel for one in found] == ["apprise-1", "apprise-2"]
    listener.statuses = [200, 500]
    answers = [one.send(NOTICE, soon()) for one in found]
    assert [type(one) for one in answers] == [Acknowledged, Refused]
    assert [path for _, path, _ in listener.got] == ["/team", "/other"]
    sent = json.loads(listener.got[0][2])
    assert (sent["title"], sent["message"].strip()) == (NOTICE.subject, NOTICE.text.strip())


@of_apprise
def test_apprises_failures_never_quote_the_url(capfd: pytest.CaptureFixture[str]) -> None:
    """Such URLs hold passwords; the library would log them."""
    pytest.importorskip("apprise")
    for url in ("json://jada:hunter2@127.0.0.1:1/x", "nonsense://jada:hunter2@x", "hunter2"):
        answer = AppriseUrl(Secret(url), 1).send(NOTICE, soon())
        assert isinstance(answer, Refused)
        assert "hunter2" not in str(answer)
    assert "hunter2" not in "".join(capfd.readouterr())


@of_apprise
def test_a_service_behind_apprise_that_keeps_silent_is_given_up(listener: Listener) -> None:
    """The deadline holds whatever the library's own time-outs are."""
    pytest.importorskip("apprise")
    listener.statuses = [-1]
    began = time.monotonic()
    answer = AppriseUrl(Secret(f"json://127.0.0.1:{listener.port}/"), 1).send(NOTICE, Deadline.after(0.3))
    assert isinstance(answer, Unknown)
    assert time.monotonic() - began < 3


UNREADABLE = {"others may read it": (0o644, "closed to others"), "it is not there": (None, "no such file")}


@pytest.mark.parametrize(("mode", "words"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_file_of_urls_that_is_not_private_is_not_used(tmp_path: Path, mode: int | None, words: str) -> None:
    """It is a warning on a channel like any other."""
    path = _apprise_file(tmp_path, "json://127.0.0.1/", mode=mode or 0o600)
    if mode is None:
        path.unlink()
    (only,) = notifiers_of(path)
    answer = only.send(NOTICE, soon())
    assert isinstance(answer, Refused)
    assert words in answer.detail
    assert only.channel == "apprise"
