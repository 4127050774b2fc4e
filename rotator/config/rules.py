"""Rules over more than one value, and filling in what follows from others.  Every breach is a (path, sentence)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rotator.config.files import program_problems
from rotator.config.kinds import IN_AWS, Command, Consumer, CredentialFile, Credentials, GmailSendAs, SecretsManager
from rotator.config.model import EndpointSettings, UserConfiguration, by_hand, sends_as
from rotator.config.positions import Path
from rotator.config.schema import Audit, Endpoint, File, Notify, Ping, Suppression, Timing, User
from rotator.core import hosts, trust
from rotator.core.durations import UNITS_S, format_duration

ROTATE_AT_BY_HAND_S = 60 * UNITS_S["d"]  # a person needs time: 30 days before the limit
ROTATE_AT_S = 80 * UNITS_S["d"]
SLACK_S = 2 * UNITS_S["d"]  # a daily timer that missed once, and the hours that last-used lags
LONGEST_SHOWN = 32  # an IAM secret has 40 characters, an SMTP password 44
Breaches = Iterator[tuple[Path, str]]


def google_breaches(endpoint: str | None, trusted: frozenset[str]) -> Breaches:
    """Whether a Google token may go where the file says."""
    if endpoint is not None and (problem := trust.google_url_problem(endpoint, trusted)) is not None:
        yield ("google", "api_endpoint"), problem


def audit_breaches(audit: Audit, users: Iterable[User], trusted: frozenset[str]) -> Breaches:
    """Whether the far end of the audit can be looked at, and whether the queue is AWS's."""
    arrival = audit.arrival
    if arrival is None:
        return
    if arrival.gmail is not None and arrival.credentials is None and mailbox_credentials(users, arrival.gmail) is None:
        no_token = "no consumer has credentials for this mailbox: give them here as credentials"  # noqa: S105
        yield ("audit", "arrival", "gmail"), no_token
    if arrival.sqs is not None and (problem := trust.queue_problem(arrival.sqs, trusted)) is not None:
        yield ("audit", "arrival", "sqs"), problem


def mailbox_credentials(users: Iterable[User | UserConfiguration], mailbox: str) -> Credentials | None:
    """What opens the mailbox, if a consumer of the file has it."""
    for one in (consumer for user in users for consumer in user.consumers):
        if isinstance(one, GmailSendAs) and one.credentials and one.mailbox.lower() == mailbox.lower():
            return one.credentials
    return None


def ping_breaches(ping: Ping, trusted: frozenset[str]) -> Breaches:
    """Whether a run may be reported to where the file says."""
    for key in ("rotate", "audit", "suppression"):
        url = getattr(ping, key)
        if url is not None and (problem := trust.ping_url_problem(url, trusted)) is not None:
            yield ("ping", key), problem


def sender_breaches(notify: Notify, users: Iterable[User], timing: Timing) -> Breaches:
    """SES sends from addresses of its own account's identities only, so one has to be known for every user."""
    if notify.mail_to is None or notify.mail_from is not None:
        return
    silent = next((user.name for user in users if sends_as(resolve_user(user, timing)) is None), None)
    if silent is not None:
        missing = f"nothing in the file says from which address SES may send notices about {shown(silent)}"
        yield ("notify", "mail_to"), f"{missing}: add mail_from, an address of a verified identity"


def duplicate_users(names: Iterable[str | None]) -> Breaches:
    """Commands name a user by its name alone."""
    yield from _duplicates(names, lambda index: ("users", index, "name"), "user")


def duplicate_domains(names: Iterable[str | None]) -> Breaches:
    """A domain is looked at once; a second region of it is another file's matter."""
    yield from _duplicates(names, lambda index: ("domains", index, "name"), "domain")


def user_breaches(user: User, timing: Timing, at: Path, trusted: frozenset[str]) -> Breaches:
    """Everything that is wrong inside one user, `at` its path."""
    resolved = resolve_user(user, timing)
    for index, endpoint in enumerate(resolved.endpoints):
        yield from _endpoint_breaches(endpoint, (*at, "endpoints", index), trusted)
    yield from _duplicates(
        (endpoint.name for endpoint in resolved.endpoints), lambda index: (*at, "endpoints", index, "name"), "endpoint"
    )
    yield from _duplicates(
        (consumer.name for consumer in user.consumers), lambda index: (*at, "consumers", index, "name"), "consumer"
    )
    for index, (as_written, consumer) in enumerate(zip(user.consumers, resolved.consumers, strict=True)):
        if as_written.endpoint is None and len(resolved.endpoints) > 1:
            names = " or ".join(shown(endpoint.name) for endpoint in resolved.endpoints)
            yield (*at, "consumers", index), f"with several endpoints a consumer names one: endpoint: {names}"
        yield from _consumer_breaches(consumer, resolved, (*at, "consumers", index))
    yield from _timing_breaches(user, resolved, at)


def resolve_suppression(file: File) -> Suppression:
    """The section with the users' regions filled in, each once."""
    regions = file.suppression.regions or tuple(user.region for user in file.users)
    return file.suppression.model_copy(update={"regions": tuple(dict.fromkeys(regions))})


def resolve_user(user: User, timing: Timing) -> UserConfiguration:
    """The user with every default filled in; also for one that breaks the rules."""
    endpoints = tuple(_resolve_endpoint(endpoint, user.region) for endpoint in user.endpoints or (Endpoint(),))
    verify = user.verify or timing.verify
    return UserConfiguration(
        name=user.name,
        account=user.account,
        region=user.region,
        sole_creator=user.sole_creator,
        max_age_s=timing.max_age if user.max_age is None else user.max_age,
        rotate_at_s=_rotate_at(user, timing),
        grace_s=timing.grace if user.grace is None else user.grace,
        quiet_s=timing.quiet if user.quiet is None else user.quiet,
        watch_s=timing.watch if user.watch is None else user.watch,
        verify_deadline_s=verify.deadline,
        verify_successes=verify.successes,
        endpoints=endpoints,
        consumers=tuple(_resolve_consumer(consumer, endpoints[0].name, user.region) for consumer in user.consumers),
    )


def _rotate_at(user: User, timing: Timing) -> int:
    written = user.rotate_at if "rotate_at" in user.model_fields_set else timing.rotate_at
    if written is not None:
        return written
    return ROTATE_AT_BY_HAND_S if any(by_hand(consumer) for consumer in user.consumers) else ROTATE_AT_S


def _resolve_endpoint(endpoint: Endpoint, region: str) -> EndpointSettings:
    region = endpoint.region or region
    return EndpointSettings(
        name=endpoint.name or region,
        region=region,
        host=endpoint.host or hosts.smtp_host(region),
        port=endpoint.port,
        security=endpoint.security or ("tls" if endpoint.port in hosts.TLS_PORTS else "starttls"),
        ca_file=endpoint.ca_file,
    )


def _resolve_consumer(consumer: Consumer, endpoint: str, region: str) -> Consumer:
    """With the names that follow from others: the endpoint, and the region of a place in AWS."""
    found = {} if consumer.endpoint is not None else {"endpoint": endpoint}
    if isinstance(consumer, IN_AWS) and consumer.region is None:
        found["region"] = _region_in_arn(consumer) or region
    return consumer.model_copy(update=found)


def _region_in_arn(consumer: Consumer) -> str:
    is_arn = isinstance(consumer, SecretsManager) and consumer.secret_id.startswith("arn:")
    return consumer.secret_id.split(":")[3] if is_arn and isinstance(consumer, SecretsManager) else ""


def _endpoint_breaches(endpoint: EndpointSettings, at: Path, trusted: frozenset[str]) -> Breaches:
    if (problem := trust.smtp_host_problem(endpoint.host, endpoint.region, trusted)) is not None:
        yield (*at, "host"), f"{shown(endpoint.host, host=True)} {problem}"
    if endpoint.ca_file is not None and endpoint.host not in trusted:
        yield (
            (*at, "ca_file"),
            f"whoever made that authority could read the password: only for a host named in {trust.TRUST_VARIABLE}",
        )
    tls, starttls = hosts.TLS_PORTS, hosts.STARTTLS_PORTS
    if endpoint.port in tls and endpoint.security != "tls":
        yield (*at, "security"), f"port {endpoint.port} speaks TLS from the first byte: security tls, or port 587"
    if endpoint.port in starttls and endpoint.security != "starttls":
        yield (*at, "security"), f"port {endpoint.port} wants STARTTLS: security starttls, or port 465"
    if hosts.is_ses_host(endpoint.host) and endpoint.port not in (*tls, *starttls):
        yield (*at, "port"), "SES listens on 25, 587 and 2587 (STARTTLS) and on 465 and 2465 (TLS)"


def _consumer_breaches(consumer: Consumer, user: UserConfiguration, at: Path) -> Breaches:
    there = {endpoint.name: endpoint.host for endpoint in user.endpoints}
    host = there.get(consumer.endpoint or "")
    if host is None:
        yield (
            (*at, "endpoint"),
            f"unknown endpoint {shown(consumer.endpoint or '')}; this user has {', '.join(map(shown, there))}",
        )
    elif isinstance(consumer, GmailSendAs) and hosts.is_vpc_host(host):
        yield (*at, "endpoint"), f"Gmail cannot reach {host}: it is inside your VPC"
    if isinstance(consumer, IN_AWS) and _region_in_arn(consumer) not in ("", consumer.region):
        yield (*at, "region"), f"the secret's ARN says {_region_in_arn(consumer)}: leave region out"
    for key, argv in _programs(consumer).items():
        for index, problem in program_problems(argv or (), own=_files(consumer)):
            yield (*at, key, index), problem


def _programs(consumer: Consumer) -> dict[str, tuple[str, ...] | None]:
    """Key of the file -> program and arguments."""
    if isinstance(consumer, CredentialFile):
        return {"after": consumer.after}
    return {"push": consumer.push, "check": consumer.check} if isinstance(consumer, Command) else {}


def _files(consumer: Consumer) -> tuple[str, ...]:
    """What `after` is there to read: judged when it is written."""
    return (consumer.path, *consumer.replicas) if isinstance(consumer, CredentialFile) else ()


def _timing_breaches(written: User, user: UserConfiguration, at: Path) -> Breaches:
    total = user.rotate_at_s + user.grace_s + SLACK_S
    if total <= user.max_age_s:
        return
    key = next((key for key in ("rotate_at", "max_age", "grace") if key in written.model_fields_set), "name")
    latest = user.max_age_s - user.grace_s - SLACK_S
    advice = (
        f"set rotate_at to {format_duration(latest)} at the most" if latest > 0 else "shorten grace or raise max_age"
    )
    times = [format_duration(one) for one in (user.rotate_at_s, user.grace_s, SLACK_S, user.max_age_s)]
    sentence = "a rotation would end after the limit: rotate_at {} + grace {} + {} is more than max_age {}; {}"
    yield (*at, key), sentence.format(*times, advice)


def _duplicates(names: Iterable[str | None], where: Callable[[int], Path], what: str) -> Breaches:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in first:
            yield where(index), f"{what} {shown(name or '')} stands here twice: names must differ"
        elif name is not None:
            first[name] = index


def shown(text: str, *, host: bool = False) -> str:
    """A name in quotes, unless it is as long as a secret; a host, if it has the dot that no secret has."""
    return repr(text) if (("." in text) if host else len(text) <= LONGEST_SHOWN) else "'***'"
