"""JUnit XML as text, the same bytes for the same suites."""

from xml.etree import ElementTree

from junitparser import JUnitXml, TestCase

from checker.errors import printable
from checker.reports.syntax.place import Place


def junit_text(suites: JUnitXml) -> str:
    """The document, indented, with its sums."""
    suites.update_statistics()  # type: ignore[no-untyped-call]
    root = suites._elem  # noqa: SLF001 -- junitparser's own way to indent needs minidom, which takes long
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def at(case: TestCase, place: Place) -> None:
    """Says where the test case stands, by attributes that viewers know and junitparser does not."""
    element = case._elem  # noqa: SLF001 -- see above
    element.set("file", printable(place.file))
    element.set("line", str(place.line))
