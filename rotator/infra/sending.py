"""The stack `sending`: identities with DKIM and MAIL FROM, their records, and the configuration set.

The stack is complete while SES still looks for the records: deployed is not verified. Identities stay when the stack
goes, because a new one gets new DKIM tokens.
"""

from __future__ import annotations

from typing import Any

from rotator.infra.plan import SET_NAME, MailDomain, Plan, Resource, Resources, attribute, logical, ref, template
from rotator.infra.watching import watching, watching_outputs

DKIM_RECORDS = (1, 2, 3)
TTL = "1800"


def sending(plan: Plan) -> dict[str, Any]:
    """The template."""
    parameters: Resource = {
        "NotifyAddress": {
            "Type": "String",
            "Description": "Who hears of alarms by e-mail, and confirms it once; empty for nobody.",
            "Default": plan.mail_to,
        },
        "DmarcPolicy": {
            "Type": "String",
            "Description": "DMARC policy of the record to make; empty if there is a record already.",
            "AllowedValues": ["", "none", "quarantine", "reject"],
            "Default": "",
        },
    }
    conditions: Resource = {"NotifyWanted": _given("NotifyAddress")}
    resources: Resources = {"ConfigurationSet": _configuration_set(), **watching(plan)}
    outputs: Resource = watching_outputs()
    for one in plan.domains:
        zone, hosted = logical("HostedZone", one.name), logical("Hosted", one.name)
        parameters[zone] = {
            "Type": "String",
            "Description": f"Route 53 hosted zone of {one.name}, for its records; empty to make them elsewhere.",
            "Default": "",
        }
        conditions[hosted] = _given(zone)
        conditions[f"Dmarc{hosted}"] = {"Fn::And": [{"Condition": hosted}, _given("DmarcPolicy")]}
        resources[logical("Identity", one.name)] = _identity(one)
        resources.update(_records(one, plan.region, zone, hosted))
        outputs.update(_tokens(one))
    text = f"rotator: SES in {plan.region}: identities, configuration set, events, alarms.  Makes no access key."
    return template(text, parameters, conditions, resources, outputs)


def _given(parameter: str) -> Resource:
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


def _configuration_set() -> Resource:
    """Bounces and complaints put an address on the list; reputation is measured, which it is not by default."""
    return {
        "Type": "AWS::SES::ConfigurationSet",
        "Properties": {
            "Name": SET_NAME,
            "ReputationOptions": {"ReputationMetricsEnabled": True},
            "SuppressionOptions": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        },
    }


def _identity(one: MailDomain) -> Resource:
    mail_from = {"MailFromDomain": one.mail_from, "BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}
    return {
        "Type": "AWS::SES::EmailIdentity",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "EmailIdentity": one.name,
            "ConfigurationSetAttributes": {"ConfigurationSetName": ref("ConfigurationSet")},
            "DkimAttributes": {"SigningEnabled": True},
            "DkimSigningAttributes": {"NextSigningKeyLength": "RSA_2048_BIT"},
            "FeedbackAttributes": {"EmailForwardingEnabled": True},
            **({"MailFromAttributes": mail_from} if one.mail_from else {}),
        },
    }


def _records(one: MailDomain, region: str, zone: str, hosted: str) -> Resources:
    """DKIM's three CNAMEs, MX and SPF of the MAIL FROM domain, and DMARC where it is wanted."""
    identity, made = logical("Identity", one.name), {}
    for n in DKIM_RECORDS:
        token, value = attribute(identity, f"DkimDNSTokenName{n}"), attribute(identity, f"DkimDNSTokenValue{n}")
        made[f"{logical('Dkim', one.name)}{n}"] = _record(zone, hosted, token, "CNAME", value)
    if one.mail_from:
        exchange = f"10 feedback-smtp.{region}.amazonses.com"
        made[logical("Mx", one.name)] = _record(zone, hosted, one.mail_from, "MX", exchange)
        spf = '"v=spf1 include:amazonses.com ~all"'
        made[logical("Spf", one.name)] = _record(zone, hosted, one.mail_from, "TXT", spf)
    dmarc = {"Fn::Sub": '"v=DMARC1; p=${DmarcPolicy}"'}
    made[logical("Dmarc", one.name)] = _record(zone, f"Dmarc{hosted}", f"_dmarc.{one.name}", "TXT", dmarc)
    return made


def _record(zone: str, condition: str, name: Any, kind: str, value: Any) -> Resource:
    return {
        "Type": "AWS::Route53::RecordSet",
        "Condition": condition,
        "Properties": {"HostedZoneId": ref(zone), "Name": name, "Type": kind, "TTL": TTL, "ResourceRecords": [value]},
    }


def _tokens(one: MailDomain) -> Resource:
    """The records to make by hand where the zone lies elsewhere."""
    identity = logical("Identity", one.name)
    return {
        f"{logical('Dkim', one.name)}{n}": {
            "Description": f"CNAME of {one.name}, DKIM {n} of {len(DKIM_RECORDS)}",
            "Value": {
                "Fn::Sub": f"${{{identity}.DkimDNSTokenName{n}}} CNAME ${{{identity}.DkimDNSTokenValue{n}}}",
            },
        }
        for n in DKIM_RECORDS
    }
