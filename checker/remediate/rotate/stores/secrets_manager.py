"""AWS Secrets Manager: a version for each key, told apart by staging labels (user guide, "Secret versions")."""

from typing import Any, NamedTuple

from checker.errors import UsageError
from checker.remediate.rotate.secrecy import Pair
from checker.remediate.rotate.states import Stored
from checker.remediate.rotate.stores.store import Making
from checker.remediate.rotate.values import has_smtp_password, key_id_of, pair_of, value_of, why_unfit

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
STAGES = {CURRENT, PENDING, PREVIOUS}
TOKEN = "keyage-access-key-"  # noqa: S105 -- the beginning of a version's id, which is of 32 to 64 characters


class _Version(NamedTuple):
    id: str
    stages: frozenset[str]
    text: str | None

    @property
    def key_id(self) -> str | None:
        return key_id_of(self.text)


class SecretsManager:
    """A secret."""

    shows_at_once = False

    def __init__(self, making: Making) -> None:
        self._client, self._name, self._smtp_region = making.client, making.name, making.smtp_region
        self._say, self.address = making.say, making.address

    def look(self) -> Stored:
        versions = self._versions()
        held = frozenset(version.key_id for version in versions or () if version.key_id)
        current, pending = _with(versions or [], CURRENT), _with(versions or [], PENDING)
        return Stored(
            current and current.key_id,
            pending and pending.key_id,
            held,
            foreign=why_unfit(current.text) if current is not None else "",
            smtp=current is not None and has_smtp_password(current.text),
        )

    def put(self, pair: Pair) -> None:
        versions = self._versions()
        if versions is None:
            self._client.create_secret(Name=self._name, Description="An access key, kept by keyage rotate")
            self._say(f"made the secret {self._name}, which was not there")
        replaced = _with(versions or [], CURRENT)
        # The same id each time: asked twice, AWS makes one version. The first of a secret becomes AWSCURRENT too.
        self._client.put_secret_value(
            SecretId=self._name,
            ClientRequestToken=f"{TOKEN}{pair.key_id}",
            SecretString=value_of(pair, self._smtp_region, replaced and replaced.text),
            VersionStages=[PENDING],
        )

    def pair(self, key_id: str) -> Pair | None:
        version = _holding(self._versions() or [], key_id)
        return version and pair_of(version.text)

    def promote(self, key_id: str) -> None:
        versions = self._versions() or []
        wanted, current, pending = _holding(versions, key_id), _with(versions, CURRENT), _with(versions, PENDING)
        if wanted is not None and CURRENT not in wanted.stages:
            # AWS moves AWSPREVIOUS to the version that AWSCURRENT leaves.
            leaves = {"RemoveFromVersionId": current.id} if current else {}
            self._client.update_secret_version_stage(
                SecretId=self._name, VersionStage=CURRENT, MoveToVersionId=wanted.id, **leaves
            )
        if wanted is not None and pending is not None:
            self._client.update_secret_version_stage(
                SecretId=self._name, VersionStage=PENDING, RemoveFromVersionId=pending.id
            )

    def _versions(self) -> list[_Version] | None:
        """Those with one of AWS's own labels; None if the secret is not there. Raises UsageError."""
        try:
            secret: dict[str, Any] = self._client.describe_secret(SecretId=self._name)
        except self._client.exceptions.ResourceNotFoundException:
            return None
        if secret.get("DeletedDate"):
            raise UsageError(f"the secret {self._name} is to be deleted: restore it, or name another with --to")
        if secret.get("RotationEnabled"):
            raise UsageError(f"the secret {self._name} is rotated by a function: switch that off, or name another")
        found = []
        for version, stages in sorted(secret.get("VersionIdsToStages", {}).items()):
            if STAGES & set(stages):
                answer = self._client.get_secret_value(SecretId=self._name, VersionId=version)
                found.append(_Version(version, frozenset(stages), answer.get("SecretString")))
        return found


def _with(versions: list[_Version], stage: str) -> _Version | None:
    return next((version for version in versions if stage in version.stages), None)


def _holding(versions: list[_Version], key_id: str) -> _Version | None:
    """The version with the key: of several the one that readers get, or else that comes next."""
    holding = [version for version in versions if version.key_id == key_id]
    return next((each for stage in (CURRENT, PENDING, PREVIOUS) for each in holding if stage in each.stages), None)
