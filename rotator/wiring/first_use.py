"""Before there is a journal: the key that seals it, and the account that the credentials at hand belong to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotator.journal.wrapped_key import KeyWrapper


def make_seal_key(path: str, wrapper: KeyWrapper | None = None) -> bool:
    """Make the seal key, 0600, wrapped if `wrapper` says so; False if a good one is there already.

    Raises SealError; never overwrites one.
    """
    from rotator.journal.sealing import KeyFileSeal, create_key_file
    from rotator.journal.wrapped_key import create_wrapped_key, load_wrapped_key

    if os.path.lexists(path):  # not Path.exists(), which raises where it may not look
        load_wrapped_key(path, wrapper) if wrapper else KeyFileSeal.load(path)
        return False
    create_wrapped_key(path, wrapper) if wrapper else create_key_file(path)
    return True


def account_of(region: str) -> str:
    """The account id of whoever is logged in to AWS here.  Raises AccessError or RemoteFault."""
    from rotator.services.aws import AwsSession

    session = AwsSession()
    identity = session.read("GetCallerIdentity", lambda: session.client("sts", region).get_caller_identity())
    return str(identity["Account"])
