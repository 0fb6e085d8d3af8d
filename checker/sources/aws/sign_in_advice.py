"""What goes wrong when botocore signs in → what a person should do about it."""

import configparser
import os
from collections.abc import Callable
from json import JSONDecodeError
from textwrap import shorten
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectionError,  # noqa: A004 -- botocore's, which Python's is not
    CredentialRetrievalError,
    HTTPClientError,
    InvalidChecksumConfigError,
    InvalidConfigError,
    InvalidDefaultsMode,
    InvalidEndpointConfigurationError,
    InvalidIMDSEndpointError,
    InvalidIMDSEndpointModeError,
    InvalidProxiesConfigError,
    InvalidRegionError,
    InvalidRetryConfigurationError,
    InvalidRetryModeError,
    InvalidSTSRegionalEndpointsConfigError,
    LoginError,
    MissingDependencyException,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
    UnknownCredentialError,
)
from botocore.parsers import ResponseParserError

from checker.extras import how_to_install
from checker.sources.aws.failures import DENIED, explain
from checker.sources.aws.reader import listing

LONGEST = 300  # characters of what a program printed
BOM = ("\ufeff", "\u00ef\u00bb\u00bf")  # as UTF-8, and as Latin-1 shows it
SPLIT = ("No closing quotation", "No escaped character")  # shlex, of a credential_process
INVALID_ENDPOINT = "Invalid endpoint: "  # botocore.endpoint
STILL_EXPIRED = "still expired"  # botocore.credentials
SETTINGS = (
    InvalidChecksumConfigError,
    InvalidConfigError,  # a source_profile that is not there, half a single sign-on, a loop of roles
    InvalidDefaultsMode,
    InvalidEndpointConfigurationError,
    InvalidIMDSEndpointError,
    InvalidIMDSEndpointModeError,
    InvalidProxiesConfigError,
    InvalidRetryConfigurationError,
    InvalidRetryModeError,
    ParamValidationError,  # a role_arn or an external_id that AWS STS would not take
    PartialCredentialsError,
    UnknownCredentialError,
)
ANSWERS = (ClientError, ConnectionError, HTTPClientError, ResponseParserError)  # whose explanation has its own advice
CONTAINER = "container-role"
PROCESS = "custom-process"
WEB_IDENTITY = "assume-role-with-web-identity"
ROLE = "assume-role"
LOGIN_EXTRA = (
    "profile {profile} signs in with `aws login`, for which keyage needs the package awscrt: {install}; or sign in"
    " another way"
)
# By the METHOD of botocore's provider: what was tried, and what to see to.
WAYS = {
    PROCESS: (
        "the credential_process of profile {profile}",
        "run that command by itself: it has to exit with 0 and print the credentials as JSON and nothing else",
    ),
    ROLE: (
        "the role of profile {profile} (role_arn)",
        "see its source_profile or credential_source, that the role's trust policy names the caller, and the MFA code",
    ),
    WEB_IDENTITY: (
        "the web identity (AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file of profile {profile})",
        "see that the file of the token is there and holds a token that the role trusts",
    ),
    CONTAINER: (
        "the container's credentials (AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI)",
        "see the AWS_CONTAINER_ variables, and unset them outside of the container",
    ),
    "sso": ("single sign-on of profile {profile}", "sign in again with `aws sso login --profile {profile}`"),
    "login": ("`aws login` of profile {profile}", "sign in again with `aws login --profile {profile}`"),
    "iam-role": ("the role of this instance", "see that the instance has a role"),
}
ELSE = (
    "the sign-in with profile {profile}",
    "see the AWS_ variables and the AWS configuration, and report it if it stays",
)


def mistake(error: Exception, profile: str, way: str | None) -> str | None:
    """What is wrong in a file or a variable that a person wrote; None if it is something else."""
    if isinstance(error, ConfigParseError):
        return _unparsed(error)
    if isinstance(error, ProfileNotFound):
        return f"{_words(error)}: see `aws configure list-profiles`"
    if isinstance(error, InvalidRegionError):
        region = str(error.kwargs["region_name"])
        variable = _variable(region, lambda name: name in ("AWS_REGION", "AWS_DEFAULT_REGION"))
        return f"{region!r} is not a region, such as us-east-1: correct {variable or f'region of profile {profile}'}"
    if isinstance(error, InvalidSTSRegionalEndpointsConfigError):
        value = error.kwargs["sts_regional_endpoints_config"]
        return f"AWS_STS_REGIONAL_ENDPOINTS (sts_regional_endpoints) is {value!r}: write regional or legacy"
    if isinstance(error, SETTINGS):
        return f"{_words(error)} (profile {profile}): correct the AWS configuration or the AWS_ variables"
    return _wrong_value(_short(str(error)), profile, way) if isinstance(error, ValueError) else None


def _wrong_value(text: str, profile: str, way: str | None) -> str | None:
    if text in SPLIT:
        return f"the credential_process of profile {profile} is not a command: {text}: close its quotes"
    if text.startswith(INVALID_ENDPOINT):
        address = text.removeprefix(INVALID_ENDPOINT)
        name = _variable(address, lambda name: name.startswith("AWS_ENDPOINT_URL"))
        where = name or f"endpoint_url of profile {profile}"
        return f"{where} is {address!r}, which is not an address: write it as https://HOST or http://HOST:PORT"
    if text.startswith("Unsupported host"):
        return f"AWS_CONTAINER_CREDENTIALS_FULL_URI: {text}; or write an https:// address"
    if text.startswith("Auth token value"):
        return "AWS_CONTAINER_AUTHORIZATION_TOKEN, or the file of it, has more than one line: write the token alone"
    if way in (None, "env"):  # nothing but the configuration and the variables was looked at
        return f"a setting of profile {profile}, or an AWS_ variable, has no meaning: {text}: correct it"
    return None


def _variable(value: str, wanted: Callable[[str], bool]) -> str | None:
    """The environment variable that has a value, among those that are wanted."""
    return next((name for name, given in sorted(os.environ.items()) if given == value and wanted(name)), None)


def _unparsed(error: ConfigParseError) -> str:
    """What is wrong in a configuration file, without what stands there: it may be a secret."""
    path, cause = str(error.kwargs["path"]), error.kwargs.get("error")
    line = getattr(cause, "lineno", None)
    place = f"{path}:{line}" if line else path
    if isinstance(cause, configparser.DuplicateOptionError):
        return f"{place}: {cause.option} stands twice in [{cause.section}]: keep one of them"
    if isinstance(cause, configparser.DuplicateSectionError):
        return f"{place}: [{cause.section}] stands twice: join the two"
    if isinstance(cause, configparser.MissingSectionHeaderError):
        if cause.line.startswith(BOM):
            return f"{path} begins with a byte order mark: save it as UTF-8 without one"
        return f"{place}: no section before this line: begin with [default] or [profile NAME]"
    if isinstance(cause, configparser.ParsingError):
        places = ", ".join(str(number) for number, _text in cause.errors)
        return f"{path}:{places}: neither a section nor NAME = VALUE"
    if isinstance(cause, UnicodeDecodeError):
        return f"{path} is not UTF-8 text: save it as UTF-8, which Windows PowerShell does not do by itself"
    return f"{place} does not parse: write NAME = VALUE in every line"


def trouble(error: Exception, profile: str, way: str | None) -> str:
    """Why there are no credentials, and what to do."""
    if isinstance(error, MissingDependencyException):
        return LOGIN_EXTRA.format(profile=profile, install=how_to_install("login"))
    if isinstance(error, RefreshWithMFAUnsupportedError):
        return f"the session of profile {profile} has ended, and a new one needs a new MFA code: run again"
    if isinstance(error, LoginError):
        way = "login"
    elif isinstance(error, SSOError | TokenRetrievalError):
        way = "sso"
    elif isinstance(error, JSONDecodeError) or _given_by(error) == PROCESS:
        way = PROCESS
    what, remedy = (text.format(profile=profile) for text in WAYS.get(way or "", ELSE))
    if isinstance(error, ANSWERS) and not _denied(error):
        return f"{what} failed: {explain(error)}"
    return f"{what} failed: {_because(error)}; {remedy}"


def _denied(error: Exception) -> bool:
    return isinstance(error, ClientError) and listing.error_code(error) in DENIED


def _given_by(error: Exception) -> Any:
    return error.kwargs.get("provider") if isinstance(error, CredentialRetrievalError) else None


def _because(error: Exception) -> str:
    if isinstance(error, ClientError):
        return f"{error.operation_name} was denied ({_short(error.response['Error'].get('Message', ''))})"
    if isinstance(error, CredentialRetrievalError):
        return _short(str(error.kwargs.get("error_msg", ""))) or "it failed without a message"
    return _words(error) if isinstance(error, BotoCoreError) else _of_python(error)


def _of_python(error: Exception) -> str:
    """Why, of an exception that is not botocore's own, which it let through."""
    if isinstance(error, JSONDecodeError):
        return "what it printed is not JSON"
    if isinstance(error, UnicodeDecodeError):
        return "what it printed is not UTF-8 text"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if isinstance(error, KeyError):
        return f"the answer has no {error.args[0]}"
    if isinstance(error, RuntimeError) and STILL_EXPIRED in str(error):
        return "the credentials that it gave have expired"
    if isinstance(error, AttributeError | TypeError):
        return "what it gave has not the form of credentials"
    return f"what it gave cannot be used ({type(error).__name__}: {_short(str(error))})"


def _words(error: Exception) -> str:
    return _short(str(error)).rstrip(".")


def _short(text: str) -> str:
    return shorten(" ".join(text.split()), LONGEST, placeholder=" …")
