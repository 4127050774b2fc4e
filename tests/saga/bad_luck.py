"""Bad input and bad luck, one sentence each: what is arranged, what is typed, and what the answer must have in it."""

from __future__ import annotations

from dataclasses import dataclass

from rotator.core.errors import Exit
from rotator.sandbox.certificates import CertificateAuthority
from tests.saga.arranging import (
    Arrange,
    after,
    alias,
    another_account,
    another_seal_key,
    armed,
    both,
    certified,
    closed_port,
    config,
    dead_token,
    edited,
    endpoint,
    gone,
    journal,
    key_deleted,
    linked,
    made_anew,
    may_not_send,
    mode,
    nothing,
    place,
    program,
    relay,
    seal_key,
    second_key,
    state,
    stored,
    token_without_scopes,
    variables,
)

ROTATE = "rotate --yes"
ADOPT = "adopt --no-input"
NOBODYS = "AKIANOBODYNOBODYNOBO"
UNTOUCHED = r"Nothing was changed: mail flows as it did before\."
FLOWS = r"As far as keys go, mail flows: AKIA….{4} is Active\."


@dataclass(frozen=True, slots=True)
class Luck:
    """One case.  `seen` and `fix` are regular expressions for what went wrong and for what to do."""

    arrange: Arrange
    code: Exit
    seen: str
    fix: str
    runbook: str
    command: str = ROTATE
    first_use: bool = False  # nothing was adopted yet
    flows: str = UNTOUCHED


COMMAND_LINE = {
    "an unknown user": Luck(
        nothing, Exit.USAGE, "unknown user 'jada-ses-smpt'", "did you mean 'jada-ses-smtp'", "configuration",
        command="rotate --user jada-ses-smpt",
    ),
    "an incident about an unknown key": Luck(
        nothing, Exit.FAILED, "neither adopted nor made here", f"aws iam update-access-key .*{NOBODYS}",
        "compromised-key", command=f"rotate --emergency --key {NOBODYS} --reason leaked --yes", flows=FLOWS,
    ),
    "an adoption of an unknown key": Luck(
        nothing, Exit.USAGE, "is not an Active key", "name the key that the consumers hold", "configuration",
        command=f"{ADOPT} --key {NOBODYS}", first_use=True,
    ),
    "a duration without a unit": Luck(
        nothing, Exit.USAGE, "'72' is not a duration", "90s 10m 72h 7d", "configuration",
        command=f"{ROTATE} --grace 72",
    ),
}  # fmt: skip

FILES = {
    "a duration in the file that is none": Luck(
        edited("grace: 0s", "grace: three days"), Exit.USAGE, r"config\.yaml:\d+:\d+: .*'three days' is not a duration",
        "rotator config check", "configuration",
    ),
    "a key that stands twice in the file": Luck(
        edited("version: 1", "version: 1\nversion: 1"), Exit.USAGE, r"config\.yaml:\d+:\d+: .*twice, first in line 1",
        "rotator config check", "configuration",
    ),
    "a configuration file behind a link": Luck(
        linked(config), Exit.USAGE, "is a symbolic link", "name the file itself", "configuration"
    ),
    "a configuration file that its group may change": Luck(
        mode(config, 0o620), Exit.USAGE, "mode 0620", "chmod go-w", "configuration"
    ),
    "a state directory behind a link": Luck(
        linked(state), Exit.USAGE, "is a symbolic link", "name the real directory", "configuration"
    ),
    "a state directory that its group may change": Luck(
        mode(state, 0o770), Exit.USAGE, "others may write there", "chmod go-w", "configuration"
    ),
    "a journal behind a link": Luck(
        linked(journal), Exit.USAGE, "is a symbolic link", "correct the path", "configuration"
    ),
    "a journal that its group may read": Luck(
        mode(journal, 0o640), Exit.USAGE, "mode 0640", "chmod 600", "configuration"
    ),
    "a seal key that its group may read": Luck(
        mode(seal_key, 0o640), Exit.USAGE, "mode 0640", "chmod 600", "configuration"
    ),
    "a seal key behind a link": Luck(
        linked(seal_key), Exit.USAGE, "is a symbolic link", "correct the path", "configuration"
    ),
    "a relay's directory that its group may change": Luck(
        mode(lambda stage: relay(stage).parent, 0o770), Exit.FAILED, "others may write there", "only the service user",
        "consumer-push", flows=FLOWS,
    ),
    "a relay's file behind a link": Luck(
        linked(relay), Exit.FAILED, "a symbolic link", "only the service user", "consumer-push", flows=FLOWS
    ),
    "no journal": Luck(
        gone(state, "journal.db*"), Exit.USAGE, "no journal of jada-ses-smtp", "first use: rotator adopt",
        "journal-or-seal-lost",
    ),
    "no seal key": Luck(
        gone(state, "seal.key"), Exit.FAILED, r"seal\.key cannot be opened", "put the original seal key back", "restore"
    ),
    "a seal key that is another one": Luck(
        another_seal_key, Exit.FAILED, "was written with seal key", "never make a new one", "restore"
    ),
}  # fmt: skip

AWS = {
    "no AWS credentials": Luck(
        variables(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None), Exit.ACCESS, "no AWS credentials were found",
        "aws sts get-caller-identity", "access",
    ),
    "AWS credentials that were deleted": Luck(
        variables(AWS_ACCESS_KEY_ID=NOBODYS), Exit.ACCESS, "InvalidClientTokenId", "aws sts get-caller-identity",
        "access",
    ),
    "an adoption in another account than the file's": Luck(
        edited("123456789012", "210987654321"), Exit.ACCESS, "account 123456789012, the file says 210987654321",
        "correct the file", "access", command=ADOPT, first_use=True,
    ),
    "a rotation in another account than the adopted one": Luck(
        another_account, Exit.ACCESS, "adopted was account 123456789012.*AWS shows account 210987654321",
        "credentials of the adopted account", "access",
    ),
    "a user that was made anew": Luck(
        made_anew, Exit.ACCESS, "adopted was .* but AWS shows", "made anew", "access",
    ),
    "two Active keys at the adoption": Luck(
        second_key, Exit.FAILED, "two Active keys", "adopt .*--key AKIA", "two-keys",
        command=ADOPT, first_use=True,
    ),
    "an adopted key that somebody deleted": Luck(
        key_deleted, Exit.RETRY, "no address takes a connection", "check host, port", "smtp-endpoint",
        flows="Mail does NOT flow: none of the keys that rotator knows is Active",
    ),
    "a stranger's key at the rotation": Luck(
        second_key, Exit.FAILED, "neither adopted nor made here",
        "aws iam update-access-key --user-name jada-ses-smtp .*--status Inactive", "two-keys", flows=FLOWS,
    ),
    "no route to AWS": Luck(
        variables(AWS_ENDPOINT_URL="http://127.0.0.1:1"), Exit.RETRY, "could not be reached", "again later", "access"
    ),
    "IAM that throttles": Luck(armed("throttled"), Exit.RETRY, "Throttling", "again later", "access"),
    "IAM that fails": Luck(armed("iam_500"), Exit.RETRY, "ServiceFailure", "again later", "access"),
    "IAM that denies access": Luck(
        armed("access_denied"), Exit.ACCESS, "AccessDenied", "rotator config policy", "access"
    ),
    "an organisation that denies access": Luck(
        armed("access_denied_scp"), Exit.ACCESS, "explicit deny in a service control policy",
        "organization's administrator", "access",
    ),
}  # fmt: skip

MAIL = {
    "an endpoint whose certificate nobody vouches for": Luck(
        certified(CertificateAuthority.unknown_ca), Exit.FAILED, "the certificate of 127.0.0.1 does not hold",
        "correct host, port and security", "smtp-endpoint", flows=FLOWS,
    ),
    "an endpoint whose certificate names another host": Luck(
        certified(CertificateAuthority.wrong_host), Exit.FAILED, "the certificate of 127.0.0.1 does not hold",
        "SES's own name for the region", "smtp-endpoint", flows=FLOWS,
    ),
    "a host that is SES's in another region": Luck(
        endpoint(host="email-smtp.eu-west-1.amazonaws.com"), Exit.USAGE, "SES's host for eu-west-1, but the region",
        "rotator config check", "configuration",
    ),
    "a host that is not SES at all": Luck(
        endpoint(host="mail.example.com"), Exit.USAGE, "'mail.example.com' is not an SMTP host of SES",
        "rotator config check", "configuration",
    ),
    "an endpoint that takes no connection": Luck(
        closed_port, Exit.RETRY, "no address takes a connection: .*connection refused", "check host, port",
        "smtp-endpoint", flows=FLOWS,
    ),
    "a user that may not send": Luck(
        may_not_send, Exit.ACCESS,
        "may not ses:SendRawEmail", "allow ses:SendRawEmail|policy allow", "access", flows=FLOWS,
    ),
    "a personal mailbox whose token is dead": Luck(
        dead_token, Exit.ACCESS, "invalid_grant",
        r"rotator gmail login --mailbox \S+@\S+ --client-secrets FILE --out /\S+\s", "consumer-push", flows=FLOWS,
    ),
    "a service account that Google does not know any more": Luck(
        armed("gmail_invalid_grant"), Exit.ACCESS, "invalid_grant", "service account's key still exists",
        "consumer-push", flows=FLOWS,
    ),
    "a service account without delegation": Luck(
        armed("gmail_unauthorized_client"), Exit.ACCESS, "unauthorized_client", "domainwidedelegation, client id \\d+",
        "consumer-push", flows=FLOWS,
    ),
    "Gmail that throttles": Luck(
        armed("gmail_429"), Exit.RETRY, "429", "again later", "consumer-push", flows=FLOWS
    ),
    "an alias that waits for its verification": Luck(
        alias(status="pending"), Exit.FAILED, "is not verified in Gmail", "verification mail", "consumer-push",
        flows=FLOWS,
    ),
    "an alias that sends elsewhere": Luck(
        alias(host="smtp.example.com"), Exit.FAILED, "sends through smtp.example.com", "correct the endpoint",
        "consumer-push", flows=FLOWS,
    ),
}  # fmt: skip

COMMAND = {"type": "command", "name": "crm", "push": ["{home}/push"]}
SECRET = {"type": "secrets_manager", "name": "secret", "secret_id": "prod/ses-smtp"}
PARAMETER = {"type": "ssm_parameter", "name": "parameter", "path": "/prod/ses-smtp"}
MADE = {"service": "secretsmanager", "call": "create_secret", "Name": "prod/ses-smtp"}

PLACES = {
    "a program that is not executable": Luck(
        place(COMMAND, program("#!/bin/sh\n", 0o600)), Exit.USAGE, "is not an executable file", "correct",
        "configuration",
    ),
    "a program that is not there": Luck(
        place(COMMAND), Exit.FAILED, "push cannot be looked at: No such file", "correct its path", "consumer-push",
        flows=FLOWS,
    ),
    "a program whose interpreter is not there": Luck(
        place(COMMAND, program("#!/usr/bin/no-such-sh\n")), Exit.FAILED, "begins with #!'/usr/bin/no-such-sh'",
        "a program that starts", "consumer-push", flows=FLOWS,
    ),
    "a program of the relay that is not there": Luck(
        after("/usr/sbin/no-such-postmap"), Exit.FAILED, "no-such-postmap cannot be looked at", "correct its path",
        "consumer-push", flows=FLOWS,
    ),
    "a secret that is not there": Luck(
        place(SECRET), Exit.FAILED, "secret prod/ses-smtp: not there", "aws secretsmanager create-secret",
        "consumer-push", flows=FLOWS,
    ),
    "a secret that is no JSON": Luck(
        place(SECRET, stored(**MADE, SecretString="plain")), Exit.FAILED, "secret prod/ses-smtp: ", "a JSON object",
        "consumer-push", flows=FLOWS,
    ),
    "a secret that may not be read": Luck(
        place(SECRET, both(stored(**MADE), armed("asm_denied"))), Exit.ACCESS, "AccessDeniedException",
        "rotator config policy", "access", flows=FLOWS,
    ),
    "Secrets Manager that throttles": Luck(
        place(SECRET, both(stored(**MADE), armed("asm_throttled"))), Exit.RETRY, "ThrottlingException", "again later",
        "access", flows=FLOWS,
    ),
    "a parameter in clear text": Luck(
        place(PARAMETER, stored("ssm", "put_parameter", Name="/prod/ses-smtp", Value="{}", Type="String")), Exit.FAILED,
        "is a String", "SecureString", "consumer-push", flows=FLOWS,
    ),
    "a parameter that may not be read": Luck(
        place(PARAMETER, armed("ssm_denied")), Exit.ACCESS, "AccessDeniedException", "rotator config policy", "access",
        flows=FLOWS,
    ),
    "a token that lacks a scope": Luck(
        token_without_scopes, Exit.ACCESS, "admin@.*: .* no token: invalid_scope",
        "get a token with both scopes.*rotator gmail login --mailbox", "consumer-push",
        flows=FLOWS,
    ),
    "an alias that nobody set up": Luck(
        edited("news@", "nobody@"), Exit.ACCESS, "nobody@.*: .*404", "set the address up in Gmail", "consumer-push",
        flows=FLOWS,
    ),
}  # fmt: skip

BAD_LUCK = COMMAND_LINE | FILES | AWS | MAIL | PLACES
