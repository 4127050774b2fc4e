"""One real SMTP conversation with the relay of an alias, as Gmail has it: on saving, and for each mail."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Literal

from rotator.sandbox.gmail.store import Msa

HELO = "mail-sor-f41.google.com"
TIMEOUT_S = 10.0
FailureKind = Literal["reply", "tls", "no-auth", "unreachable"]


class RelayFailed(Exception):
    """The relay did not take it.  `text` is what a DSN quotes: `535 Authentication Credentials Invalid`."""

    def __init__(self, kind: FailureKind, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.kind, self.text, self.code = kind, text, code

    @property
    def temporary(self) -> bool:
        """Whether Gmail tries again later: a 4xx reply, or no conversation at all."""
        return self.kind == "unreachable" or 400 <= self.code < 500


def check_login(msa: Msa, ca_file: Path) -> None:
    """What the settings page does on saving: connect, TLS, AUTH.  Raises RelayFailed."""
    _converse(msa, ca_file, None)


def send(msa: Msa, ca_file: Path, sender: str, recipients: list[str], raw: bytes) -> None:
    """Send one mail.  Raises RelayFailed; if some recipients were refused, the first of them speaks for all."""
    _converse(msa, ca_file, (sender, recipients, raw))


def _converse(msa: Msa, ca_file: Path, mail: tuple[str, list[str], bytes] | None) -> None:
    try:
        smtp = _connect(msa, ca_file)
        try:
            _login(smtp, msa)
            if mail is not None:
                _raise_first(smtp.sendmail(*mail))
        finally:
            _leave(smtp)
    except smtplib.SMTPRecipientsRefused as error:
        _raise_first(error.recipients)
    except smtplib.SMTPResponseException as error:
        raise _reply(error.smtp_code, error.smtp_error) from None
    except ssl.SSLCertVerificationError:
        text = "TLS Negotiation failed, the certificate doesn't match the host."
        raise RelayFailed("tls", text) from None
    except ssl.SSLError:
        raise RelayFailed("tls", "TLS Negotiation failed.") from None
    except (OSError, smtplib.SMTPException) as error:
        raise RelayFailed("unreachable", f"The connection failed ({type(error).__name__})") from None


def _connect(msa: Msa, ca_file: Path) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=str(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if msa.security == "ssl":
        return smtplib.SMTP_SSL(msa.host, msa.port, local_hostname=HELO, timeout=TIMEOUT_S, context=context)
    smtp = smtplib.SMTP(msa.host, msa.port, local_hostname=HELO, timeout=TIMEOUT_S)
    try:
        if msa.security == "starttls":
            smtp.starttls(context=context)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _leave(smtp: smtplib.SMTP) -> None:
    # What was accepted stays accepted, however the goodbye goes.
    with suppress(OSError, smtplib.SMTPException):
        smtp.quit()
    smtp.close()


def _login(smtp: smtplib.SMTP, msa: Msa) -> None:
    # smtplib's own login() would try a second mechanism after a 535 and so count as two logins.
    smtp.ehlo_or_helo_if_needed()
    offered = smtp.esmtp_features.get("auth", "").split()
    smtp.user, smtp.password = msa.username, msa.password
    if "PLAIN" in offered:
        smtp.auth("PLAIN", smtp.auth_plain)
    elif "LOGIN" in offered:
        smtp.auth("LOGIN", smtp.auth_login)
    else:
        text = "Unspecified Error (ENHANCED_AUTH_NOT_OFFERED): The SMTP server does not offer AUTH."
        raise RelayFailed("no-auth", text)


def _raise_first(refused: dict[str, tuple[int, bytes]]) -> None:
    for code, text in refused.values():
        raise _reply(code, text)


def _reply(code: int, text: bytes | str) -> RelayFailed:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return RelayFailed("reply", f"{code} {words}".replace("\n", f"\n{code} "), code)
