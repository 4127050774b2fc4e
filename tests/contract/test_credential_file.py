"""A credential file, in each format: switched in one go, private, and touched nowhere else."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import stat
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from rotator.consumers.credential_file import CredentialFile
from rotator.consumers.formats import FormatName, Place, find
from rotator.core.access_keys import KeyId
from rotator.core.drift import drifted
from rotator.core.history.events import Adopted
from rotator.core.history.fold import fold
from rotator.core.mixed import Mixed
from rotator.core.policy import Policy
from rotator.core.ports import Acknowledged, Arrived, Deadline, LoginRefused, Refused, Unknown
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential
from tests.contract.consumer_contract import CANARY, FIRST, ConsumerContract, Subject

OTHER = SmtpCredential(KeyId("AKIA" + "5" * 16), Secret("BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"))
HOST = "email-smtp.us-east-1.amazonaws.com"
STYLES: tuple[FormatName, ...] = ("postfix", "msmtp", "env", "json")
PLACE = Place(HOST, 587, "starttls", "relay")


class Endpoint:
    """An endpoint that answers what it is told and remembers what it was asked to send."""

    name: str = "us-east-1"
    host: str = HOST
    port: int = 587
    security: Literal["starttls", "tls"] = "starttls"

    def __init__(self, answer: Acknowledged | Refused | Unknown | None = None) -> None:
        self.answer = answer or Acknowledged("250 Ok 1")
        self.sent: list[tuple[SmtpCredential, str, str, bytes]] = []

    def send(self, credential: SmtpCredential, mail_from: str, rcpt: str, message: bytes, deadline: Deadline) -> Any:
        """Remember and answer."""
        self.sent.append((credential, mail_from, rcpt, message))
        return self.answer


def executable(path: Path, text: str) -> Path:
    """A shell script that only we can change."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


class Files(Subject):
    """A file, and copies of it, each in a private directory, with an `after` program that can be made to fail."""

    def __init__(self, directory: Path, style: FormatName, copies: int = 0, **options: Any) -> None:
        self.paths = [directory / str(number) / "credentials" for number in range(1 + copies)]
        self.path, self._style = self.paths[0], style
        directory.mkdir(mode=0o700)
        for path in self.paths:
            path.parent.mkdir(mode=0o700)
        self.after = executable(directory.parent / "after", "exit 0")
        given: dict[str, Any] = {"name": "relay", "endpoint": Endpoint(), "style": style, "after": [str(self.after)]}
        self.consumer = CredentialFile(**(given | options), path=self.path, replicas=self.paths[1:])

    def stored(self) -> SmtpCredential | None:
        """What every client would take from its copy; None if two would take different pairs."""
        first, *others = [find(self._style, path.read_text(), PLACE) for path in self.paths]
        return first if all(one == first for one in others) else None

    def snapshot(self) -> object:
        """Names and contents."""
        return {one: one.read_bytes() for path in self.paths for one in path.parent.iterdir()}

    def lost_reply(self) -> AbstractContextManager[object]:
        """The program after the write fails."""
        return self._failing()

    def refusing(self) -> AbstractContextManager[object]:
        """The directory is open to others."""
        return self._open_to_others()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        executable(self.after, f"cat {self.path}; exit 3")  # it even prints the secret
        yield
        executable(self.after, "exit 0")

    @contextmanager
    def _open_to_others(self) -> Iterator[None]:
        self.path.parent.chmod(0o777)
        yield
        self.path.parent.chmod(0o700)


@pytest.mark.parametrize("copies", [0, 2], ids=["alone", "two copies"], scope="class")
@pytest.mark.parametrize("style", STYLES, scope="class")
class TestCredentialFile(ConsumerContract):
    """Every format keeps the contract, alone and in several copies."""

    @pytest.fixture
    def subject(self, tmp_path: Path, style: FormatName, copies: int) -> Subject:
        """Files that are not there yet."""
        return Files(tmp_path.resolve() / "etc", style, copies)


def only_read(path: Path) -> None:
    """Its directory cannot be written."""
    path.parent.chmod(0o770)


def no_format(path: Path) -> None:
    """It is not in its format any more."""
    path.write_text("[1, 2")


def locked(path: Path) -> None:
    """Another writer is at work there for longer than the push has time."""
    handle = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    threading.Timer(1.5, os.close, [handle]).start()


TORN: dict[str, tuple[Callable[[Path], None], type, int]] = {
    "a copy that others could change: all are as they were": (only_read, Refused, 0),
    "a copy that is not in its format: all are as they were": (no_format, Refused, 0),
    "a copy that somebody is at work on: those before it are written": (locked, Unknown, 1),
}


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize(("spoil", "answer", "before_it"), TORN.values(), ids=TORN.keys())
def test_partial_replicas_are_told_and_heal(
    tmp_path: Path, spoil: Callable[[Path], None], answer: type, before_it: int, number: int
) -> None:
    """Whichever copy fails: a no means that none has the new pair, and the same push again completes them."""
    subject = Files(tmp_path.resolve() / "etc", "json", 2)
    assert isinstance(subject.consumer.push(OTHER, Deadline.after(5)), Acknowledged)
    good = subject.paths[number].read_text()
    spoil(subject.paths[number])
    given = subject.consumer.push(FIRST, Deadline.after(0.5))
    assert isinstance(given, answer)
    subject.paths[number].parent.chmod(0o700)
    if spoil is no_format:
        subject.paths[number].write_text(good)
    held = [find("json", path.read_text(), PLACE) for path in subject.paths]
    new = number * before_it
    assert held == [FIRST] * new + [OTHER] * (3 - new)
    assert (f"{new} of 3 copies have the new pair" in given.detail) is (new > 0)
    expected = Mixed((FIRST.key, OTHER.key), "its copies differ") if new else OTHER.key
    assert subject.consumer.holds(Deadline.after(5)) == expected
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(10)), Acknowledged)
    assert subject.consumer.holds(Deadline.after(5)) == FIRST.key
    assert subject.stored() == FIRST


def test_a_copy_that_is_behind_is_never_a_refusal(tmp_path: Path) -> None:
    """Once a copy has the new pair, a copy that cannot be written leaves the push unknown, however often it is made."""
    subject = Files(tmp_path.resolve() / "etc", "env", 1)
    subject.consumer.push(FIRST, Deadline.after(5))
    subject.paths[1].write_text(f"SMTP_USERNAME={OTHER.key}\nSMTP_PASSWORD={OTHER.password.reveal()}\n")
    subject.paths[1].parent.chmod(0o770)
    for _ in range(2):
        assert isinstance(subject.consumer.push(FIRST, Deadline.after(5)), Unknown)
    subject.paths[1].parent.chmod(0o700)
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(5)), Acknowledged)


def test_a_copy_that_went_back_is_found_out(tmp_path: Path) -> None:
    """One of three on the old key is drift, wherever it stands, and no mail is sent that would prove the others."""
    subject = Files(tmp_path.resolve() / "etc", "json", 2, canary_from="a@example.org")
    traits = subject.consumer.traits
    told = fold([Adopted(0, "123456789012", "jada", "AIDA", FIRST.key, (traits.name,), True)])
    policy = Policy("jada", "123456789012", (traits,))
    for path in subject.paths:
        subject.consumer.push(FIRST, Deadline.after(5))
        path.write_text(path.read_text().replace(FIRST.key, OTHER.key))
        holding = subject.consumer.holds(Deadline.after(5))
        assert [one.holds for one in drifted(told, policy, {"relay": holding}, frozenset())] == [OTHER.key]
        assert isinstance(holding, Mixed)
        assert (holding.but(FIRST.key), holding.but(OTHER.key)) == (OTHER.key, FIRST.key)
        assert isinstance(subject.consumer.send(CANARY, Deadline.after(5)), Unknown)
    subject.paths[1].unlink()
    gone = subject.consumer.holds(Deadline.after(5))
    assert isinstance(gone, Mixed)
    assert "no credential" in gone.detail
    assert Mixed((FIRST.key,)).but(FIRST.key) is None


def test_the_version_before_is_kept(tmp_path: Path) -> None:
    """What another content replaced stays beside the file, as private as it was; a repeat does not push it out."""
    subject = Files(tmp_path.resolve() / "etc", "env")
    for credential in (OTHER, FIRST, FIRST):
        assert isinstance(subject.consumer.push(credential, Deadline.after(5)), Acknowledged)
        subject.path.chmod(0o640)
    kept = subject.path.with_name(".credentials.previous")
    assert find("env", kept.read_text(), PLACE) == OTHER
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640


def test_attributes_stay_with_the_file(tmp_path: Path) -> None:
    """An access list or a label that readers depend on is not lost with the rename."""
    subject = Files(tmp_path.resolve() / "etc", "env")
    subject.path.write_text("A=1\n")
    try:
        os.setxattr(subject.path, "user.owner-team", b"mail")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    assert isinstance(subject.consumer.push(FIRST, Deadline.after(5)), Acknowledged)
    assert os.getxattr(subject.path, "user.owner-team") == b"mail"


def test_a_mode_that_will_be_narrowed_is_said_beforehand(tmp_path: Path) -> None:
    """A reader that is neither owner nor in the group would lose the file: a warning, which does not stop."""
    subject = Files(tmp_path.resolve() / "etc", "env")
    subject.path.write_text("A=1\n")
    subject.path.chmod(0o644)
    (problem,) = subject.consumer.preflight(Deadline.after(5))
    assert (problem.id, problem.warning) == ("credential-file-mode", True)
    assert "0644: a push narrows it to 0640" in problem.seen
    subject.path.chmod(0o640)
    assert list(subject.consumer.preflight(Deadline.after(5))) == []


KEPT: dict[str, tuple[FormatName, str]] = {
    "other servers in a Postfix map": (
        "postfix",
        "# ours\n[smtp.example.org]:587 bob:secret\n[{host}]:587 AKIAOLD:old\n\n@example.net  amy:pw # not a comment\n",
    ),
    "a host without brackets and port": ("postfix", "other x:y\n{host} AKIAOLD:old\nlast z:z"),
    "a continued line": ("postfix", "[{host}]:587\n  AKIAOLD:old\nother\n x:y\n"),
    "another account of msmtp": (
        "msmtp",
        (
            'defaults\nlogfile ~/m.log\n\naccount home\nhost mail.example.org\nuser bob\npassword "pw"\n\n'
            "account ses\nhost {host}\nport 587\nuser AKIAOLD\npassword old\nfrom a@b.c\n\naccount default : ses\n"
        ),
    ),
    "other variables": ("env", "# relay\nexport LANG=C\nSMTP_USERNAME=AKIAOLD\nSMTP_PASSWORD='old'\nPORT=1\n"),
    "other members": ("json", '{{"username": "AKIAOLD", "password": "old", "from": "a@example.org", "n": [1, 2]}}'),
    "bytes that are no UTF-8": ("env", "NAME=caf\udce9\n"),
}


@pytest.mark.parametrize(("style", "text"), KEPT.values(), ids=KEPT.keys())
def test_everything_else_stays(tmp_path: Path, style: FormatName, text: str) -> None:
    """Only our pair changes; the old one is gone and every other line stands as it stood."""
    path = tmp_path.resolve() / "file"
    before = text.format(host=HOST)
    path.write_text(before, errors="surrogateescape")
    consumer = CredentialFile(name="ses", endpoint=Endpoint(), path=path, style=style)
    assert isinstance(consumer.push(FIRST, Deadline.after(5)), Acknowledged)
    after = path.read_text(errors="surrogateescape")
    assert "AKIAOLD" not in after
    if style == "json":
        assert {"from": "a@example.org", "n": [1, 2]}.items() <= json.loads(after).items()
    else:
        untouched = [line for line in before.splitlines() if "AKIAOLD" not in line and "old" not in line.split("#")[0]]
        assert [line for line in untouched if line not in after] == []
    assert consumer.holds(Deadline.after(5)) == FIRST.key


TWO = "account mail\nhost {0}\nuser AKIAMAIL\npassword a\n\naccount crm\nhost {0}\nuser AKIACRM\npassword b\n"
# text, the consumer's name, the configured account -> who changes, or the words of the refusal
ACCOUNTS: dict[str, tuple[str, str, str | None, str]] = {
    "the account that is called like the consumer": (TWO, "crm", None, "AKIACRM"),
    "the account that is configured": (TWO, "relay", "mail", "AKIAMAIL"),
    "neither: nobody can tell": (TWO, "relay", None, "several accounts"),
    "the only one of the host": (TWO.partition("\n\n")[0] + "\n", "relay", None, "AKIAMAIL"),
    "a new one beside those of others": (TWO, "relay", "third", ""),
    "an account of that name for another host": (TWO.replace("{0}", "x.example.org"), "crm", None, "another host"),
}


@pytest.mark.parametrize(("text", "name", "account", "changes"), ACCOUNTS.values(), ids=ACCOUNTS.keys())
def test_only_our_account_of_a_host_is_written(
    tmp_path: Path, text: str, name: str, account: str | None, changes: str
) -> None:
    """Another IAM user's account at the same host keeps its pair."""
    path = tmp_path.resolve() / "msmtprc"
    path.write_text(text.format(HOST))
    consumer = CredentialFile(name=name, endpoint=Endpoint(), path=path, style="msmtp", account=account)
    answer = consumer.push(FIRST, Deadline.after(5))
    after = path.read_text()
    if " " in changes:
        assert isinstance(answer, Refused)
        assert changes in answer.detail
        assert changes in consumer.preflight(Deadline.after(5))[0].seen
        assert after == text.format(HOST)
        return
    assert isinstance(answer, Acknowledged)
    assert consumer.holds(Deadline.after(5)) == FIRST.key
    gone = {user for user in ("AKIAMAIL", "AKIACRM") if user in text and user not in after}
    assert gone == ({changes} if changes else set())


def test_the_password_of_another_server_is_not_ours(tmp_path: Path) -> None:
    """A map that knows only other servers holds nothing of ours."""
    path = tmp_path.resolve() / "sasl_passwd"
    path.write_text("[smtp.example.org]:587 bob:secret\n")
    holding = CredentialFile(name="r", endpoint=Endpoint(), path=path, style="postfix").holds(Deadline.after(5))
    assert isinstance(holding, Unknown)


def test_no_reader_ever_sees_half_a_pair(tmp_path: Path) -> None:
    """Through hundreds of switches a reader finds one pair or the other, whole."""
    path = tmp_path.resolve() / "file"
    consumer = CredentialFile(name="r", endpoint=Endpoint(), path=path, style="postfix")
    consumer.push(FIRST, Deadline.after(5))
    whole = {f"{pair.key}:{pair.password.reveal()}" for pair in (FIRST, OTHER)}
    torn: list[str] = []
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            value = path.read_text().split(" ")[1].strip()
            seen.add(value)
            if value not in whole:
                torn.append(value)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(300):
        consumer.push((FIRST, OTHER)[number % 2], Deadline.after(5))
    done.set()
    reader.join()
    assert torn == []
    assert seen == whole


def test_writers_of_one_file_wait_for_each_other(tmp_path: Path) -> None:
    """Two rotations that keep their lines in one map lose none of each other's."""
    path = tmp_path.resolve() / "map"
    endpoints = [Endpoint() for _ in range(4)]
    for number, one in enumerate(endpoints):
        one.host = f"smtp-{number}.example.com"
    files = [CredentialFile(name="r", endpoint=one, path=path, style="postfix") for one in endpoints]
    threads = [threading.Thread(target=one.push, args=(FIRST, Deadline.after(20))) for one in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.holds(Deadline.after(5)) for one in files] == [FIRST.key] * 4


MODES = {
    "born private": (None, 0o600),
    "private stays private": (0o600, 0o600),
    "the relay's group may go on reading": (0o640, 0o640),
    "the world may not": (0o644, 0o640),
    "nobody but the owner writes": (0o666, 0o640),
}


@pytest.mark.parametrize(("before", "after"), MODES.values(), ids=MODES.keys())
@pytest.mark.parametrize("umask", [0o000, 0o077], ids=["umask 0", "umask 077"])
def test_modes(tmp_path: Path, before: int | None, after: int, umask: int) -> None:
    """A file keeps its mode, never wider than 0640, whatever the umask."""
    path = tmp_path.resolve() / "file"
    if before is not None:
        path.write_text("")
        path.chmod(before)
    old = os.umask(umask)
    try:
        CredentialFile(name="r", endpoint=Endpoint(), path=path, style="env").push(FIRST, Deadline.after(5))
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == after


def link(path: Path) -> None:
    """The file is a symbolic link."""
    (path.parent / "real").write_text("")
    path.symlink_to(path.parent / "real")


def second_name(path: Path) -> None:
    """The file has a second name."""
    path.write_text("")
    os.link(path, path.parent / "second")


def open_parent(path: Path) -> None:
    """Others can write to the directory."""
    path.parent.chmod(0o770)


def directory(path: Path) -> None:
    """A directory is in its place."""
    path.mkdir(mode=0o700)


def pipe(path: Path) -> None:
    """The file is a pipe."""
    os.mkfifo(path)


def rubbish(path: Path) -> None:
    """The file is not in its format."""
    path.write_text("[1, 2")


UNSAFE = {prepare.__doc__: prepare for prepare in (link, second_name, open_parent, pipe, rubbish, directory)}


@pytest.mark.parametrize("prepare", UNSAFE.values(), ids=UNSAFE.keys())
def test_unsafe_files_are_refused_beforehand(tmp_path: Path, prepare: Any) -> None:
    """What a push would refuse is found by the preflight, and the push does refuse it."""
    directory = tmp_path.resolve() / "etc"
    directory.mkdir(mode=0o700)
    prepare(directory / "file")
    names = sorted(one.name for one in directory.iterdir())
    consumer = CredentialFile(name="r", endpoint=Endpoint(), path=directory / "file", style="json")
    problems = consumer.preflight(Deadline.after(5))
    assert problems
    assert all(problem.fix for problem in problems)
    assert isinstance(consumer.push(FIRST, Deadline.after(5)), Refused)
    assert sorted(one.name for one in directory.iterdir()) == names


NOBODY = 65534


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """We are a user without privileges, with a directory of our own."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a file that is another's")
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        os.chown(made, NOBODY, NOBODY)
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(made)
        finally:
            os.seteuid(0)
            os.setegid(0)


def test_a_file_whose_owner_we_cannot_keep_is_found_beforehand(as_nobody: Path) -> None:
    """A file of root in a directory of ours could be swapped, but not given back to root: readers would lose it."""
    path = as_nobody / "file"
    consumer = CredentialFile(name="r", endpoint=Endpoint(), path=path, style="json")
    assert list(consumer.preflight(Deadline.after(5))) == []
    os.seteuid(0)
    path.write_text("{}")
    path.chmod(0o644)
    os.seteuid(NOBODY)
    (problem,) = (one for one in consumer.preflight(Deadline.after(5)) if not one.warning)
    assert (problem.id, "one of the same owner and size: operation not permitted" in problem.seen) == (
        "credential-file", True)  # fmt: skip
    assert isinstance(consumer.push(FIRST, Deadline.after(5)), Refused)
    assert [one.name for one in as_nobody.iterdir()] == ["file"]


@pytest.mark.parametrize("flag", ["i", "a"])
def test_a_file_that_chattr_keeps_is_found_beforehand(tmp_path: Path, flag: str) -> None:
    """No mode shows it, and no rename replaces it."""
    path = tmp_path.resolve() / "file"
    path.write_text("{}")
    path.chmod(0o600)
    chattr = shutil.which("chattr")
    if chattr is None or subprocess.run([chattr, f"+{flag}", str(path)], capture_output=True, check=False).returncode:
        pytest.skip("this file system, or this user, knows no such flags")
    try:
        consumer = CredentialFile(name="r", endpoint=Endpoint(), path=path, style="json")
        (problem,) = consumer.preflight(Deadline.after(5))
        assert f"chattr -ia {path}" in problem.seen
        assert isinstance(consumer.push(FIRST, Deadline.after(5)), Refused)
    finally:
        subprocess.run([chattr, f"-{flag}", str(path)], check=True)


def test_the_trial_leaves_nothing(tmp_path: Path) -> None:
    """A preflight makes a file without a name: the directory is as it was, to the nanosecond."""
    path = tmp_path.resolve() / "file"
    path.write_text("{}")
    path.chmod(0o600)
    before = (path.stat().st_mtime_ns, tmp_path.stat().st_mtime_ns, [*tmp_path.iterdir()])
    consumer = CredentialFile(name="r", endpoint=Endpoint(), path=path, style="json")
    assert list(consumer.preflight(Deadline.after(5))) == []
    assert (path.stat().st_mtime_ns, tmp_path.stat().st_mtime_ns, [*tmp_path.iterdir()]) == before


def test_a_linked_directory_is_refused(tmp_path: Path) -> None:
    """Whoever owns a link decides where the secret goes, so links are named, not followed."""
    real = tmp_path.resolve() / "real"
    real.mkdir(mode=0o700)
    (tmp_path.resolve() / "link").symlink_to(real)
    consumer = CredentialFile(name="r", endpoint=Endpoint(), path=tmp_path.resolve() / "link" / "file", style="env")
    assert str(real) in consumer.preflight(Deadline.after(5))[0].seen
    assert isinstance(consumer.push(FIRST, Deadline.after(5)), Refused)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every directory")
def test_a_directory_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Found beforehand, and refused in words."""
    path = tmp_path.resolve() / "etc" / "file"
    path.parent.mkdir(mode=0o300)
    consumer = CredentialFile(name="r", endpoint=Endpoint(), path=path, style="env")
    assert consumer.preflight(Deadline.after(5))
    assert isinstance(consumer.push(FIRST, Deadline.after(5)), Refused)
    path.parent.chmod(0o700)


def test_a_loop_of_links_is_told(tmp_path: Path) -> None:
    """A path that leads nowhere is refused in words."""
    loop = tmp_path.resolve() / "loop"
    loop.symlink_to(loop)
    consumer = CredentialFile(name="r", endpoint=Endpoint(), path=loop / "below" / "file", style="env")
    assert "symbolic link" in consumer.preflight(Deadline.after(5))[0].seen
    assert isinstance(consumer.push(FIRST, Deadline.after(5)), Refused)
    assert isinstance(consumer.holds(Deadline.after(5)), Unknown)


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    """A temporary file with the secret goes with the next write; a look-alike of somebody else stays."""
    directory = tmp_path.resolve()
    left = directory / ".file.rotator-0123456789abcdef"
    foreign = directory / ".file.rotator-notes"
    left.write_text("AKIA:secret")
    foreign.write_text("mine")
    CredentialFile(name="r", endpoint=Endpoint(), path=directory / "file", style="env").push(FIRST, Deadline.after(5))
    assert sorted(one.name for one in directory.iterdir()) == [foreign.name, "file"]


@pytest.fixture
def no_room() -> Iterator[None]:
    """A process that may not make files of more than 10 bytes, as on a full disk."""
    import resource
    import signal

    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)
    signal.signal(signal.SIGXFSZ, ignored)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, no_room: None) -> None:
    """When the new content does not fit, the old pair stands and no temporary file stays."""
    path = tmp_path.resolve() / "file"
    path.write_text("A=1\n")
    answer = CredentialFile(name="r", endpoint=Endpoint(), path=path, style="env").push(FIRST, Deadline.after(5))
    assert isinstance(answer, Refused)
    assert path.read_text() == "A=1\n"
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def with_after(tmp_path: Path, text: str, *arguments: str) -> CredentialFile:
    """A file with an `after` script."""
    script = executable(tmp_path.resolve() / "after", text)
    path = tmp_path.resolve() / "file"
    return CredentialFile(name="r", endpoint=Endpoint(), path=path, style="env", after=[str(script), *arguments])


def test_after_gets_its_arguments_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No shell reads the arguments, the environment is empty but for PATH, and the secret is in neither."""
    monkeypatch.setenv("SECRET_OF_OURS", "x")
    out = tmp_path.resolve() / "out"
    strange = "$(id); `id` & \n'"
    consumer = with_after(
        tmp_path, f'printf "%s\\0" "$@" > {out}; /usr/bin/env -0 >> {out}; ls /proc/self/fd | wc -l >> {out}', strange
    )
    assert isinstance(consumer.push(FIRST, Deadline.after(10)), Acknowledged)
    told = out.read_text()
    assert told.split("\0")[0] == strange
    assert "SECRET_OF_OURS" not in told
    assert FIRST.password.reveal() not in told
    names = {entry.partition("=")[0] for entry in told.split("\0")[1:-1]}
    assert names <= {"PATH", "PWD", "OLDPWD", "SHLVL", "_"}  # dash adds all but PATH
    assert int(told.split("\0")[-1]) <= 4  # stdin, stdout, stderr and the listing's own


def has_ended(process: int) -> bool:
    """Whether a process ends within seconds; one that was sent SIGKILL takes a moment to go."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    ended, _, _ = select.select([handle], [], [], 5)
    os.close(handle)
    return bool(ended)


def test_after_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    """At the deadline the whole process group ends, and the push is unknown: the file is written."""
    mark = tmp_path.resolve() / "child"
    consumer = with_after(tmp_path, f"(sleep 30; touch {mark}) & echo $! > {mark}.pid; sleep 30")
    deadline = Deadline.after(0.5)
    answer = consumer.push(FIRST, deadline)
    assert isinstance(answer, Unknown)
    assert "killed" in answer.detail
    assert deadline.monotonic() - deadline.at < 5
    child = int(Path(f"{mark}.pid").read_text())
    assert has_ended(child)
    assert consumer.holds(Deadline.after(5)) == FIRST.key


def test_after_that_others_can_change_is_not_run(tmp_path: Path) -> None:
    """A program in other hands is a problem beforehand, and is not run with our rights."""
    out = tmp_path.resolve() / "ran"
    consumer = with_after(tmp_path, f"touch {out}")
    (tmp_path.resolve() / "after").chmod(0o777)
    assert [problem.id for problem in consumer.preflight(Deadline.after(5))] == ["after-command"]
    assert isinstance(consumer.push(FIRST, Deadline.after(5)), Unknown)
    assert not out.exists()


VERDICTS: dict[str, tuple[Acknowledged | Refused | Unknown, type]] = {
    "SES takes it": (Acknowledged("250 Ok 1"), Arrived),
    "SES refuses the login": (Refused("auth: 535 no", id="login"), LoginRefused),
    "SES refuses the mail": (Refused("data: 554 no", id="identity"), Unknown),
    "no answer": (Unknown("no answer in time"), Unknown),
}


@pytest.mark.parametrize(("answer", "verdict"), VERDICTS.values(), ids=VERDICTS.keys())
def test_the_canary_logs_in_with_what_the_file_holds(
    tmp_path: Path, answer: Acknowledged | Refused | Unknown, verdict: type
) -> None:
    """The canary proves the file, not our memory of it; only a refused login is a refusal."""
    endpoint = Endpoint(answer)
    path = tmp_path.resolve() / "file"
    consumer = CredentialFile(name="r", endpoint=endpoint, path=path, style="json", canary_from="a@example.org")
    consumer.push(FIRST, Deadline.after(5))
    path.write_text(
        path.read_text().replace(FIRST.key, OTHER.key).replace(FIRST.password.reveal(), OTHER.password.reveal())
    )
    assert isinstance(consumer.send(CANARY, Deadline.after(5)), verdict)
    credential, sender, rcpt, mail = endpoint.sent[0]
    assert credential == OTHER
    assert (sender, rcpt) == ("a@example.org", "success@simulator.amazonses.com")
    assert CANARY.token.encode() in mail
    assert b"\r\nX-Rotator-Canary: " + CANARY.token.encode() + b"\r\n" in mail


def test_without_a_file_there_is_nothing_to_send_with(tmp_path: Path) -> None:
    """A missing file is unknown: nobody knows what its readers hold."""
    endpoint = Endpoint()
    consumer = CredentialFile(
        name="r", endpoint=endpoint, path=tmp_path.resolve() / "file", style="env", canary_from="a@example.org"
    )
    assert isinstance(consumer.send(CANARY, Deadline.after(5)), Unknown)
    assert isinstance(consumer.holds(Deadline.after(5)), Unknown)
    assert endpoint.sent == []
