"""Which hosts a credential may be sent to: SES's for the region, Google's, and what the environment names.

A configuration file decides where secrets go, so it cannot widen this by itself.  `ROTATOR_TRUST_HOSTS`
(comma separated) can; it belongs to whoever starts the program.  Every `..._problem` returns the sentence to show, or
None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rotator.core.errors import ConfigurationError
from rotator.core.hosts import REGION, host_problem, is_loopback, partition, plain_url, region_of_host, smtp_host

TRUST_VARIABLE = "ROTATOR_TRUST_HOSTS"
AWS_ENDPOINT_PREFIX = "AWS_ENDPOINT_URL"
# Who else can read what is sent: a proxy's own authority is in the bundle.
BYWAYS = frozenset({"AWS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
KEY_LOG = "SSLKEYLOGFILE"  # Python's ssl would write every session's keys there: this program takes it out
# https://docs.aws.amazon.com/general/latest/gr/rande.html; api.aws are the dual-stack names
AWS_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonaws.eu", ".api.amazonwebservices.com.cn")

SQS_HOST = re.compile(r"sqs(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?P<suffix>amazonaws\.com(?:\.cn)?)")
MAIL_MANAGER = re.compile(r"(?:.*\.)?mail-manager-smtp\.(?:.*\.)?amazonaws\.com(?:\.cn)?")


def smtp_host_problem(host: str, region: str, trusted: frozenset[str]) -> str | None:
    """Whether an SMTP password of `region` may be sent to `host`.

    A host of SES in another region and an inbound endpoint are refused even if trusted: they can never work.
    """
    host = host.lower()
    if MAIL_MANAGER.fullmatch(host):
        return (
            "is an inbound Mail Manager endpoint: it answers 250 and its rules may drop the mail in silence; "
            f"use {smtp_host(region)}"
        )
    of_host = region_of_host(host)
    if of_host is not None and of_host != region:
        return (
            f"is SES's host for {of_host}, but the region here is {region}: SMTP passwords are per region, "
            f"every login would be refused (535); use {smtp_host(region)}"
        )
    if of_host is not None or host in trusted:
        return None
    return (
        f"is not an SMTP host of SES for {region}: use {smtp_host(region)}, its email-smtp-fips form or "
        f"a VPC endpoint; any other host only if the environment names it in {TRUST_VARIABLE}"
    )


def google_url_problem(url: str, trusted: frozenset[str]) -> str | None:
    """Whether a Google token may be sent to `url`: https to Google, or a host that the environment names."""
    parts = plain_url(url)
    if parts is None or parts.hostname is None:
        return "must be a plain URL such as https://gmail.googleapis.com, without user, query or fragment"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "must be https: plain http only to loopback"
    if is_google_host(parts.hostname) or parts.hostname in trusted:
        return None
    return f"is not a host of Google (*.googleapis.com); any other only if the environment names it in {TRUST_VARIABLE}"


def queue_problem(url: str, trusted: frozenset[str]) -> str | None:
    """Whether `url` is a queue at AWS: https to SQS, or a host that the environment names."""
    parts = plain_url(url)
    if parts is None or parts.hostname is None:
        return "must be a queue's URL, such as https://sqs.us-east-1.amazonaws.com/123456789012/audit"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "must be https: plain http only to loopback"
    if queue_region(url) or parts.hostname in trusted:
        return None
    return f"is not a queue of SQS; any other host only if the environment names it in {TRUST_VARIABLE}"


def queue_region(url: str) -> str:
    """The region in a queue's URL; empty if the host is not SQS's."""
    parts = plain_url(url)
    match = SQS_HOST.fullmatch(parts.hostname) if parts is not None and parts.hostname else None
    if match is None or not REGION.fullmatch(match["region"]):
        return ""
    return match["region"] if partition(match["region"])[1] == match["suffix"] else ""


def ping_url_problem(url: str, trusted: frozenset[str]) -> str | None:
    """Whether runs may be reported to `url`: https to anybody the file names, http only to trusted loopback."""
    parts = plain_url(url)
    if parts is None or not parts.hostname:
        return "must be a plain URL such as https://hc-ping.com/your-uuid, without user, query or fragment"
    if parts.scheme == "https" or (is_loopback(parts.hostname) and parts.hostname in trusted):
        return None
    return f"must be https: plain http only to a loopback host that the environment names in {TRUST_VARIABLE}"


def is_google_host(host: str) -> bool:
    """Whether Google answers at this name: its API hosts, and the page where a person signs in."""
    host = host.lower()
    return host == "accounts.google.com" or host.endswith(".googleapis.com")


def trusted_hosts(environ: Mapping[str, str]) -> frozenset[str]:
    """The hosts that the environment names.  Raises ConfigurationError if one is not a host."""
    names = [name.strip().lower() for name in environ.get(TRUST_VARIABLE, "").split(",")]
    for name in filter(None, names):
        if (problem := host_problem(name)) is not None:
            raise ConfigurationError(
                f"the variable {TRUST_VARIABLE}: an entry {problem}",
                fix=f"write hosts with commas between them: {TRUST_VARIABLE}=127.0.0.1,localhost",
            )
    return frozenset(filter(None, names))


def redirections(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that send this program elsewhere than to AWS and Google: every command shouts about them."""
    names = (name for name, value in environ.items() if value and _redirects(name))
    return tuple(sorted(names))


def byways(environ: Mapping[str, str]) -> tuple[str, ...]:
    """`NAME=value` of what puts a proxy or another authority between us and AWS; without a proxy's own password."""
    found = sorted(name for name, value in environ.items() if value and name.upper() in BYWAYS)
    return tuple(f"{name}={environ[name].rpartition('@')[2]}" for name in found)


def aws_url_problem(url: str, environ: Mapping[str, str]) -> str | None:
    """Whether AWS requests may go to `url`, however it came about: ~/.aws/config can name one as well.

    https to AWS; https elsewhere or http to loopback only if the environment says so.
    """
    parts = plain_url(url)
    if parts is None or parts.hostname is None:
        return "is not a plain http or https URL"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "is plain http: the reply of CreateAccessKey holds the new secret"
    named = trusted_hosts(environ) | {host for host in map(_host, _endpoints(environ)) if host}
    if parts.hostname in named or (parts.scheme == "https" and parts.hostname.lower().endswith(AWS_SUFFIXES)):
        return None
    return f"is no host of AWS, and only ~/.aws/config names it: the environment must ({TRUST_VARIABLE})"


def _endpoints(environ: Mapping[str, str]) -> list[str]:
    return [environ[name] for name in redirections(environ) if name.startswith(AWS_ENDPOINT_PREFIX)]


def _host(url: str) -> str | None:
    parts = plain_url(url)
    return None if parts is None else parts.hostname


def check_redirections(environ: Mapping[str, str]) -> None:
    """AWS may be redirected by the environment, but in plain http only to loopback.  Raises ConfigurationError."""
    for name in redirections(environ):
        if name == TRUST_VARIABLE:
            continue
        parts = plain_url(environ[name])
        if parts is None or parts.hostname is None:
            raise ConfigurationError(f"the variable {name} is not a plain http or https URL", fix=f"unset {name}")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ConfigurationError(
                f"the variable {name} sends AWS requests in plain http to {parts.hostname}",
                why="the reply of CreateAccessKey holds the new secret",
                fix=f"unset {name}, or use https; plain http only to loopback",
            )


def _redirects(name: str) -> bool:
    return name == TRUST_VARIABLE or name.startswith(AWS_ENDPOINT_PREFIX)
