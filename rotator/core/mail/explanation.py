"""What `rotator explain` says of a refusal: who refused, which layer, whether the credential is to blame, what next.

`LAYERS` has one entry a kind of refusal; which entry it is, is decided in explain_bounce and explain_reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Layer(StrEnum):
    """The layer at fault; a contract of rotator/explain/1."""

    CREDENTIAL = "credential"
    PERMISSION = "permission"
    IDENTITY = "identity"
    ACCOUNT = "account"
    TLS = "tls"
    NETWORK = "network"
    CONTENT = "content"
    SUPPRESSION = "suppression"
    RECIPIENT = "recipient"
    UNTRUSTED = "untrusted"  # the notice itself is not to be believed
    UNKNOWN = "unknown"  # nothing is concluded


class Party(StrEnum):
    """Who refused; a contract of rotator/explain/1."""

    GMAIL = "gmail_send_as_relay"
    ALIAS_SERVER = "alias_smtp_server"  # the server of the "Send mail as" settings; its words are not SES's
    SES_AUTH = "ses_auth"
    SES_DATA = "ses_data"  # after the login, up to the end of DATA
    SES_LATER = "ses_later"  # SES said 250 and did not send, or gave up
    RECIPIENT = "recipient_server"
    NOBODY_YET = "nobody_yet"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


PARTIES = {
    Party.GMAIL: "Gmail's send-as relay, before any reply of a server",
    Party.ALIAS_SERVER: 'the SMTP server of the "Send mail as" settings',
    Party.SES_AUTH: "SES, at the login (AUTH)",
    Party.SES_DATA: "SES, after a good login (at the latest at the end of DATA)",
    Party.SES_LATER: "SES, after it had accepted the mail",
    Party.RECIPIENT: "the recipient's server",
    Party.NOBODY_YET: "nobody yet: the mail is still being tried",
    Party.NOBODY: "nobody: the server took it",
    Party.UNKNOWN: "that cannot be told",
}


class Authenticity(StrEnum):
    """How far the notice is to be believed; a contract of rotator/explain/1."""

    VERIFIED = "verified"  # fetched through the API, and Gmail's own topmost Authentication-Results passes
    CLAIMED = "claimed"  # from a file or typed: whoever wrote it may have written that header too
    FAILED = "failed"  # the topmost Authentication-Results does not pass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of refusal: its layer, the cause in a sentence, the next action, the page, the doctor's checks."""

    layer: Layer
    cause: str
    fix: str
    runbook: str
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer about one refusal.  `reply` is quoted, so it is foreign text; `recipient` and `author` too."""

    kind: Kind
    refused_by: Party
    authentic: Authenticity
    reply: str = ""
    recipient: str = ""
    author: str = ""  # From of the mail that was refused: an alias of ours, perhaps

    @property
    def layer(self) -> Layer:
        """The layer at fault."""
        return self.kind.layer

    @property
    def credential_to_blame(self) -> bool:
        """Whether the SMTP credential was refused, as far as the notice is to be believed."""
        return self.kind.layer is Layer.CREDENTIAL

    @property
    def known(self) -> bool:
        """Whether anything could be concluded."""
        return self.kind.layer is not Layer.UNKNOWN or self.kind is ACCEPTED


CANARY, ACCESS, GMAIL = "runbooks/canary.md", "runbooks/access.md", "runbooks/gmail.md"
ENDPOINT, SMTP_535 = "runbooks/smtp-endpoint.md", "runbooks/smtp-535.md"

LOGIN = Kind(
    Layer.CREDENTIAL,
    "the login was refused: the place holds a wrong, an inactive or a deleted key, or a password of another region",
    "a place fed by hand: rotator handover USER CONSUMER --reveal; else find what put another credential there, then: "
    "rotator rotate --user USER; "
    "one refusal of a good password happens, two in a row do not",
    f"{SMTP_535}#a-mail-through-a-place-came-back-with-535",
    ("iam.keys", "smtp.auth", "gmail.alias", "gmail.canary", "consumer.key", "consumer.password"),
)
NO_LOGIN = Kind(
    Layer.CREDENTIAL,
    "the server wants a login, and the place sends none (530)",
    "enter user name and password there: rotator handover USER CONSUMER --reveal",
    SMTP_535,
    ("gmail.alias", "consumer.key", "consumer.password"),
)
OFFERS_NO_LOGIN = Kind(
    Layer.NETWORK,
    "Gmail found no login at the configured host and port; nothing was learnt about the password",
    "compare host, port and security with the endpoint's: rotator config show tells them",
    ENDPOINT,
    ("smtp.ehlo", "gmail.alias"),
)
TLS = Kind(
    Layer.TLS,
    "TLS failed, or was left out: certificate, host name, or the wrong security for the port",
    "587, 2587 and 25 want STARTTLS, 465 and 2465 speak TLS at once; the host must be the endpoint's own name",
    ENDPOINT,
    ("smtp.tls", "gmail.alias"),
)
PERMISSION = Kind(
    Layer.PERMISSION,
    "the login was good; the SMTP user's policies do not let it send for this identity",
    "allow ses:SendRawEmail for the identity named, in policy, boundary and SCP",
    "runbooks/access.md#the-smtp-user-may-not-send",
    ("iam.permission",),
)
IDENTITY = Kind(
    Layer.IDENTITY,
    "the login was good; SES does not know the addresses named as verified in this region",
    "verify the identity in the region named, or send through the region where it is; in the SES sandbox every "
    "recipient has to be verified too",
    "runbooks/ses-identity.md#not-verified",
    ("ses.identity", "ses.production"),
)
MAIL_FROM = Kind(
    Layer.IDENTITY,
    "the DNS records of the custom MAIL FROM domain are not right, and the identity is set to reject mail then",
    "repair the MX and SPF records of the MAIL FROM domain",
    "runbooks/ses-identity.md#mail-from",
    ("ses.mail_from", "dns.mail_from"),
)
PAUSED = Kind(
    Layer.ACCOUNT,
    "SES has paused sending, or the AWS account is not subscribed to SES; no credential helps",
    "read AWS's mail to the account's address, and the SES console > Account dashboard",
    "runbooks/account-paused.md#who-paused-it",
    ("ses.account",),
)
QUOTA = Kind(
    Layer.ACCOUNT,
    "the account's sending rate or daily quota is used up; nothing was learnt about the credential",
    "send slower or later; ask AWS for more",
    "runbooks/account-paused.md#quota",
    ("ses.quota",),
)
BUSY = Kind(
    Layer.NETWORK,
    "a passing trouble on the server's side; nothing was learnt about the credential",
    "send again in some minutes; if it stays, look at the AWS Health Dashboard",
    ENDPOINT,
    ("smtp.ehlo", "smtp.auth"),
)
CONTENT = Kind(
    Layer.CONTENT,
    "the message itself was refused, not the login",
    "correct what the reply names: an address, a header, the size",
    CANARY,
)
SUPPRESSED = Kind(
    Layer.SUPPRESSION,
    "SES accepted the mail and did not send it: the recipient is on the account's suppression list",
    "find out why before you take it off: rotator doctor --recipient ADDRESS",
    "runbooks/recipient-suppressed.md",
    ("recipient.suppression",),
)
SUPPRESSED_BY_ALL = Kind(
    Layer.SUPPRESSION,
    "SES accepted the mail and did not send it: the address bounced lately, for anybody who sends through SES",
    "the address does not exist: ask the recipient for the right one",
    "runbooks/recipient-suppressed.md#the-global-list",
    ("recipient.suppression",),
)
SUPPRESSED_BY_TENANT = Kind(
    Layer.SUPPRESSION,
    "SES accepted the mail and did not send it: the recipient is on the suppression list of your SES tenant",
    "look into the tenant's own list: aws sesv2 get-suppressed-destination with --tenant-name",
    "runbooks/recipient-suppressed.md#a-tenants-list",
    ("recipient.suppression",),
)
RECIPIENT = Kind(
    Layer.RECIPIENT,
    "the recipient's server refused the mail; login, permission and identity were good",
    "read its reply: it names the address or its own rule",
    "runbooks/recipient-exchange.md",
    ("recipient.suppression", "recipient.mx"),
)
GAVE_UP = Kind(
    Layer.RECIPIENT,
    "SES could not deliver it to the recipient's server in time",
    "look at the recipient's MX and at the reply quoted; then send again",
    "runbooks/recipient-exchange.md",
    ("recipient.suppression", "recipient.mx"),
)
NO_SUCH_DOMAIN = Kind(
    Layer.RECIPIENT,
    "the recipient's domain, or its mail server, was not found in DNS",
    "correct the address, or tell its owner by another way",
    "runbooks/recipient-exchange.md",
    ("recipient.suppression", "recipient.mx"),
)
DELAYED = Kind(
    Layer.NETWORK,
    "not a refusal: the mail could not be handed over yet and is still being tried",
    "wait for the final notice; nothing can be concluded from this one",
    CANARY,
)
FORGED = Kind(
    Layer.UNTRUSTED,
    "anybody can send such a notice, and nothing shows that this one comes from whom it names",
    "conclude nothing from it: look at the mailbox itself (rotator explain --mailbox ADDRESS --latest), or "
    "run rotator doctor",
    "runbooks/canary.md#a-notice-that-nobody-vouches-for",
)
QUOTED = Kind(
    Layer.UNTRUSTED,
    "it quotes Gmail's notice, but Gmail did not send it: somebody forwarded or made it",
    "save the notice itself (Gmail > Show original > Download), then rotator explain --bounce FILE",
    "runbooks/canary.md#a-notice-that-nobody-vouches-for",
)
OTHER_ACCOUNT = Kind(
    Layer.UNKNOWN,
    "Google's own server wants a web login of another Google account; no SES credential is involved",
    "sign in to that Google account, or give the alias SES's server",
    GMAIL,
)
ACCEPTED = Kind(
    Layer.UNKNOWN,
    "no refusal: the server took it; SES takes mail to a suppressed recipient too (250) and does not send it",
    "the mail did not arrive: rotator doctor --recipient ADDRESS",
    "runbooks/recipient-suppressed.md",
    ("recipient.suppression",),
)
UNCLASSIFIED = Kind(
    Layer.UNKNOWN,
    "a server refused it in words that are not in the table; nothing is concluded",
    "read the reply; rotator doctor looks at every layer on our side",
    CANARY,
)
NOT_A_BOUNCE = Kind(
    Layer.UNKNOWN,
    "this is not a notice about a refused mail, as far as can be told",
    "give the whole notice, as it was received (Gmail > Show original > Download)",
    CANARY,
)
