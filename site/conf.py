"""Sphinx's settings of the course's site; `make site` calls it with SITE_EXTRA, the folder of pictures and fonts."""

import os

from sphinxcontrib import katex

katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 120.0  # seconds; a busy machine is slow, not broken

project = "Pruning neural networks: a course"
html_title = "Pruning neural networks"
copyright = "the authors of the course, MIT licence"
extensions = ["myst_nb", "sphinxcontrib.katex"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
suppress_warnings = ["mystnb.unknown_mime_type"]

smartquotes_action = "qe"  # quotes and ellipses; two dashes before a word are an option, and stay two

html_theme = "furo"
html_theme_options = {"source_repository": "", "top_of_page_buttons": []}
html_static_path = ["static"]
html_extra_path = [os.environ["SITE_EXTRA"]] if "SITE_EXTRA" in os.environ else []
html_css_files = ["site.css"]
html_js_files = [("moving.js", {"defer": "defer"}), ("sap.js", {"defer": "defer"}), ("explorer.js", {"defer": "defer"})]
exclude_patterns = ["**/*.fragment"]
html_copy_source = False
html_show_sourcelink = False
katex_prerender = True
katex_css_path = "../katex/katex.min.css"
