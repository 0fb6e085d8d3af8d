"""AWS Systems Manager Parameter Store: a SecureString, of which readers get the latest version.

Labels tell the versions apart (user guide, "Working with parameter labels"); whoever reads a parameter need not know
of them.
"""

from typing import Any, NamedTuple

from checker.errors import UsageError
from checker.remediate.rotate.secrecy import Pair
from checker.remediate.rotate.states import Stored
from checker.remediate.rotate.stores.store import Making
from checker.remediate.rotate.values import has_smtp_password, key_id_of, pair_of, value_of, why_unfit

CURRENT, PREVIOUS = "keyage-current", "keyage-previous"
ENCRYPTED = "SecureString"


class _Version(NamedTuple):
    number: int
    text: str | None

    @property
    def key_id(self) -> str | None:
        return key_id_of(self.text)


class _Versions(NamedTuple):
    """What readers get, and what has the labels."""

    latest: _Version | None
    current: _Version | None
    previous: _Version | None

    def holding(self, key_id: str) -> _Version | None:
        return next((version for version in self if version is not None and version.key_id == key_id), None)

    @property
    def confirmed(self) -> bool:
        return self.latest is None or (self.current is not None and self.current.number == self.latest.number)


class ParameterStore:
    """A parameter."""

    shows_at_once = True

    def __init__(self, making: Making) -> None:
        self._client, self._name, self._smtp_region = making.client, making.name, making.smtp_region
        self._say, self.address = making.say, making.address

    def look(self) -> Stored:
        versions = self._versions()
        readers = versions.latest and versions.latest.key_id
        held = frozenset(version.key_id for version in versions if version is not None and version.key_id)
        foreign = why_unfit(versions.latest.text) if versions.latest is not None else ""
        smtp = versions.latest is not None and has_smtp_password(versions.latest.text)
        return Stored(readers, None if versions.confirmed else readers, held, foreign, smtp)

    def put(self, pair: Pair) -> None:
        versions = self._versions()
        if versions.latest is not None and not versions.confirmed:
            self._label(versions.latest, CURRENT)  # or nobody could tell it from the new one
        if versions.latest is None:
            self._say(f"making the parameter {self._name}, which is not there")
        self._put(value_of(pair, self._smtp_region, versions.latest and versions.latest.text), versions)

    def pair(self, key_id: str) -> Pair | None:
        version = self._versions().holding(key_id)
        return version and pair_of(version.text)

    def promote(self, key_id: str) -> None:
        versions = self._versions()
        wanted = versions.holding(key_id)
        if wanted is None or versions.latest is None:
            return
        if versions.latest.key_id != key_id:
            versions = versions._replace(latest=_Version(self._put(wanted.text or "", versions), wanted.text))
        if versions.current is not None and versions.current.key_id != key_id:
            self._label(versions.current, PREVIOUS)
        if not versions.confirmed and versions.latest is not None:
            self._label(versions.latest, CURRENT)

    def _versions(self) -> _Versions:
        """Raises UsageError for a parameter that is not encrypted."""
        latest = self._get(self._name)
        if latest is None:
            return _Versions(None, None, None)
        return _Versions(latest, self._get(f"{self._name}:{CURRENT}"), self._get(f"{self._name}:{PREVIOUS}"))

    def _get(self, name: str) -> _Version | None:
        missing = (self._client.exceptions.ParameterNotFound, self._client.exceptions.ParameterVersionNotFound)
        try:
            found: dict[str, Any] = self._client.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        except missing:
            return None
        if found["Type"] != ENCRYPTED:
            raise UsageError(f"the parameter {self._name} is a {found['Type']}, not encrypted: name a {ENCRYPTED}")
        return _Version(found["Version"], found["Value"])

    def _put(self, text: str, versions: _Versions) -> int:
        """Encrypted as the parameter was, with the key that it was; gives the number of the version."""
        is_there = versions.latest is not None
        answer: dict[str, int] = self._client.put_parameter(
            Name=self._name, Value=text, Type=ENCRYPTED, Overwrite=is_there, **(self._settings() if is_there else {})
        )
        return answer["Version"]

    def _settings(self) -> dict[str, Any]:
        """PutParameter would go back to the key of the account where none is named."""
        named = [{"Key": "Name", "Option": "Equals", "Values": [self._name]}]
        pages = self._client.get_paginator("describe_parameters").paginate(ParameterFilters=named)
        found: dict[str, Any] = next((each for page in pages for each in page["Parameters"]), {})
        return {name: found[name] for name in ("KeyId", "Tier") if found.get(name)}

    def _label(self, version: _Version, label: str) -> None:
        self._client.label_parameter_version(Name=self._name, ParameterVersion=version.number, Labels=[label])
