"""The seal: opens what it sealed, where it sealed it, and nothing else; its key file is private from birth."""

from __future__ import annotations

import base64
import os
import pickle
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from rotator.core.errors import SealError
from rotator.journal.sealing import NONCE_BYTES, KeyFileSeal, Place, create_key_file, derive_key, encode
from tests.journal.samples import ACCOUNT, KEY, REGION, USER

PLACE = Place(ACCOUNT, USER, KEY, REGION)
SECRET = b"BGsecret+/="
OTHER_PLACES = {
    "another account": replace(PLACE, account="210987654321"),
    "another user": replace(PLACE, user="other"),
    "another key": replace(PLACE, key="AKIAOTHER"),
    "another field": replace(PLACE, field="eu-west-1"),
    "a letter moved from user to key": replace(PLACE, user=USER[:-1], key=USER[-1] + KEY),
    "nowhere": Place("", "", "", ""),
}


def test_it_opens_what_it_sealed(seal: KeyFileSeal) -> None:
    """A secret comes back where it was sealed, also from the empty one to a long one."""
    for plain in (b"", SECRET, bytes(range(256)) * 20):
        assert seal.open(seal.seal(plain, PLACE), PLACE) == plain


def test_every_changed_byte_is_found(seal: KeyFileSeal) -> None:
    """Header, nonce, ciphertext or tag: one changed bit anywhere and it does not open."""
    sealed = seal.seal(SECRET, PLACE)
    for position in range(len(sealed)):
        for bit in (0x01, 0x80):
            changed = bytearray(sealed)
            changed[position] ^= bit
            with pytest.raises(SealError):
                seal.open(bytes(changed), PLACE)


def test_every_cut_is_found(seal: KeyFileSeal) -> None:
    """A sealed secret that lost its end, or got a longer one, does not open."""
    sealed = seal.seal(SECRET, PLACE)
    for cut in [*(sealed[:length] for length in range(len(sealed))), sealed + b"\0"]:
        with pytest.raises(SealError):
            seal.open(cut, PLACE)


def test_every_swap_is_found(seal: KeyFileSeal) -> None:
    """Of secrets sealed for several places, each opens at its own and at no other."""
    places = [PLACE, *OTHER_PLACES.values()]
    sealed = [seal.seal(SECRET, place) for place in places]
    for here, place in enumerate(places):
        for there, text in enumerate(sealed):
            if here == there:
                assert seal.open(text, place) == SECRET
                continue
            with pytest.raises(SealError, match="changed, or moved"):
                seal.open(text, place)


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
def test_no_two_lists_encode_alike(one: list[bytes], other: list[bytes]) -> None:
    """The encoding under every MAC and AAD is unambiguous."""
    assert (encode(*one) == encode(*other)) == (one == other)


def test_nonces_do_not_repeat(seal: KeyFileSeal) -> None:
    """Ten thousand seals of one secret have ten thousand nonces and texts."""
    sealed = [seal.seal(SECRET, PLACE) for _ in range(10_000)]
    assert len({text[11 : 11 + NONCE_BYTES] for text in sealed}) == len(set(sealed)) == 10_000


def test_another_key_is_named(seal: KeyFileSeal) -> None:
    """Opening with the wrong key says which key sealed it and which one this is."""
    other = KeyFileSeal(bytes(32))
    with pytest.raises(SealError, match=f"{seal.key_id}.*{other.key_id}"):
        other.open(seal.seal(SECRET, PLACE), PLACE)


def test_a_newer_format_is_refused(seal: KeyFileSeal) -> None:
    """A sealed secret of a format that this program does not know says so."""
    sealed = bytearray(seal.seal(SECRET, PLACE))
    sealed[2] = 2
    with pytest.raises(SealError, match="format 2"):
        seal.open(bytes(sealed), PLACE)


def test_sub_keys_are_those_of_rfc_5869() -> None:
    """Our few lines of HKDF agree with the library's."""
    key = bytes(range(32))
    expected = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"rotator chain 1").derive(key)
    assert derive_key(key, b"rotator chain 1") == expected


def test_each_purpose_has_its_own_key(seal: KeyFileSeal) -> None:
    """A fingerprint is no chain MAC, and neither is shown by the key's id."""
    assert seal.fingerprint(SECRET) != seal.chain(b"", SECRET).hex()
    assert seal.key_id not in (seal.fingerprint(SECRET)[:16], seal.chain(b"", SECRET).hex()[:16])


def test_the_key_stays_in_the_process(seal: KeyFileSeal) -> None:
    """Neither repr nor pickle gives the key away."""
    assert repr(seal) == f"KeyFileSeal({seal.key_id})"
    with pytest.raises(TypeError):
        pickle.dumps(seal)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_a_key_file_is_born_private(state: Path, umask: int) -> None:
    """Whatever the umask, the new key file is 0600, its new directory 0700, and it loads as the same key."""
    before = os.umask(umask)
    try:
        made = create_key_file(state / "new" / "seal.key")
    finally:
        os.umask(before)
    file = state / "new" / "seal.key"
    assert (file.stat().st_mode & 0o7777, file.parent.stat().st_mode & 0o7777) == (0o600, 0o700)
    assert KeyFileSeal.load(file).key_id == made.key_id
    assert file.read_bytes().count(b"\n") == 1


def test_two_new_keys_differ(state: Path) -> None:
    """Each key file holds a key of its own."""
    assert create_key_file(state / "a").key_id != create_key_file(state / "b").key_id


def test_an_old_key_is_never_overwritten(state: Path) -> None:
    """Making a key where one lies, or where a link leads out, is refused and changes nothing."""
    file = state / "seal.key"
    create_key_file(file)
    before = file.read_bytes()
    (state / "link").symlink_to(state / "elsewhere")
    for name in ("seal.key", "link"):
        with pytest.raises(SealError, match="never overwritten"):
            create_key_file(state / name)
    assert file.read_bytes() == before
    assert not (state / "elsewhere").exists()


def _linked(file: Path) -> None:
    os.link(file, file.with_name("second name"))


def _symlinked(file: Path) -> None:
    file.rename(file.with_name("real"))
    file.symlink_to(file.with_name("real"))


def _fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


def _directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _socket(file: Path) -> None:
    file.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(file))


def _foreign(file: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(file, 4711, -1)


UNSAFE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a symbolic link": (_symlinked, "symbolic link"),
    "a second name": (_linked, "2 hard links"),
    "readable by the group": (lambda file: file.chmod(0o640), "mode 0640"),
    "readable by all": (lambda file: file.chmod(0o604), "mode 0604"),
    "writable by all": (lambda file: file.chmod(0o602), "mode 0602"),
    "a foreign owner": (_foreign, "uid 4711"),
    "a pipe": (_fifo, "special file"),
    "a directory": (_directory, "directory"),
    "a socket": (_socket, "cannot be opened"),
    "missing": (lambda file: file.unlink(), "No such file"),
    "in a directory that others write": (lambda file: file.parent.chmod(0o777), "others may write"),
    "in a directory that the group writes": (lambda file: file.parent.chmod(0o770), "others may write"),
    "in a sticky directory": (lambda file: file.parent.chmod(0o1777), "others may write"),
    "below a directory that others write": (lambda file: file.parent.parent.chmod(0o777), "others may write"),
    "empty": (lambda file: file.write_bytes(b""), "0 bytes"),
    "too short": (lambda file: file.write_bytes(base64.b64encode(bytes(31))), "31 bytes"),
    "too long": (lambda file: file.write_bytes(base64.b64encode(bytes(33))), "33 bytes"),
    "very long": (lambda file: file.write_bytes(base64.b64encode(bytes(5000))), "not a seal key"),
    "not base64": (lambda file: file.write_bytes(b"hunter2!\n"), "base64"),
    "two lines": (lambda file: file.write_bytes(file.read_bytes() * 2), "not a seal key"),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_key_file_is_refused(state: Path, case: str) -> None:
    """A key file that others could read, write or swap, or that is no key, is refused by its exact defect."""
    file = state / "seal.key"
    create_key_file(file)
    content = file.read_bytes()
    make, reason = UNSAFE[case]
    make(file)
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(SealError, match=reason) as caught:
        KeyFileSeal.load(file)
    assert content.decode().strip() not in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


def test_a_parent_that_is_a_link_is_refused(state: Path) -> None:
    """The directory of the key must be the directory itself."""
    create_key_file(state / "real" / "seal.key")
    (state / "link").symlink_to(state / "real")
    with pytest.raises(SealError, match="symbolic link"):
        KeyFileSeal.load(state / "link" / "seal.key")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a credential as systemd does")
def test_a_systemd_credential_is_accepted(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's file of mode 0440 in $CREDENTIALS_DIRECTORY is what LoadCredential= gives; elsewhere it is refused."""
    made = create_key_file(state / "seal.key")
    (state / "seal.key").chmod(0o440)
    with pytest.raises(SealError, match="mode 0440"):
        KeyFileSeal.load(state / "seal.key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(state))
    assert KeyFileSeal.load(state / "seal.key").key_id == made.key_id
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(state.parent))
    with pytest.raises(SealError, match="mode 0440"):
        KeyFileSeal.load(state / "seal.key")
