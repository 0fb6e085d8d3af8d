"""No connection to AWS → which host was tried, which variable named it, and what to do."""

import os
import re
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

CHECK_NETWORK = "check the network, proxy and AWS_ENDPOINT_URL, then run again"
WRONG_HEADER = (
    "the access key, the session token or the region has a line break, or a letter that none can have:"
    " correct the AWS_ variables, or the profile"
)
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")  # and in lower case
BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
ENDPOINT = "AWS_ENDPOINT_URL"  # or AWS_ENDPOINT_URL_ and a service
USER = re.compile(r"://[^\s/@\"]+@")
QUERY = re.compile(r"(?<=\w)/?\?[^\s\"]+")
NO_NAME = ("Name or service not known", "No address associated with hostname", "nodename nor servname")


def unreached(error: BotoCoreError) -> str | None:
    """One line, without what is secret in an address; None for an error that is not about a connection."""
    advice = _said(error)
    return advice and QUERY.sub("?***", USER.sub("://***:***@", advice))


def _said(error: BotoCoreError) -> str | None:
    if isinstance(error, ProxyConnectionError):
        return _proxy(str(error.kwargs["proxy_url"]), _reason(error))
    if isinstance(error, SSLError):
        bundle = "if a proxy of yours reads along, name the file of its certificate in AWS_CA_BUNDLE"
        return f"the certificate of {_host(error)} was not accepted: {_reason(error)}; {bundle}"
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        reason = _reason(error) if isinstance(error, EndpointConnectionError) else ""
        return f"AWS did not answer: {reason and reason + ': '}{str(error).rstrip('.')}; {_named(error, reason)}"
    if isinstance(error, ReadTimeoutError | ConnectionClosedError):
        return f"AWS did not answer: {str(error).rstrip('.')}; {CHECK_NETWORK}"
    if isinstance(error, HTTPClientError):
        return _client(error)
    return None


def _proxy(url: str, reason: str) -> str:
    variable = _variable(_place(url), [*PROXIES, *map(str.lower, PROXIES)])
    name = variable or "the variable that names it"
    advice = f"correct {name}, or put hosts that need no proxy into NO_PROXY"
    return f"the proxy {url}{f' ({variable})' if variable else ''} does not let keyage through: {reason}; {advice}"


def _client(error: HTTPClientError) -> str:
    bundle = next((name for name in BUNDLES if os.environ.get(name)), None)
    cause = error.kwargs.get("error")
    if bundle and isinstance(cause, OSError):
        return f"{bundle}={os.environ[bundle]} cannot be used: {cause.strerror or cause}: name a file of certificates"
    if str(cause).startswith("Invalid header"):  # and then the header itself, which may be a session token
        return f"no request could be sent: {WRONG_HEADER}"
    return f"no request could be sent: {' '.join(str(error.kwargs.get('error', error)).split())}; {CHECK_NETWORK}"


def _host(error: BotoCoreError) -> str:
    return _place(str(error.kwargs.get("endpoint_url", "")))


def _named(error: BotoCoreError, reason: str) -> str:
    """What to see to, by who named the host."""
    host = _host(error)
    variable = _variable(host, sorted(name for name in os.environ if name.startswith(ENDPOINT)))
    if variable:
        return f"correct {variable}, or see that something listens there, and run again"
    region = next((f"{name}={given}" for name in REGIONS if (given := os.environ.get(name)) and given in host), None)
    if any(text in reason for text in NO_NAME):
        return f"see that {region or 'the region in its name'} is a region of AWS, and that names are resolved here"
    return CHECK_NETWORK


def _variable(host: str, names: list[str]) -> str | None:
    """The first variable whose address has this host and port."""
    return next((name for name in names if _place(os.environ.get(name, "")) == host), None)


def _place(address: str) -> str:
    return _netloc(address if "://" in address else f"//{address}").rpartition("@")[2]


def _netloc(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:  # no address
        return ""


def _reason(error: BotoCoreError) -> str:
    """The last part of what the HTTP library says, such as `[Errno 111] Connection refused`."""
    cause = error.kwargs.get("error")
    text = str(getattr(cause, "original_error", None) or getattr(cause, "reason", None) or cause or "")
    return " ".join(text.split()).rpartition(": ")[2].rstrip(".")
