"""The records of a healthy world: a domain that SES sends for, Amazon's own names, and some recipients' domains."""

from __future__ import annotations

from rotator.sandbox.dns import Records
from rotator.sandbox.sesv2 import Identity

SPF = "v=spf1 include:amazonses.com -all"
DMARC = "v=DMARC1; p=quarantine; rua=mailto:dmarc@{domain}"
AMAZON_SPF = "v=spf1 ip4:199.255.192.0/22 ip4:199.127.232.0/22 ip4:54.240.0.0/18 ip4:69.169.224.0/20 -all"
EXCHANGE = "contoso.example"  # its mail goes to Exchange Online
ELSEWHERE = "mail.example"  # its mail goes to a server of its own
NO_MAIL = "parked.example"  # says that it takes no mail at all (RFC 7505)
DKIM_KEY = "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC"


def publish(records: Records, identity: Identity, region: str) -> None:
    """Everything that SES asks for, and a policy for receivers."""
    domain = identity.name
    records.put(domain, "NS", "ns1.registrar.example.", "ns2.registrar.example.")
    records.put(domain, "MX", f"10 mx.{domain}.")
    records.put(f"mx.{domain}", "A", "192.0.2.10")
    records.put(f"_dmarc.{domain}", "TXT", DMARC.format(domain=domain))
    zone = f"dkim.{region}.amazonses.com"
    for token in identity.tokens:
        records.put(f"{token}._domainkey.{domain}", "CNAME", f"{token}.{zone}.")
        records.put(f"{token}.{zone}", "TXT", DKIM_KEY)
    if identity.mail_from:
        records.put(identity.mail_from, "MX", f"10 feedback-smtp.{region}.amazonses.com.")
        records.put(identity.mail_from, "TXT", SPF)


def publish_others(records: Records, region: str) -> None:
    """Amazon's names, and the domains that mail may go to."""
    records.put("amazonses.com", "TXT", AMAZON_SPF)
    records.put(f"feedback-smtp.{region}.amazonses.com", "A", "192.0.2.25")
    records.put(EXCHANGE, "MX", "0 contoso-example.mail.protection.outlook.com.")
    records.put("contoso-example.mail.protection.outlook.com", "A", "192.0.2.40")
    records.put(ELSEWHERE, "MX", "10 mx1.mail.example.", "20 mx2.mail.example.")
    records.put("mx1.mail.example", "A", "192.0.2.50")
    records.put("mx2.mail.example", "A", "192.0.2.51")
    records.put(NO_MAIL, "MX", "0 .")
    records.put("gmail.com", "MX", "5 gmail-smtp-in.l.google.com.")
    records.put("gmail-smtp-in.l.google.com", "A", "192.0.2.60")
