"""How Sphinx builds the site: python -m sphinx --fail-on-warning docs site."""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "extensions")]  # the packages, and what is here in extensions/

import docstrings  # noqa: E402

project = "Optimization cookbook"
author = "The Optimization cookbook authors"
copyright = f"2026, {author}"
exclude_patterns = ["gallery", "api/backreferences"]
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
    "myst_parser",
    "mathml",
    "docstrings",
    "references",
    "links",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]  # functions in sphinx_gallery_conf

html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_search_summary = False  # would fetch pages, which browsers forbid where a site is read from the file system

autodoc_member_order = "bysource"
autodoc_type_aliases = docstrings.ALIASES
maximum_signature_line_length = 80

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "problems",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "gallery.position",
    "image_scrapers": ("gallery.figures",),
    "capture_repr": ("_repr_html_", "__repr__"),
    "ignore_repr_types": r"matplotlib",  # figures are shown by the scraper
    "abort_on_example_error": True,
    "backreferences_dir": "api/backreferences",
    "doc_module": ("formulations", "solvers", "problems"),
    "reference_url": {"formulations": None, "solvers": None, "problems": None},
    "first_notebook_cell": "%matplotlib inline",
    "write_computation_times": False,  # that page asks a server for scripts
    "min_reported_time": float("inf"),
    "show_signature": False,
    "remove_config_comments": True,
}
