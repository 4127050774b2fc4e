"""Files with one mistake each, and the sentence that each of them gets."""

from __future__ import annotations

CONSUMER = "{type: gmail_send_as, name: admin-alias, mailbox: jadasailing@gmail.com, alias: admin@queenofsandiego.com}"

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf"

# sentence -> (what is replaced in the nine lines, by what, line and what stands at the column, path, words)
BAD_FILES = {
    "an unknown key is told with the nearest known one": (
        "sole_creator: true", "sole_creater: true", "6 sole_creater:", "users.0.sole_creater",
        "did you mean 'sole_creator'?"),
    "an unknown key at the top": (
        "notify:", "notfy:", "9 notfy:", "notfy", "unknown key 'notfy', did you mean 'notify'?"),
    "an unknown key inside a consumer": (
        "mailbox:", "mailbx:", "8 mailbx:", "users.0.consumers.0.mailbx", "did you mean 'mailbox'?"),
    "an unknown key with no likeness": ("notify:", "zzz: 1\nnotify:", "9 zzz:", "zzz", "unknown key 'zzz'"),
    "a topic that is none": (
        "{mail_to:", "{sns_topic: x, mail_to:", "9 sns_topic:", "notify.sns_topic", "ARN of an SNS topic"),
    "a topic that reaches no people": (
        "{mail_to:", "{sns_topic: arn:aws:sns:us-east-1:123456789012:a.fifo, mail_to:", "9 sns_topic:",
        "notify.sns_topic", "ARN of an SNS topic"),
    "reminders by the minute": (
        "{mail_to:", "{remind: 1m, mail_to:", "9 remind:", "notify.remind", "must be at least 1h"),
    "mail without a sender": (
        CONSUMER, "{type: human, name: h, instructions: x}", "9 mail_to:", "notify.mail_to", "add mail_from"),
    "a ping in plain text": (
        "notify:", "ping: {rotate: http://hc-ping.com/x}\nnotify:", "9 rotate:", "ping.rotate", "must be https"),
    "a ping to loopback that the environment does not name": (
        "notify:", "ping: {audit: http://127.0.0.1/x}\nnotify:", "9 audit:", "ping.audit", "must be https"),
    "a ping that is no URL": (
        "notify:", "ping: {rotate: hc-ping.com}\nnotify:", "9 rotate:", "ping.rotate", "must be a plain URL"),
    "a file that Prometheus' exporter would not read": (
        "notify:", "metrics: {textfile: /srv/rotator.txt}\nnotify:", "9 textfile:", "metrics.textfile",
        "must end in .prom"),
    "an unknown kind": (
        "gmail_send_as,", "gmail_sendas,", "8 {type:", "users.0.consumers.0", "did you mean 'gmail_send_as'?"),
    "a consumer without a kind": ("type: gmail_send_as, ", "", "8 {name:", "users.0.consumers.0", "'type' is missing"),
    "a missing key stands where it is missing": (
        "    region: us-east-1\n", "", "3 name:", "users.0", "required key 'region' is missing"),
    "a key twice": (
        "    region:", "    name: x\n    region:", "5 name:", "users.0.name",
        "key 'name' stands here twice, first in line 3"),
    "an account without quotes": (
        '"123456789012"', "123456789012", "4 account:", "users.0.account", "must be text: put it in quotes"),
    "an account with too few digits": ('"123456789012"', '"12345"', "4 account:", "users.0.account", "the 12 digits"),
    "`no` is no boolean": (
        "sole_creator: true", "sole_creator: no", "6 sole_creator:", "users.0.sole_creator",
        "must be true or false, in these words"),
    "nor is a text": (
        "sole_creator: true", 'sole_creator: "true"', "6 sole_creator:", "users.0.sole_creator",
        "must be true or false"),
    "a user name that could be a path": (
        "name: jada-ses-smtp", "name: a/b", "3 name:", "users.0.name", "IAM user name"),
    "a region that is none": (
        "region: us-east-1", "region: Ireland", "5 region:", "users.0.region", "such as us-east-1"),
    "an availability zone": (
        "region: us-east-1", "region: us-east-1a", "5 region:", "users.0.region", "availability zone"),
    "an address that is none": (
        "alias: admin@queenofsandiego.com", "alias: admin", "8 alias:", "users.0.consumers.0.alias",
        "one bare mail address"),
    "an address with a display name": (
        "mail_to: jadasailing@gmail.com", 'mail_to: "Jada <jada@x.com>"', "9 mail_to:", "notify.mail_to",
        "one bare mail address"),
    "no consumers at all": (
        f"\n      - {CONSUMER}", " []", "7 consumers:", "users.0.consumers",
        "nothing would ever be told the new password"),
    "a list where a mapping belongs": (
        "notify: {mail_to: jadasailing@gmail.com}", "notify: []", "9 notify:", "notify", "mapping"),
    "a mapping where a list belongs": (
        f"\n      - {CONSUMER}", " {}", "7 consumers:", "users.0.consumers", "must be a list"),
    "a bare number for a duration": (
        "region:", "grace: 72\n    region:", "5 grace:", "users.0.grace", "the bare number 72 is not a duration"),
    "a duration in words": (
        "region:", "grace: 3 days\n    region:", "5 grace:", "users.0.grace", "'3 days' is not a duration"),
    "a limit below a day": (
        "region:", "max_age: 1h\n    region:", "5 max_age:", "users.0.max_age", "must be at least 24h"),
    "a rotation that would end after the limit": (
        "region:", "rotate_at: 88d\n    region:", "5 rotate_at:", "users.0.rotate_at",
        "set rotate_at to 85d at the most"),
    "`auto` may be too late as well": (
        "region:", "max_age: 30d\n    region:", "5 max_age:", "users.0.max_age",
        "rotate_at 60d + grace 72h + 48h is more than max_age 30d; set rotate_at to 25d at the most"),
    "a file of another version": ("version: 1", "version: 2", "1 version:", "version", "must be 1"),
    "an unknown endpoint": (
        "alias: admin@queenofsandiego.com}", "alias: a@b.com, endpoint: eu}", "8 endpoint:",
        "users.0.consumers.0.endpoint", "unknown endpoint 'eu'; this user has 'us-east-1'"),
    "no endpoint where there are several": (
        "    consumers:", "    endpoints: [{region: us-east-1}, {region: eu-west-1}]\n    consumers:", "9 {type:",
        "users.0.consumers.0", "names one: endpoint: 'us-east-1' or 'eu-west-1'"),
    "an endpoint twice": (
        "    consumers:", "    endpoints: [{name: a}, {name: a}]\n    consumers:", "7 name:",
        "users.0.endpoints.1.name", "endpoint 'a' stands here twice"),
    "a host of another region": (
        "    consumers:", "    endpoints: [{host: email-smtp.eu-west-1.amazonaws.com}]\n    consumers:", "7 host:",
        "users.0.endpoints.0.host", "is SES's host for eu-west-1, but the region here is us-east-1"),
    "an inbound endpoint": (
        "    consumers:", "    endpoints: [{host: abc.mail-manager-smtp.amazonaws.com}]\n    consumers:", "7 host:",
        "users.0.endpoints.0.host", "inbound Mail Manager endpoint"),
    "a host that is not SES's": (
        "    consumers:", "    endpoints: [{host: smtp.example.com}]\n    consumers:", "7 host:",
        "users.0.endpoints.0.host", "only if the environment names it in ROTATOR_TRUST_HOSTS"),
    "a host with a port": (
        "    consumers:", '    endpoints: [{host: "127.0.0.1:25"}]\n    consumers:', "7 host:",
        "users.0.endpoints.0.host", "a port has its own key"),
    "an authority of one's own": (
        "    consumers:", "    endpoints: [{ca_file: /etc/ca.pem}]\n    consumers:", "7 ca_file:",
        "users.0.endpoints.0.ca_file", "could read the password"),
    "STARTTLS where TLS is spoken at once": (
        "    consumers:", "    endpoints: [{port: 465, security: starttls}]\n    consumers:", "7 security:",
        "users.0.endpoints.0.security", "speaks TLS from the first byte"),
    "TLS where STARTTLS is wanted": (
        "    consumers:", "    endpoints: [{security: tls}]\n    consumers:", "7 security:",
        "users.0.endpoints.0.security", "wants STARTTLS"),
    "a port on which SES does not listen": (
        "    consumers:", "    endpoints: [{port: 26}]\n    consumers:", "7 port:", "users.0.endpoints.0.port",
        "SES listens on"),
    "a port that is none": (
        "    consumers:", "    endpoints: [{port: 70000}]\n    consumers:", "7 port:", "users.0.endpoints.0.port",
        "at most 65535"),
    "Gmail behind somebody's VPC endpoint": (
        "    consumers:", "    endpoints: [{host: vpce-1a.email-smtp.us-east-1.vpce.amazonaws.com}]\n    consumers:",
        "9 {type:", "users.0.consumers.0.endpoint", "Gmail cannot reach"),
    "a Google host that is not Google's": (
        "notify:", "google: {api_endpoint: https://gmail.example.com}\nnotify:", "9 api_endpoint:",
        "google.api_endpoint", "is not a host of Google"),
    "a relative path": ("notify:", "state: journal.db\nnotify:", "9 state:", "state", "must be an absolute path"),
    "a path that climbs": ("notify:", "state: /var/../etc/x\nnotify:", "9 state:", "state", "without '..'"),
    "a role that is none": (
        "notify:", "aws: {assume_role: admin}\nnotify:", "9 assume_role:", "aws.assume_role", "ARN of a role"),
    "a user path with a wildcard": (
        "notify:", "aws: {user_path: /*/}\nnotify:", "9 user_path:", "aws.user_path", "IAM path"),
    "two ways into Gmail": (
        "alias: admin@queenofsandiego.com}", "alias: a@b.com, credentials: {authorized_user: /a, service_account: /b}}",
        "8 credentials:", "users.0.consumers.0.credentials",
        "needs exactly one of authorized_user, service_account and impersonate"),
    "a program that is found by PATH": (
        CONSUMER, "{type: credential_file, name: f, path: /x, format: postfix, after: [postmap, /x]}", "8 {type:",
        "users.0.consumers.0", "the program in 'after' must be an absolute path"),
    "a canary from nowhere": (
        CONSUMER, "{type: credential_file, name: f, path: /x, format: postfix, canary_to: a@b.com}", "8 {type:",
        "users.0.consumers.0", "canary_to needs canary_from"),
    "a format that is none": (
        CONSUMER, "{type: credential_file, name: f, path: /x, format: ini}", "8 format:", "users.0.consumers.0.format",
        "must be 'postfix', 'msmtp', 'env' or 'json'"),
    "a program for a hook that is found by PATH": (
        CONSUMER, "{type: command, name: c, push: [push]}", "8 {type:", "users.0.consumers.0",
        "the program in 'push' must be an absolute path"),
    "a check that is found by PATH": (
        CONSUMER, "{type: command, name: c, push: [/x], check: [check]}", "8 {type:", "users.0.consumers.0",
        "the program in 'check' must be an absolute path"),
    "a hook that would outlive its step": (
        CONSUMER, "{type: command, name: c, push: [/x], timeout: 30s}", "8 timeout:", "users.0.consumers.0.timeout",
        "must be at most 20s"),
    "a secret's ARN that is cut short": (
        CONSUMER, "{type: secrets_manager, name: s, secret_id: 'arn:aws:secretsmanager:x'}", "8 secret_id:",
        "users.0.consumers.0.secret_id", "or its whole ARN"),
    "a secret in two regions": (
        CONSUMER, f"{{type: secrets_manager, name: s, region: eu-west-1, secret_id: '{ARN}'}}", "8 region:",
        "users.0.consumers.0.region", "the secret's ARN says us-east-1"),
    "two parts of one name": (
        CONSUMER, "{type: secrets_manager, name: s, secret_id: s, fields: {username: a, password: a}}", "8 fields:",
        "users.0.consumers.0.fields", "two parts have the same name"),
    "a part that would be a path": (
        CONSUMER, "{type: ssm_parameter, name: s, path: /s, fields: {username: a/b}}", "8 username:",
        "users.0.consumers.0.fields.username", "must be a plain name"),
    "a parameter without a slash": (
        CONSUMER, "{type: ssm_parameter, name: s, path: s}", "8 path:", "users.0.consumers.0.path",
        "begins with a slash"),
    "a parameter where AWS keeps its own": (
        CONSUMER, "{type: ssm_parameter, name: s, path: /aws/s}", "8 {type:", "users.0.consumers.0", "AWS's own"),
    "an alias for a key": (
        CONSUMER, "{type: ssm_parameter, name: s, path: /s, kms_key: alias/s}", "8 kms_key:",
        "users.0.consumers.0.kms_key", "not of an alias"),
    "two seals": (
        "notify:", "seal: {key_file: /x, kms_key: 'arn:aws:kms:us-east-1:123456789012:key/a'}\nnotify:", "9 seal:",
        "seal", "sealed with one of them"),
    "two consumers of one name": (
        CONSUMER, "{type: human, name: h, instructions: x}\n      - {type: human, name: h, instructions: x}", "9 name:",
        "users.0.consumers.1.name", "consumer 'h' stands here twice"),
    "one file for two consumers": (
        CONSUMER, ("{type: credential_file, name: a, path: /x, format: env}\n      - "
        "{type: credential_file, name: b, path: /y, replicas: [/x], format: json}"), "9 name:",
        "users.0.consumers.1.name", "writes to the same place as 'a' of 'jada-ses-smtp'"),
    "one server's line in a map for two consumers": (
        CONSUMER, ("{type: credential_file, name: a, path: /x, format: postfix}\n      - "
        "{type: credential_file, name: b, path: /x, format: postfix}"), "9 name:", "users.0.consumers.1.name",
        "writes to the same place"),
    "a copy that is the file itself": (
        CONSUMER, "{type: credential_file, name: a, path: /x, replicas: [/y, /x], format: env}", "8 /x]",
        "users.0.consumers.0.replicas.1", "is named twice"),
    "one secret for two consumers, by name and by ARN": (
        CONSUMER, (f"{{type: secrets_manager, name: s, secret_id: a}}\n      - {{type: secrets_manager, name: t, "
        f"secret_id: '{ARN}'}}"), "9 name:", "users.0.consumers.1.name", "same place as 's'"),
    "one parameter for two consumers, by itself and below a path": (
        CONSUMER, ("{type: ssm_parameter, name: s, path: /s, layout: path}\n      - {type: ssm_parameter, name: t, "
        "path: /s/password}"), "9 name:", "users.0.consumers.1.name", "same place as 's'"),
    "one alias for two consumers": (
        CONSUMER, f"{CONSUMER}\n      - {CONSUMER.replace('admin-alias', 'other').replace('admin@', 'Admin@')}",
        "9 name:", "users.0.consumers.1.name", "same place as 'admin-alias'"),
    "a user with null for its name": ("name: jada-ses-smtp", "name: null", "3 name:", "users.0.name", "must be text"),
}  # fmt: skip
