"""The SES SMTP credential: user name = access key id, password derived from secret and region.

Version 4 only (https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html).  One secret gives one
password per region; the result is always 44 characters of base64 and never ends in "=".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import Enum

from rotator.core.access_keys import KeyId
from rotator.core.secret import Secret

VERSION = b"\x04"
SCOPE_DATE, SERVICE, TERMINAL, MESSAGE = "11111111", "ses", "aws4_request", "SendRawEmail"
TEMPORARY_PREFIX = "ASIA"
IAM_SECRET_LENGTH = 40


class NotDerivable(ValueError):
    """The input can never give a working SMTP password; the text says why and never quotes it."""


class Shape(Enum):
    """What a pasted text looks like, by its form alone."""

    V4_PASSWORD = "an SES SMTP password (version 4)"
    V2_PASSWORD = "an old SES SMTP password (version 2, refused by SES since regions are bound)"
    SECRET_KEY = "an IAM secret access key"
    UNKNOWN = "neither a secret access key nor an SMTP password"


@dataclass(frozen=True, slots=True)
class SmtpCredential:
    """User name and password as one value: they are pushed, stored and switched together."""

    key: KeyId
    password: Secret


def shape_of(text: Secret) -> Shape:
    """Tell by shape what was pasted (measured: the version byte fixes the first two characters)."""
    plain = text.reveal()
    if re.fullmatch(r"B[A-P][A-Za-z0-9+/]{42}", plain):
        return Shape.V4_PASSWORD
    if re.fullmatch(r"A[g-v][A-Za-z0-9+/]{42}", plain):
        return Shape.V2_PASSWORD
    return Shape.SECRET_KEY if len(plain) == IAM_SECRET_LENGTH else Shape.UNKNOWN


def derive_password(secret: Secret, region: str) -> Secret:
    """The SMTP password of `secret` in `region`.  Raises NotDerivable if given a password or no region.

    The secret's length is not checked here: the published vectors are short.
    """
    if not region.strip():
        raise NotDerivable("no region: SES passwords are per region")
    shape = shape_of(secret)
    if shape in (Shape.V4_PASSWORD, Shape.V2_PASSWORD):
        raise NotDerivable(f"this is already {shape.value}, not a secret access key")
    key = ("AWS4" + secret.reveal()).encode()
    for part in (SCOPE_DATE, region, SERVICE, TERMINAL, MESSAGE):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return Secret(base64.b64encode(VERSION + key).decode("ascii"))


def derive(key: KeyId, secret: Secret, region: str) -> SmtpCredential:
    """The whole credential.  Raises NotDerivable, also for temporary (`ASIA…`) keys, which SES refuses."""
    if key.startswith(TEMPORARY_PREFIX):
        raise NotDerivable("ASIA… is a temporary key: SES accepts only an IAM user's own key (AKIA…)")
    return SmtpCredential(key, derive_password(secret, region))
