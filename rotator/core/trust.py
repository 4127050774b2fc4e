"""Which hosts a credential may be sent to: SES's for the region, Google's, and what the environment names.

A configuration file decides where secrets go, so it cannot widen this by itself.  `ROTATOR_TRUST_HOSTS`
(comma separated) can; it belongs to whoever starts the program.  Hosts by
https://docs.aws.amazon.com/general/latest/gr/ses.html; every `..._problem` returns the sentence to show, or None.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from rotator.core.errors import ConfigurationError

TRUST_VARIABLE = "ROTATOR_TRUST_HOSTS"
AWS_ENDPOINT_PREFIX = "AWS_ENDPOINT_URL"
# Who else can read what is sent: a proxy's own authority is in the bundle.
BYWAYS = frozenset({"AWS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
KEY_LOG = "SSLKEYLOGFILE"  # Python's ssl would write every session's keys there: this program takes it out
# https://docs.aws.amazon.com/general/latest/gr/rande.html; api.aws are the dual-stack names
AWS_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonaws.eu", ".api.amazonwebservices.com.cn")

STARTTLS_PORTS = (587, 2587, 25)
TLS_PORTS = (465, 2465)

# Prefix of the region name -> partition, DNS suffix.  Regions nobody has heard of are left to DNS.
PARTITIONS = {"cn-": ("aws-cn", "amazonaws.com.cn"), "us-gov-": ("aws-us-gov", "amazonaws.com")}
REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}")
SES_HOST = re.compile(
    r"(?:vpce-[a-z0-9-]+\.)?email-smtp(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?P<vpce>vpce\.)?(?P<suffix>amazonaws\.com(?:\.cn)?)"
)
SQS_HOST = re.compile(r"sqs(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?P<suffix>amazonaws\.com(?:\.cn)?)")
MAIL_MANAGER = re.compile(r"(?:.*\.)?mail-manager-smtp\.(?:.*\.)?amazonaws\.com(?:\.cn)?")
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})*")
LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")

# Cc and Cf: control and invisible formatting characters (bidi overrides among them); Cs: halves of a pair;
# Zl, Zp: line and paragraph separators, which some readers take for the end of a line.
CONTROL_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def has_control(text: str) -> bool:
    """Whether a character could end a line, hide or rearrange text: header injection starts with one."""
    return any(unicodedata.category(character) in CONTROL_CATEGORIES for character in text)


def partition_of(region: str) -> str:
    """The ARN partition of a region: aws, aws-cn or aws-us-gov."""
    return _partition(region)[0]


def smtp_host(region: str) -> str:
    """SES's ordinary SMTP host of a region."""
    return f"email-smtp.{region}.{_partition(region)[1]}"


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by its very name; nothing is looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_ses_host(host: str) -> bool:
    """Whether the name has the form of an SES SMTP endpoint of any region."""
    return _region_of_host(host) is not None


def is_vpc_host(host: str) -> bool:
    """Whether the name is an endpoint inside somebody's VPC, which nobody outside can reach."""
    return is_ses_host(host) and ".vpce." in host.lower()


def region_problem(region: str) -> str | None:
    """A region has the form of one; whether AWS has it is for DNS to say."""
    if REGION.fullmatch(region):
        return None
    if REGION.fullmatch(region[:-1]):
        return "names an availability zone; a region ends in the number: us-east-1"
    return "must be a region such as us-east-1"


def host_problem(host: str) -> str | None:
    """A host is an ASCII DNS name or an IP address, without scheme, port or final dot."""
    if has_control(host):
        return "holds a control character or an invisible one"
    if "://" in host:
        return "must be a host name alone, without a scheme such as smtp://"
    if HOST.fullmatch(host) or _is_address(host):
        return None
    if HOST.fullmatch(host.partition(":")[0]):
        return "must be a host name alone: a port has its own key, `port`"
    return "must be a host name in ASCII letters, digits, dots and hyphens, or an IP address"


def address_problem(address: str) -> str | None:
    """A mail address is `local@domain` in ASCII, with nothing that could end a header or a command."""
    if has_control(address):
        return "holds a control character or an invisible one"
    local, at, domain = address.rpartition("@")
    if at and len(local) <= 64 and LOCAL_PART.fullmatch(local) and HOST.fullmatch(domain):
        return None
    return "must be one bare mail address such as admin@example.com"


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
    of_host = _region_of_host(host)
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
    parts = _split(url)
    if parts is None or parts.hostname is None:
        return "must be a plain URL such as https://gmail.googleapis.com, without user, query or fragment"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "must be https: plain http only to loopback"
    if is_google_host(parts.hostname) or parts.hostname in trusted:
        return None
    return f"is not a host of Google (*.googleapis.com); any other only if the environment names it in {TRUST_VARIABLE}"


def queue_problem(url: str, trusted: frozenset[str]) -> str | None:
    """Whether `url` is a queue at AWS: https to SQS, or a host that the environment names."""
    parts = _split(url)
    if parts is None or parts.hostname is None:
        return "must be a queue's URL, such as https://sqs.us-east-1.amazonaws.com/123456789012/audit"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return "must be https: plain http only to loopback"
    if queue_region(url) or parts.hostname in trusted:
        return None
    return f"is not a queue of SQS; any other host only if the environment names it in {TRUST_VARIABLE}"


def queue_region(url: str) -> str:
    """The region in a queue's URL; empty if the host is not SQS's."""
    parts = _split(url)
    match = SQS_HOST.fullmatch(parts.hostname) if parts is not None and parts.hostname else None
    if match is None or not REGION.fullmatch(match["region"]):
        return ""
    return match["region"] if _partition(match["region"])[1] == match["suffix"] else ""


def ping_url_problem(url: str, trusted: frozenset[str]) -> str | None:
    """Whether runs may be reported to `url`: https to anybody the file names, http only to trusted loopback."""
    parts = _split(url)
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
    parts = _split(url)
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
    parts = _split(url)
    return None if parts is None else parts.hostname


def check_redirections(environ: Mapping[str, str]) -> None:
    """AWS may be redirected by the environment, but in plain http only to loopback.  Raises ConfigurationError."""
    for name in redirections(environ):
        if name == TRUST_VARIABLE:
            continue
        parts = _split(environ[name])
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


def _partition(region: str) -> tuple[str, str]:
    for prefix, found in PARTITIONS.items():
        if region.startswith(prefix):
            return found
    return "aws", "amazonaws.com"


def _region_of_host(host: str) -> str | None:
    """The region in an SES host name; None if it has not the form, prefix and suffix in step."""
    match = SES_HOST.fullmatch(host.lower())
    if match is None or host.lower().startswith("vpce-") != bool(match["vpce"]):
        return None
    region = match["region"]
    return region if REGION.fullmatch(region) and _partition(region)[1] == match["suffix"] else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # a zone id names an interface of this machine, not a host


def _split(url: str) -> SplitResult | None:
    """The parts of a plain http(s) URL; None if it is anything else or could be read in two ways."""
    if has_control(url) or not url.isascii() or any(character in url for character in "\\ @?#"):
        return None
    try:
        parts = urlsplit(url)
        valid_port = parts.port is None or parts.port > 0
    except ValueError:
        return None
    host = parts.hostname or ""
    return parts if parts.scheme in ("http", "https") and valid_port and host_problem(host) is None else None
