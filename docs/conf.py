"""How Sphinx makes the site out of these pages: `make docs`. Nothing in it comes from another host."""

import tocsin

project = "Tocsin"
author = "the Tocsin authors"
version = release = tocsin.__version__
extensions = ["myst_parser"]
exclude_patterns = ["pictures/*.md", "decisions/0000-template.md"]
# The anchors that a forge makes of headings; a link to one that is not there is a warning, and a warning ends `make docs`.
myst_heading_anchors = 4
nitpicky = True
# A block of `sh` may hold a placeholder, and JSON an ellipsis: colours that cannot be had are no fault of a page.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "Tocsin"
html_baseurl = ""
html_copy_source = False
html_show_copyright = False
html_extra_path = ["rules.schema.json"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
