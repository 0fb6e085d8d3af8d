"""Charts as SVG inside a page: drawn by pygal, coloured by the page's own stylesheet."""

import sys
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

import pygal
from pygal.style import Style

from checker.errors import printable

# pygal leaves a finder for its plug-ins behind that later imports of any module would ask, and warn about.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

SVG = "http://www.w3.org/2000/svg"
NOT_ALLOWED = {"style", "script", "defs", "desc", "title"}  # of which a strict page has no use
GUIDES = 5  # lines across the bars, at whole numbers
FONTS = {f"{name}_font_size": 12 for name in ("label", "major_label", "value", "value_label")}
SETTINGS = {
    "style": Style(font_family="sans-serif", **FONTS),
    "width": 480,
    "height": 240,
    "x_label_rotation": 0,
    "explicit_size": False,
    "disable_xml_declaration": True,
    "js": [],
    "no_prefix": True,
    "show_x_guides": False,
    "show_legend": False,  # the page has one
    "max_scale": 6,
    "min_scale": 1,
    "margin": 8,
    "spacing": 8,
    "value_formatter": lambda value: f"{value:,.0f}" if value == int(value) else "",
    "no_data_text": "",
    "truncate_label": 32,
}


def vertical_bars(labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    """Bars that stand, one stack for each label."""
    chart = pygal.StackedBar(**SETTINGS)
    top = max(map(sum, zip(*series.values(), strict=True)))
    step = -(-top // GUIDES)
    chart.y_labels = list(range(0, top + step, step))
    return _drawn(chart, labels, series)


def _drawn(chart: pygal.Graph, labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    chart.x_labels = [printable(label) for label in labels]
    for name, values in series.items():
        chart.add(name, list(values))
    root = ElementTree.fromstring(chart.render(is_unicode=True))  # noqa: S314 -- our own chart
    _strip(root)
    for name in ("id", "class"):
        root.attrib.pop(name, None)
    root.set("aria-hidden", "true")
    ElementTree.register_namespace("", SVG)
    return ElementTree.tostring(root, encoding="unicode")


def _strip(element: ElementTree.Element) -> None:
    """Takes out what the page's Content-Security-Policy would block, and ids that differ from run to run."""
    element.attrib.pop("style", None)
    for child in list(element):
        if child.tag.rpartition("}")[2] in NOT_ALLOWED:
            element.remove(child)
        else:
            _strip(child)
