"""The IAM users below a path: who is there that the configuration does not name."""

from __future__ import annotations

from typing import Any

from rotator.core.errors import RemoteFault
from rotator.services.aws import AwsSession

MAX_PAGES = 50  # 100 users a page; an endless Marker must not hang the program


def users_below(session: AwsSession, path: str, region: str) -> tuple[str, ...]:
    """The names of every user whose IAM path begins with `path`.  Raises AccessError, RemoteFault."""
    client, names = session.client("iam", region), list[str]()
    marker: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        page = _page(session, client, {"PathPrefix": path, **marker})
        names += [str(one.get("UserName", "")) for one in page.get("Users", [])]
        if not page.get("IsTruncated"):
            return tuple(names)
        marker = {"Marker": str(page.get("Marker", ""))}
    raise RemoteFault(f"ListUsers below {path}: more than {MAX_PAGES} pages")


def _page(session: AwsSession, client: Any, arguments: dict[str, str]) -> dict[str, Any]:
    page: dict[str, Any] = session.read("ListUsers", lambda: client.list_users(**arguments))
    return page
