"""The records as they should be, as a master file: what SES reports, and a policy to begin with."""

from __future__ import annotations

from collections.abc import Iterator

from rotator.core.errors import ConfigurationError
from rotator.core.looks import Lookup
from rotator.doctor import dmarc as rules
from rotator.doctor.dns import SES_INCLUDE, feedback_host
from rotator.doctor.ground import Domain, Ground
from rotator.doctor.spf_terms import is_spf

TTL_S = 3600


def zone_file(ground: Ground) -> Iterator[str]:
    """Lines to paste, for every configured domain.  Raises ConfigurationError without one, AccessError, RemoteFault."""
    if not ground.domains:
        raise ConfigurationError("no domains are configured", fix="domains: [{name: …, region: …}] in the file")
    for domain in ground.domains.values():
        yield from _of_domain(ground, domain)


def _of_domain(ground: Ground, domain: Domain) -> Iterator[str]:
    identity = ground.identity(domain)
    yield f"; {domain.name}, SES in {domain.region}"
    if identity is None:
        yield f"; SES does not know {domain.name} in {domain.region}: create the identity there first"
        return
    if identity.dkim_origin != "EXTERNAL":
        for token in identity.tokens:
            yield _line(f"{token}._domainkey.{domain.name}", "CNAME", f"{token}.{identity.hosted_zone}.")
    mail_from = ground.mail_from_of(domain)
    if mail_from:
        yield _line(mail_from, "MX", f"10 {feedback_host(domain.region)}.")
        yield _line(mail_from, "TXT", f'"{_spf(ground, mail_from)}"')
    yield from _policy(ground, domain)


def _spf(ground: Ground, name: str) -> str:
    """What stands there with SES's include in front of its end; a new record if there is none, or several."""
    found = [text for text in ground.records(name, "TXT").values if is_spf(text)]
    if len(found) != 1 or '"' in found[0]:
        return f"v=spf1 include:{SES_INCLUDE} -all"
    terms = found[0].split()
    if f"include:{SES_INCLUDE}" in terms:
        return " ".join(terms)
    return " ".join([terms[0], f"include:{SES_INCLUDE}", *terms[1:]])


def _policy(ground: Ground, domain: Domain) -> Iterator[str]:
    """A policy that asks for nothing yet, where none is published; a published one is its owner's decision."""
    answer = ground.records(f"_dmarc.{domain.name}", "TXT")
    if answer.absent or (answer.status is Lookup.FOUND and not rules.records(answer.values)):
        yield _line(f"_dmarc.{domain.name}", "TXT", '"v=DMARC1; p=none"')


def _line(name: str, kind: str, value: str) -> str:
    return f"{name}. {TTL_S} IN {kind} {value}"
