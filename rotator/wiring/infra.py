"""Configuration to what the templates are made for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rotator.alarms.definitions import Watched, alarms
from rotator.config import kinds
from rotator.config.iam_policy import iam_policy
from rotator.config.model import Configuration, UserConfiguration
from rotator.config.report_policy import read_the_rates
from rotator.config.schema import Alarms
from rotator.config.suppression_policy import read_the_list
from rotator.core import hosts
from rotator.core.alarm import Alarm
from rotator.core.errors import ConfigurationError
from rotator.infra.plan import MailDomain, Plan, Policy, SmtpUser


def plan(configuration: Configuration, region: str, domains: Sequence[str], daily_limit: float | None) -> Plan:
    """The plan for one region.  Raises ConfigurationError for a domain that is none, or if none can be told."""
    chosen = region or configuration.users[0].region
    users = [one for one in configuration.users if one.account == configuration.users[0].account]
    path = configuration.aws.user_path or "/"
    return Plan(
        partition=hosts.partition_of(chosen),
        account=users[0].account,
        region=chosen,
        domains=_domains(domains, configuration, chosen),
        users=[SmtpUser(one.name, path) for one in users],
        role_policy=_role_policy(configuration),
        mail_to=configuration.notify.mail_to or "",
        alarms=_alarms(configuration, chosen, daily_limit),
    )


def _domains(given: Sequence[str], configuration: Configuration, region: str) -> tuple[MailDomain, ...]:
    """Those that were named, else the file's of this region, else those that mail is seen to be sent from."""
    named = [(name, mail_from) for name, _, mail_from in (one.partition("=") for one in given)]
    written = [(one.name, one.mail_from or "") for one in configuration.domains if one.region == region]
    found = named or written or [(name, "") for user in configuration.users for name in _senders(user)]
    for part in (part for pair in found for part in pair if part):
        if (problem := hosts.host_problem(part)) is not None:
            raise ConfigurationError(f"--domain {part!r}: {problem}", fix="--domain example.com=bounce.example.com")
    if not found:
        raise ConfigurationError("no domain can be told from the file", fix="--domain example.com=bounce.example.com")
    return tuple(MailDomain(name.lower(), mail_from.lower()) for name, mail_from in dict(found).items())


def _senders(user: UserConfiguration) -> Iterator[str]:
    """The domains of the addresses that the user's consumers send from."""
    for one in user.consumers:
        if isinstance(one, kinds.GmailSendAs):
            yield one.alias.rpartition("@")[2]
        elif isinstance(one, kinds.READABLE) and one.canary_from:
            yield one.canary_from.rpartition("@")[2]


def _alarms(configuration: Configuration, region: str, daily_limit: float | None) -> tuple[Alarm, ...]:
    """Those that `rotator alarms status` looks for."""
    chosen = configuration.alarms or Alarms()
    users = [Watched.by(configuration.policy_for(one)) for one in configuration.users if one.region == region]
    return alarms(users, daily_limit=daily_limit, prefix=chosen.prefix, namespace=chosen.namespace)


def _role_policy(configuration: Configuration) -> Policy:
    """What `config policy` prints, and in any case the reads of the suppression list and of SES's rates."""
    found = iam_policy(configuration)
    reading = (read_the_list(configuration.suppression.regions), read_the_rates(configuration))
    more = [one for one in reading if one not in found["Statement"]]
    return {**found, "Statement": [*found["Statement"], *more]}
