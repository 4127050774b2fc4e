"""A mail as lines: headers read and changed in place, every other byte left as it was."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.utils import getaddresses

CRLF = b"\r\n"
LINE_END = re.compile(rb"\r\n|\n|\r")
FOLD = re.compile(r"\r\n(?=[ \t])")


@dataclass(slots=True)
class Mail:
    """Header lines, unfolded only when read, and the body, all with CRLF."""

    lines: list[bytes] = field(default_factory=list)  # one header each, continuation lines included
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """The values of every header of that name, unfolded, encoded words left alone."""
        start = name.lower().encode() + b":"
        found = [line[len(start) :] for line in self.lines if line.lower().startswith(start)]
        return [FOLD.sub("", value.decode("utf-8", "replace")).strip() for value in found]

    def value(self, name: str) -> str:
        """The first value, or an empty string."""
        return next(iter(self.values(name)), "")

    def text(self, name: str) -> str:
        """The first value with its encoded words decoded."""
        return str(make_header(decode_header(self.value(name))))

    def addresses(self, *names: str) -> list[str]:
        """The addresses in these headers, in order, each once."""
        found = getaddresses([value for name in names for value in self.values(name)])
        return list(dict.fromkeys(address for _, address in found if "@" in address))

    def remove(self, name: str) -> None:
        """Take every header of that name away."""
        start = name.lower().encode() + b":"
        self.lines = [line for line in self.lines if not line.lower().startswith(start)]

    def add(self, name: str, value: str) -> None:
        """Add a header at the end."""
        self.lines.append(f"{name}: {value}".encode())

    def put_first(self, name: str, value: str) -> None:
        """Add a header at the top, where trace headers go."""
        self.lines.insert(0, f"{name}: {value}".encode())

    def render(self) -> bytes:
        """The mail again."""
        return CRLF.join([*self.lines, b"", self.body])


def parse(raw: bytes) -> Mail:
    """Split a mail at its first empty line."""
    head, _, body = LINE_END.sub(CRLF, raw).partition(CRLF + CRLF)
    lines: list[bytes] = []
    for line in head.split(CRLF):
        if line[:1] in (b" ", b"\t") and lines:
            lines[-1] += CRLF + line
        elif line:
            lines.append(line)
    return Mail(lines, body)
