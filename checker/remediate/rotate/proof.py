"""Whether an access key works: asked with it, who it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from checker.decision import User
from checker.errors import RotationFailed
from checker.remediate.rotate.secrecy import Pair
from checker.sources.aws.failures import REFUSED
from checker.sources.aws.reader import listing
from checker.sources.aws.session import RotatingSession

# Seconds between tries, two minutes in all: a new key is known everywhere after some seconds (IAM user guide,
# "Changes that I make are not always immediately visible").
WAITS = (1, 2, 4, 8, 15, 30, 60)


def prove(session: RotatingSession, pair: Pair, user: User, wait: Callable[[float], object]) -> datetime:
    """When AWS answered the key that it is the user's, by AWS's clock.

    Raises RotationFailed if AWS does not know it after two minutes, or says that it is another's.
    """
    sts = session.signing_with(Credentials(pair.key_id, pair.secret)).client("sts")
    for seconds in (*WAITS, None):
        try:
            answer = sts.get_caller_identity()
        except ClientError as error:
            if listing.error_code(error) not in REFUSED:
                raise
            if seconds is None:
                why = f"AWS does not accept {pair.key_id} after {sum(WAITS)} s ({listing.error_code(error)})"
                raise RotationFailed(f"{why}: see that it is active and that the store has its secret") from None
            wait(seconds)
        else:
            break
    if answer["Arn"] != user.arn:
        raise RotationFailed(f"{pair.key_id} answers as {answer['Arn']}, not as {user.arn}: nothing more was changed")
    return _moment_of(answer)


def _moment_of(answer: Any) -> datetime:
    """AWS's time of the answer, to the second; this machine's where it has none."""
    text = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC).replace(microsecond=0)
