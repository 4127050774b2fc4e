"""Keeps the libraries from printing secrets: their debug switches are held off, whatever the program's own are.

Measured: at DEBUG `botocore.parsers` prints the reply of CreateAccessKey and `botocore.endpoint` a SecretString;
`httplib2.debuglevel` and googleapiclient's request dumps print the SMTP password.  INFO prints none of them.
"""

from __future__ import annotations

import logging
import sys

CHATTY = (
    "boto3",
    "botocore",
    "s3transfer",
    "urllib3",
    "googleapiclient",
    "google",
    "google_auth_httplib2",
    "google_auth_oauthlib",
    "httplib2",
    "oauthlib",
    "requests_oauthlib",
)


def quiet_libraries() -> None:
    """Hold every logger of the libraries at INFO or above and their debug switches off.  Cheap, safe to repeat.

    Call it after logging is set up and after the libraries are imported; it imports none of them itself.
    """
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in CHATTY]
    for name in dict.fromkeys((*CHATTY, *known)):
        logger = logging.getLogger(name)
        if logger.level < logging.INFO and (name in CHATTY or logger.level != logging.NOTSET):
            logger.setLevel(logging.INFO)
    for module, switch in (("httplib2", "debuglevel"), ("googleapiclient.model", "dump_request_response")):
        if module in sys.modules:
            setattr(sys.modules[module], switch, 0)
