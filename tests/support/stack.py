"""What a CloudFormation template makes of its parameters: conditions and the functions that depend on nothing else."""

import re
from collections.abc import Mapping
from typing import Any

ACCOUNT = "111122223333"
NO_VALUE = {"Ref": "AWS::NoValue"}
VARIABLE = re.compile(r"\$\{(\w+)\}")


class Stack:
    """A parsed template with parameters, in the account 111122223333; other pseudo parameters stay as they are."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        declared = template.get("Parameters", {})
        assert set(parameters) <= set(declared), f"no parameters of the template: {set(parameters) - set(declared)}"
        self._values = {name: parameters.get(name, each.get("Default")) for name, each in declared.items()}
        self._conditions = template.get("Conditions", {})
        self._template = template

    @property
    def resources(self) -> dict[str, Any]:
        """Those whose condition holds, with what is known put in."""
        found = self._template["Resources"]
        wanted = {name: each for name, each in found.items() if self._holds(each.get("Condition"))}
        return {name: self._plain(each) for name, each in wanted.items()}

    def _holds(self, name: str | None) -> bool:
        return name is None or bool(self._decided(self._conditions[name]))

    def _decided(self, condition: Any) -> bool:
        ((function, given),) = condition.items()
        match function:
            case "Condition":
                return self._holds(given)
            case "Fn::Not":
                return not self._decided(given[0])
            case "Fn::And":
                return all(map(self._decided, given))
            case "Fn::Or":
                return any(map(self._decided, given))
            case "Fn::Equals":
                left, right = (ACCOUNT if each == {"Ref": "AWS::AccountId"} else self._plain(each) for each in given)
                return str(left) == str(right)
        raise NotImplementedError(function)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._plain(each) for each in value if self._chosen(each) != NO_VALUE]
        if not isinstance(value, dict):
            return value
        value = self._chosen(value)
        if isinstance(value, dict) and len(value) == 1:
            ((function, given),) = value.items()
            match function:
                case "Ref" if given in self._values:
                    return self._values[given]
                case "Fn::Sub":
                    return self._substituted(given)
                case "Fn::Split":
                    return self._plain(given[1]).split(given[0])
                case "Fn::Select":
                    return self._plain(given[1])[given[0]]
        if isinstance(value, dict):
            return {name: self._plain(each) for name, each in value.items() if self._chosen(each) != NO_VALUE}
        return self._plain(value)

    def _chosen(self, value: Any) -> Any:
        while isinstance(value, dict) and list(value) == ["Fn::If"]:
            name, there, otherwise = value["Fn::If"]
            value = there if self._holds(name) else otherwise
        return value

    def _substituted(self, given: Any) -> Any:
        text, more = (given, {}) if isinstance(given, str) else given
        known = self._values | {name: self._plain(each) for name, each in more.items()}
        text = VARIABLE.sub(lambda found: str(known.get(found[1], found[0])), text)
        return {"Fn::Sub": text} if "${" in text else text
