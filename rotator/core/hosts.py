"""What a region, a host, a mail address and a plain URL look like.  Whether one may be trusted is `trust`'s affair.

Every `..._problem` returns the sentence to show, or None.  Hosts by https://docs.aws.amazon.com/general/latest/gr/ses.html.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from rotator.core.foreign_text import has_control

STARTTLS_PORTS = (587, 2587, 25)
TLS_PORTS = (465, 2465)

# SES's own mailbox: accepts and drops, no effect on reputation or quota, in SES's sandbox too (its developer guide)
SIMULATOR = "success@simulator.amazonses.com"

# Prefix of the region name -> partition, DNS suffix.  Regions nobody has heard of are left to DNS.
PARTITIONS = {"cn-": ("aws-cn", "amazonaws.com.cn"), "us-gov-": ("aws-us-gov", "amazonaws.com")}
REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}")
SES_HOST = re.compile(
    r"(?:vpce-[a-z0-9-]+\.)?email-smtp(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?P<vpce>vpce\.)?(?P<suffix>amazonaws\.com(?:\.cn)?)"
)
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})*")
LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def partition_of(region: str) -> str:
    """The ARN partition of a region: aws, aws-cn or aws-us-gov."""
    return partition(region)[0]


def smtp_host(region: str) -> str:
    """SES's ordinary SMTP host of a region."""
    return f"email-smtp.{region}.{partition(region)[1]}"


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
    return region_of_host(host) is not None


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


def plain_url(url: str) -> SplitResult | None:
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


def partition(region: str) -> tuple[str, str]:
    """The ARN partition of a region, and the DNS suffix of its hosts."""
    for prefix, found in PARTITIONS.items():
        if region.startswith(prefix):
            return found
    return "aws", "amazonaws.com"


def region_of_host(host: str) -> str | None:
    """The region in an SES host name; None if it has not the form, prefix and suffix in step."""
    match = SES_HOST.fullmatch(host.lower())
    if match is None or host.lower().startswith("vpce-") != bool(match["vpce"]):
        return None
    region = match["region"]
    return region if REGION.fullmatch(region) and partition(region)[1] == match["suffix"] else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # a zone id names an interface of this machine, not a host
