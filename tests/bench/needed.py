"""The outside calls of a calm `rotate` up to the grace, in order, each with the rule that needs it.

The world is that of `processes.calm_world`: a Workspace alias that is written by the API and sends a canary, and a
relay's password file, which is read back and so needs no mail.  A call that no rule needs has no place here.
"""

from __future__ import annotations

TLS = "TLS"  # a connection that says nothing more; the sandbox records what is asked on a connection, not this

NEEDED: tuple[tuple[str, str], ...] = (
    ("iam:ListAccessKeys", "know_the_keys"),  # also the time, and whether the key is due
    ("sts:GetCallerIdentity", "know_whom_we_act_on"),  # the account
    ("iam:GetUser", "know_whom_we_act_on"),  # the user's id: another user of the same name has another
    (TLS, "preflight_before_create"),  # one address of one endpoint
    ("iam:SimulatePrincipalPolicy", "preflight_before_create"),
    ("jwt-bearer", "preflight_before_create"),  # Google's token, for all that follows
    ("users.getProfile", "preflight_before_create"),  # whose mailbox the credentials open
    ("sendAs.get", "preflight_before_create"),  # the alias exists, is accepted and sends through our endpoint
    ("iam:CreateAccessKey", "create_once"),
    ("iam:ListAccessKeys", "know_the_keys"),  # after every change the list is looked at again
    ("AUTH", "verify_before_push"),
    ("AUTH", "verify_before_push"),
    ("AUTH", "verify_before_push"),  # verify.successes in a row
    ("sendAs.patch", "push_to_every_consumer"),
    ("sendAs.get", "canary_before_retiring"),  # still accepted, else Gmail sends from another address unasked
    ("messages.list", "canary_before_retiring"),  # what is there before the mail is not its arrival
    ("messages.send", "canary_before_retiring"),
    ("messages.get", "canary_before_retiring"),  # From, as Gmail sent it
    ("messages.list", "canary_before_retiring"),  # it has arrived
    ("messages.get", "canary_before_retiring"),  # and is ours, From unchanged
)

CALLS = tuple(name for name, _ in NEEDED)
RECORDED = tuple(name for name in CALLS if name != TLS)
CONNECTIONS = sum(name in {TLS, "AUTH"} for name in CALLS)  # every login is on a connection of its own
