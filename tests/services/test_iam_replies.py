"""IAM replies that no faithful service gives: cut short, about somebody else, without a date."""

from __future__ import annotations

import pytest

from rotator.core.access_keys import KeyId
from rotator.core.errors import AccessError, RemoteFault, RotatorError
from rotator.core.ports import Created, Refused, Unknown
from rotator.services.aws import AssumeRole, AwsSession
from rotator.services.iam import IamAccessKeys
from tests.services.scripted_aws import Answer, Params, iam, key_row, scripted

USER, KEY = "jada-ses-smtp", KeyId("AKIA" + "B" * 16)
SECRET = "wJalr/UtnFEMI+K7MDENG/bPxRfiCYTESTTESTKEY"
NEW = iam(
    "CreateAccessKey",
    f"<AccessKey>{key_row(KEY, USER, extra=f'<SecretAccessKey>{SECRET}</SecretAccessKey>')}</AccessKey>",
)


def ask(url: str, monkeypatch: pytest.MonkeyPatch, session: AwsSession | None = None) -> IamAccessKeys:
    """IAM at `url`."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    return IamAccessKeys(session=session or AwsSession(), user=USER, region="us-east-1")


@pytest.mark.parametrize("honest", [True, False], ids=["closed early", "short by its own count"])
def test_a_reply_cut_anywhere_is_unknown(monkeypatch: pytest.MonkeyPatch, *, honest: bool) -> None:
    """However little is missing, half a reply never counts as a key, and what came of the secret is not shown."""
    cuts = [*list(range(0, len(NEW), 7)), len(NEW) - 1]
    left = iter(cuts)

    def answer(_: Params) -> Answer:
        return Answer(NEW[: next(left)], claims=None if honest else len(NEW))

    with scripted(answer) as service:
        access_keys = ask(service.url, monkeypatch)
        answers = [access_keys.create() for _ in cuts]
    assert [one for one in answers if not isinstance(one, Unknown)] == []
    assert not any(SECRET[:8] in str(one) for one in answers)
    assert len(service.asked) == len(cuts)


def test_the_whole_reply_is_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same reply, whole, is a key: the cuts above were what made it unknown."""
    with scripted(lambda _: Answer(NEW)) as service:
        answer = ask(service.url, monkeypatch).create()
    assert isinstance(answer, Created)
    assert answer.secret.reveal() == SECRET


def test_every_request_names_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without UserName IAM acts on the caller's own keys, so no request goes without."""
    with scripted(lambda _: Answer(b"", 500)) as service:
        access_keys = ask(service.url, monkeypatch)
        for act in (access_keys.create, lambda: access_keys.activate(KEY), lambda: access_keys.deactivate(KEY)):
            assert isinstance(act(), Unknown)
        assert isinstance(access_keys.delete(KEY), Unknown)
        with pytest.raises(RotatorError):
            access_keys.keys()
    assert len(service.asked) == 5
    assert {params.get("UserName") for params in service.asked} == {USER}


def test_a_key_of_somebody_else_is_shouted_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """IAM answers with a key of another user: no key for us, and the id is told loudly so that it can be found."""
    other = NEW.replace(USER.encode(), b"somebody-else")
    with scripted(lambda _: Answer(other)) as service:
        answer = ask(service.url, monkeypatch).create()
    assert isinstance(answer, Unknown)
    assert "ATTENTION" in answer.detail
    assert KEY in answer.detail
    assert SECRET not in answer.detail


LISTS = {
    "no date": (Answer(iam("ListAccessKeys", "<AccessKeyMetadata/>"), date=""), RemoteFault, "Date"),
    "a garbled date": (Answer(iam("ListAccessKeys", "<AccessKeyMetadata/>"), date="yesterday"), RemoteFault, "Date"),
    "another user's keys": (
        Answer(iam("ListAccessKeys", f"<AccessKeyMetadata><member>{key_row(KEY, 'eve')}</member></AccessKeyMetadata>")),
        AccessError,
        "eve",
    ),
    "a status nobody knows": (
        Answer(
            iam(
                "ListAccessKeys", f"<AccessKeyMetadata><member>{key_row(KEY, USER, 'Foo')}</member></AccessKeyMetadata>"
            )
        ),
        RemoteFault,
        "status",
    ),
    "a page of the proxy": (Answer(b"<html>no</html>", 502), RemoteFault, "ListAccessKeys"),
}


@pytest.mark.parametrize(("answer", "error", "words"), LISTS.values(), ids=LISTS.keys())
def test_a_list_that_cannot_be_believed(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, error: type[Exception], words: str
) -> None:
    """A doubtful list raises: an empty one would read as "no keys"."""
    with scripted(lambda _: answer) as service, pytest.raises(error, match=words):
        ask(service.url, monkeypatch).keys()


def test_every_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key on a later page is a key."""

    def answer(params: Params) -> Answer:
        number = int(params.get("Marker", "0"))
        more = (
            "<IsTruncated>true</IsTruncated><Marker>1</Marker>" if number == 0 else "<IsTruncated>false</IsTruncated>"
        )
        row = key_row(f"AKIA{number:016d}", USER)
        return Answer(iam("ListAccessKeys", f"<AccessKeyMetadata><member>{row}</member></AccessKeyMetadata>{more}"))

    with scripted(answer) as service:
        listed = ask(service.url, monkeypatch).keys()
    assert [key.id for key in listed.keys] == ["AKIA0000000000000000", "AKIA0000000000000001"]


def test_pages_without_end_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A marker that leads in a circle does not hold the program."""
    page = iam("ListAccessKeys", "<AccessKeyMetadata/><IsTruncated>true</IsTruncated><Marker>m</Marker>")
    with scripted(lambda _: Answer(page)) as service, pytest.raises(RemoteFault, match="pages"):
        ask(service.url, monkeypatch).keys()


def test_no_date_of_use_is_believed_only_with_the_word_for_never(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that lost its date does not make a key unused."""
    inside = f"<UserName>{USER}</UserName><AccessKeyLastUsed><ServiceName>ses-smtp</ServiceName></AccessKeyLastUsed>"
    with (
        scripted(lambda _: Answer(iam("GetAccessKeyLastUsed", inside))) as service,
        pytest.raises(RemoteFault, match="no date"),
    ):
        ask(service.url, monkeypatch).last_use(KEY)


def test_a_request_that_would_be_late_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """When fetching credentials took too long, the write is held back: it would land after its deadline."""
    times = iter((0.0, 8.0))
    with scripted(lambda _: Answer(NEW)) as service:
        session = AwsSession(monotonic=lambda: next(times))
        answer = ask(service.url, monkeypatch, session).create()
    assert isinstance(answer, Refused)
    assert "not sent" in answer.detail
    assert service.asked == []


def test_a_role_is_assumed_with_its_external_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request asks for the role, in the configured name, and is then signed as the role."""
    role = (
        "<Credentials><AccessKeyId>ASIATESTTESTTESTTEST</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        "<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
    )

    def answer(params: Params) -> Answer:
        return Answer(iam("AssumeRole", role)) if params["Action"] == "AssumeRole" else Answer(NEW)

    with scripted(answer) as service:
        session = AwsSession(assume_role=AssumeRole("arn:aws:iam::123456789012:role/r", "ext", "run-7"))
        assert isinstance(ask(service.url, monkeypatch, session).create(), Created)
    assumed, *others = service.asked
    assert (assumed["ExternalId"], assumed["RoleSessionName"]) == ("ext", "run-7")
    assert [params["Action"] for params in others] == ["CreateAccessKey"]


def test_a_role_we_may_not_take_leaves_the_write_unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    """AccessDenied for AssumeRole is a clear no: nothing was created."""
    error = "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>"
    denied = f"<ErrorResponse>{error}</ErrorResponse>".encode()
    with scripted(lambda _: Answer(denied, 403)) as service:
        session = AwsSession(assume_role=AssumeRole("arn:aws:iam::123456789012:role/r"))
        answer = ask(service.url, monkeypatch, session).create()
    assert isinstance(answer, Refused)
    assert "assume_role" in answer.fix
