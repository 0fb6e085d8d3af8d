"""Sphinx, for `sphinx-build -n -W --keep-going -b html docs build/docs`. Takes nothing from the network."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from checker import __version__

project = "keyage"
author = "keyage maintainers"
project_copyright = author
version = release = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["conf.py"]
nitpicky = True

myst_heading_anchors = 4
myst_links_external_new_tab = False
# What readers type and Pygments has no lexer for is shown as it is, and never guessed.
highlight_language = "none"

html_theme = "furo"
html_title = "keyage"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["wide.css"]
