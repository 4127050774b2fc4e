"""The file formats a credential is kept in, as pure text: put one pair in, find the pair that is there.

Only the lines that hold our pair are touched; everything else in the file stays as it is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from rotator.core.access_keys import KeyId
from rotator.core.secret import Secret
from rotator.core.smtp_credential import SmtpCredential

FormatName = Literal["postfix", "msmtp", "env", "json"]
USERNAME, PASSWORD = "SMTP_USERNAME", "SMTP_PASSWORD"


class NotInFormat(ValueError):
    """The file is not what its format says; the text never quotes it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which server the pair is for, and how clients reach it."""

    host: str
    port: int
    security: Literal["starttls", "tls"]
    label: str  # what a new msmtp account is called
    account: str = ""  # the msmtp account that is ours; "": the one called `label`, else the only one of this host


def put(style: FormatName, text: str, credential: SmtpCredential, place: Place) -> str:
    """`text` with the pair of `place` replaced or added.  Raises NotInFormat."""
    changed = _PUT[style](text, credential, place)
    if find(style, changed, place) != credential:
        raise NotInFormat(f"the {style} file would not give the credential back")
    return changed


def find(style: FormatName, text: str, place: Place) -> SmtpCredential | None:
    """The pair that a client of `place` takes from `text`, or None.  Raises NotInFormat."""
    pair = _FIND[style](text, place)
    return SmtpCredential(KeyId(pair[0]), Secret(pair[1])) if pair and all(pair) else None


def _put_postfix(text: str, credential: SmtpCredential, place: Place) -> str:
    """`[host]:port user:password`, the table of smtp_sasl_password_maps; a blank at the start continues a line."""
    value = f"{credential.key}:{credential.password.reveal()}"
    lines, found, inside = [], False, False
    for line in text.splitlines(keepends=True):
        if line[:1].isspace() and line.strip():
            if not inside:
                lines.append(line)
            continue
        hop = line.split(maxsplit=1)[0] if line.strip() else ""
        inside = _same_hop(hop, place)
        found = found or inside
        lines.append(f"{hop} {value}\n" if inside else line)
    return "".join(lines) if found else _appended("".join(lines), f"[{place.host}]:{place.port} {value}\n")


def _find_postfix(text: str, place: Place) -> tuple[str, str] | None:
    for line in re.sub(r"\n[ \t]+(?=\S)", " ", text).splitlines():
        hop, _, value = line.partition(" ") if " " in line else line.partition("\t")
        if _same_hop(hop, place):
            user, _, password = value.strip().partition(":")
            return user, password
    return None


def _same_hop(hop: str, place: Place) -> bool:
    """Whether a Postfix next hop (`[host]:port`, `host:port`, `[host]`) is our server."""
    match = re.fullmatch(r"\[?([^\[\]:]+)\]?(?::(\d+))?", hop)
    if match is None or match[1].lower() != place.host.lower():
        return False
    return match[2] is None or int(match[2]) == place.port


def _put_msmtp(text: str, credential: SmtpCredential, place: Place) -> str:
    """`user` and `password` of our account; none: a new account at the end.  Other accounts of the host stay."""
    pair = f'user {credential.key}\npassword "{credential.password.reveal()}"\n'
    sections = _msmtp_sections(text)
    ours = _our_account(sections, place)
    if ours is not None:
        kept = [line for line in sections[ours] if _word(line) not in ("user", "password", "passwordeval")]
        last = max(at for at, line in enumerate(kept) if line.strip())
        kept[last] = kept[last].rstrip("\n") + "\n"
        sections[ours] = [*kept[: last + 1], *pair.splitlines(keepends=True), *kept[last + 1 :]]
    whole = "".join(line for lines in sections for line in lines)
    if ours is not None:
        return whole
    starttls = "on" if place.security == "starttls" else "off"
    name = place.account or place.label
    head = f"account {name}\nhost {place.host}\nport {place.port}\nauth plain\ntls on\ntls_starttls {starttls}\n"
    return _appended(whole, head + pair)


def _find_msmtp(text: str, place: Place) -> tuple[str, str] | None:
    sections = _msmtp_sections(text)
    ours = _our_account(sections, place)
    if ours is None:
        return None
    values = {_word(line): _argument(line) for line in sections[ours]}
    return values.get("user", ""), values.get("password", "")


def _msmtp_sections(text: str) -> list[list[str]]:
    sections: list[list[str]] = [[]]
    for line in text.splitlines(keepends=True):
        if _word(line) in ("account", "defaults"):
            sections.append([])
        sections[-1].append(line)
    return sections


def _our_account(sections: list[list[str]], place: Place) -> int | None:
    """Which section holds our pair; None: a new one will.  Raises NotInFormat where nobody could say.

    Two accounts of one host may belong to two IAM users, so a host alone says whose it is only if it stands alone.
    """
    wanted = place.account or place.label
    named = [n for n, lines in enumerate(sections) if _account_name(lines) == wanted]
    of_host = [n for n, lines in enumerate(sections) if _is_msmtp_account(lines, place)]
    if any(n in of_host for n in named):
        return next(n for n in named if n in of_host)
    if named and (place.account or not of_host):
        raise NotInFormat(f"its account {wanted} is for another host or port than {place.host}:{place.port}")
    if place.account or not of_host:
        return None
    if len(of_host) > 1:
        raise NotInFormat(f"several accounts are for {place.host}: name one in the configuration, account: NAME")
    return of_host[0]


def _account_name(lines: list[str]) -> str:
    return _argument(lines[0]).partition(":")[0].strip() if lines and _word(lines[0]) == "account" else ""


def _is_msmtp_account(lines: list[str], place: Place) -> bool:
    values = {_word(line): _argument(line) for line in lines}
    same_port = values.get("port", str(place.port)) == str(place.port)
    return values.get("host", "").lower() == place.host.lower() and same_port


def _word(line: str) -> str:
    return line.split(maxsplit=1)[0] if line.strip() else ""


def _argument(line: str) -> str:
    return line.split(maxsplit=1)[1].strip().strip('"') if len(line.split(maxsplit=1)) == 2 else ""


def _put_env(text: str, credential: SmtpCredential, _place: Place) -> str:
    """`NAME=value`, as systemd's EnvironmentFile and shells read it: base64 needs no quotes."""
    values = {USERNAME: str(credential.key), PASSWORD: credential.password.reveal()}
    lines, done = [], set()
    for line in text.splitlines(keepends=True):
        name = _env_name(line)
        if name not in values:
            lines.append(line)
        elif name not in done:
            done.add(name)
            lines.append(f"{line.partition(name)[0]}{name}={values[name]}\n")
    missing = "".join(f"{name}={value}\n" for name, value in values.items() if name not in done)
    return _appended("".join(lines), missing)


def _find_env(text: str, _place: Place) -> tuple[str, str] | None:
    lines = text.splitlines()
    values = {_env_name(line): line.partition("=")[2].strip().strip("\"'") for line in lines if _env_name(line)}
    return (values.get(USERNAME, ""), values.get(PASSWORD, "")) if USERNAME in values else None


def _env_name(line: str) -> str:
    match = re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=", line)
    return match[1] if match else ""


def _put_json(text: str, credential: SmtpCredential, place: Place) -> str:
    """An object with `username`, `password`, `host`, `port`; other members stay."""
    members = _json(text)
    ours = {
        "username": credential.key,
        "password": credential.password.reveal(),
        "host": place.host,
        "port": place.port,
    }
    return json.dumps(members | ours, indent=2, ensure_ascii=False) + "\n"


def _find_json(text: str, _place: Place) -> tuple[str, str] | None:
    members = _json(text)
    user, password = members.get("username"), members.get("password")
    return (user, password) if isinstance(user, str) and isinstance(password, str) else None


def _json(text: str) -> dict[str, Any]:
    try:
        members = json.loads(text) if text.strip() else {}
    except ValueError:
        raise NotInFormat("the file is not JSON") from None
    if not isinstance(members, dict):
        raise NotInFormat("the JSON file is not an object")
    return members


def _appended(text: str, more: str) -> str:
    return text + ("\n" if text and more and not text.endswith("\n") else "") + more


_PUT = {"postfix": _put_postfix, "msmtp": _put_msmtp, "env": _put_env, "json": _put_json}
_FIND = {"postfix": _find_postfix, "msmtp": _find_msmtp, "env": _find_env, "json": _find_json}
assert set(_PUT) == set(_FIND) == set(get_args(FormatName))  # noqa: S101
