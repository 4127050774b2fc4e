"""What there is to look at: one subject for each configured domain, region, user, endpoint, consumer, recipient."""

from __future__ import annotations

from collections.abc import Iterator

from rotator.core.policy import ConsumerKind
from rotator.doctor.checks import Kind, Subject
from rotator.doctor.ground import Ground, User


def subjects(ground: Ground, kind: Kind) -> Iterator[Subject]:
    """The subjects of one kind, in the order of the file."""
    match kind:
        case Kind.DOMAIN:
            yield from (Subject(region=one.region, domain=one.name) for one in ground.domains.values())
        case Kind.REGION:
            yield from (Subject(region=one) for one in regions(ground))
        case Kind.USER:
            yield from (Subject(user=one.name, domain=_domain(ground, one)) for one in ground.users.values())
        case Kind.ENDPOINT:
            yield from _endpoints(ground)
        case Kind.CONSUMER | Kind.GMAIL:
            yield from _consumers(ground, gmail=kind is Kind.GMAIL)
        case Kind.RECIPIENT:
            yield from [Subject(address=ground.recipient)] if ground.recipient else []
        case Kind.RECIPIENT_REGION:
            yield from _recipient_regions(ground)


def regions(ground: Ground) -> tuple[str, ...]:
    """Every region that mail is sent from."""
    of_endpoints = (look.region for user in ground.users.values() for look in user.endpoints.values())
    return tuple(dict.fromkeys([*of_endpoints, *(one.region for one in ground.domains.values())]))


def _endpoints(ground: Ground) -> Iterator[Subject]:
    for user in ground.users.values():
        for name, look in user.endpoints.items():
            yield Subject(user=user.name, endpoint=name, region=look.region, domain=_domain(ground, user))


def _consumers(ground: Ground, *, gmail: bool) -> Iterator[Subject]:
    for user in ground.users.values():
        for name, consumer in user.consumers.items():
            if (consumer.traits.kind == ConsumerKind.GMAIL_SEND_AS) is gmail:
                endpoint = consumer.traits.endpoint
                region = user.endpoints[endpoint].region
                yield Subject(region, _domain(ground, user), user.name, endpoint, name)


def _recipient_regions(ground: Ground) -> Iterator[Subject]:
    if ground.recipient:
        yield from (Subject(region=one, address=ground.recipient) for one in regions(ground))


def _domain(ground: Ground, user: User) -> str:
    """The configured domain that the user's mail is sent from, so that its troubles are the mail's ground."""
    domain = user.sends_as.rpartition("@")[2].lower()
    return domain if domain in ground.domains else ""
