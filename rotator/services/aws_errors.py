"""botocore's errors in our words: AWS said no, we may not come in, or nothing was learnt.

Codes: the service models of botocore 1.44.5 and the common errors of the query protocol.  botocore's texts are
shown only for errors that AWS itself wrote (ClientError), never for those that may quote what was sent.
"""

from __future__ import annotations

from rotator.core.errors import AccessError, RemoteFault, RotatorError
from rotator.core.foreign_text import one_line
from rotator.core.ports import Refused, Unknown

THROTTLED = frozenset({"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
                       "Throttled", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"})  # fmt: skip
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OptInRequired",
                    "AuthorizationError"})
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
BAD_CREDENTIALS = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch",
                             "IncompleteSignature", "MissingAuthenticationToken", "AuthFailure",
                             "InvalidAccessKeyId"})  # fmt: skip
# The service looked at the request and turned it down: nothing changed.
MODELLED = frozenset({"NoSuchEntity", "LimitExceeded", "InvalidInput", "ValidationError",
                      "EntityTemporarilyUnmodifiable", "NotFoundException", "ResourceNotFoundException",
                      "InvalidParameterException", "InvalidRequestException", "ParameterNotFound",
                      # Secrets Manager and Parameter Store, by their models
                      "ValidationException", "ResourceExistsException", "LimitExceededException",
                      "EncryptionFailure", "DecryptionFailure", "InvalidKeyId", "ParameterLimitExceeded",
                      "ParameterMaxVersionLimitExceeded", "ParameterPatternMismatchException",
                      "HierarchyTypeMismatchException", "UnsupportedParameterType"})  # fmt: skip
DEFINITIVE = THROTTLED | DENIED | EXPIRED | BAD_CREDENTIALS | MODELLED

SCP = "service control policy"
DENY = "explicit deny"
NEW_CREDENTIALS = (
    "give the service user AWS credentials for which `aws sts get-caller-identity` answers, then run again"
)


class NotSent(Exception):
    """The request was held back because it would have outlived its deadline."""


def failures() -> tuple[type[Exception], ...]:
    """What a boto3 call can fail with.  ResponseParserError quotes the whole reply: its text is never shown."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    return (ClientError, BotoCoreError, ResponseParserError, NotSent, ValueError)


def code_of(error: Exception) -> str:
    """The service's name for the error; empty if the error is not the service's."""
    from botocore.exceptions import ClientError

    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_throttled(error: Exception) -> bool:
    """Whether the request was turned away for its rate, without effect."""
    return code_of(error) in THROTTLED


def settle(error: Exception, what: str) -> Refused | Unknown:
    """What a failed *write* ended as.  Refused only where nothing can have changed; Unknown for all else."""
    code, text = code_of(error), f"{what}: {describe(error)}"
    if not code:
        return Refused(text, NEW_CREDENTIALS, "access") if _unsent(error) else Unknown(text)
    if getattr(error, "operation_name", "") == "AssumeRole":
        return Refused(f"{text} (AssumeRole)", "check aws.assume_role and the role's trust policy", "access")
    if code in DEFINITIVE and _status(error) < 500:
        return Refused(text, _fix(code, error), _id(code))
    return Unknown(text)


def translate(error: Exception, what: str) -> RotatorError:
    """The error to raise for a failed *read*: AccessError where a person must act, else RemoteFault."""
    code = code_of(error)
    if code in DENIED | EXPIRED | BAD_CREDENTIALS:
        return AccessError(f"{what}: {describe(error)}", fix=_fix(code, error))
    if not code and _unsent(error) and not isinstance(error, NotSent):
        return AccessError(f"{what}: {describe(error)}", fix=NEW_CREDENTIALS)
    return RemoteFault(f"{what}: {describe(error)}")


def describe(error: Exception) -> str:
    """One line about the error: AWS's own code and message, or the name of botocore's error."""
    from botocore.exceptions import ClientError

    if isinstance(error, NotSent):
        return str(error)
    if not isinstance(error, ClientError):
        return _KINDS.get(type(error).__name__, f"no usable answer ({type(error).__name__})")
    message = one_line(str(error.response.get("Error", {}).get("Message", "")))[:300]
    return f"{code_of(error)}: {message}" if message else code_of(error)


_KINDS = {
    "NoCredentialsError": "no AWS credentials were found",
    "PartialCredentialsError": "the AWS credentials are incomplete",
    "CredentialRetrievalError": "the AWS credentials could not be fetched",
    "TokenRetrievalError": "the AWS sign-on token could not be fetched",
    "UnauthorizedSSOTokenError": "the AWS sign-on session has ended",
    "SSOTokenLoadError": "the AWS sign-on session has ended",
    "EndpointConnectionError": "the service could not be reached",
    "ConnectTimeoutError": "the service could not be reached in time",
    "ReadTimeoutError": "no answer in time",
    "ConnectionClosedError": "the connection was closed without an answer",
    "ValueError": "the answer could not be read",
    "ResponseParserError": "the answer could not be read",
    "ProxyConnectionError": "the proxy could not be reached",
    "SSLError": "the TLS connection failed",
}
_UNSENT = frozenset({"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError",
                     "UnauthorizedSSOTokenError", "SSOTokenLoadError"})  # fmt: skip


def _unsent(error: Exception) -> bool:
    return isinstance(error, NotSent) or type(error).__name__ in _UNSENT


def _status(error: Exception) -> int:
    response = getattr(error, "response", {})
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))


def _id(code: str) -> str:
    if code in THROTTLED:
        return "throttled"
    if code in DENIED | EXPIRED | BAD_CREDENTIALS:
        return "access"
    return {"LimitExceeded": "key-quota-full", "NoSuchEntity": "no-such-entity"}.get(code, "refused")


def _fix(code: str, error: Exception) -> str:
    if code in DENIED:
        if SCP in describe(error):
            return "a service control policy forbids it: the organization's administrator must allow it for this role"
        if DENY in describe(error):
            return "take the Deny of this action out of the policy that the reply names; an Allow does not outweigh it"
        return "allow the action for the program's own role or user: rotator config policy"
    if code in EXPIRED:
        return "the program's own AWS credentials have expired: renew them and run again, it goes on where it was"
    if code in BAD_CREDENTIALS:
        return NEW_CREDENTIALS
    return "run the same command again later" if code in THROTTLED else ""
