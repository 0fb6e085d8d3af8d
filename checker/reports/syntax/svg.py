"""Charts inside a page, coloured by its own stylesheet."""

import sys
from collections.abc import Mapping, Sequence
from html import escape
from itertools import accumulate
from xml.etree import ElementTree

import pygal
from pygal.style import Style

from checker.errors import printable

# pygal leaves a finder for its plug-ins behind that later imports of any module would ask, and warn about.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

SVG = "http://www.w3.org/2000/svg"
NOT_ALLOWED = {"style", "script", "defs", "desc", "title"}  # of which a strict page has no use
GUIDES = 5  # lines across bars that stand, at whole numbers


def vertical_bars(labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    """Bars that stand, one stack for each label."""
    chart = pygal.StackedBar(**_settings(), x_label_rotation=0)
    top = max(map(sum, zip(*series.values(), strict=True)))
    step = -(-top // GUIDES)
    chart.y_labels = list(range(0, top + step, step))
    return _drawn(chart, labels, series)


def horizontal_bars(labels: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    """Bars that lie, one stack for each label, the first on top: a list, so that labels of any length wrap as text."""
    stacks = list(zip(*series.values(), strict=True))
    longest = max(map(sum, stacks))
    items = (_item(label, stack, longest) for label, stack in zip(labels, stacks, strict=True))
    return f'<ul class="bars" aria-hidden="true">{"".join(items)}</ul>'


def _item(label: str, stack: Sequence[int], longest: int) -> str:
    starts = accumulate(stack, initial=0)
    bars = (
        f'<rect class="color-{number}" x="{start}" width="{value}" height="1"/>'
        for number, (start, value) in enumerate(zip(starts, stack, strict=False))
        if value
    )
    bar = f'<svg viewBox="0 0 {longest} 1" preserveAspectRatio="none">{"".join(bars)}</svg>'
    return f"<li><span>{escape(printable(label))}</span>{bar}<span>{sum(stack):,}</span></li>"


def _settings() -> dict[str, object]:
    fonts = {f"{name}_font_size": 12 for name in ("label", "major_label", "value", "value_label")}
    return {
        "style": Style(font_family="sans-serif", **fonts),
        "width": 480,
        "height": 240,
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
    }


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
