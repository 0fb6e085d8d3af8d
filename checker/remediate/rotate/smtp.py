"""The password of Amazon SES's SMTP interface, which is made from a secret access key and a region.

Amazon SES developer guide, "Obtaining Amazon SES SMTP credentials", converting existing secret access keys.
"""

import base64
import hmac
from functools import reduce

DATE, SERVICE, TERMINAL, MESSAGE = "11111111", "ses", "aws4_request", "SendRawEmail"
VERSION = b"\x04"


def smtp_password(secret: str, region: str) -> str:
    """The password in that region; the user name is the access key id."""
    first = f"AWS4{secret}".encode()
    signature = reduce(_signed, (DATE, region, SERVICE, TERMINAL, MESSAGE), first)
    return base64.b64encode(VERSION + signature).decode()


def _signed(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
