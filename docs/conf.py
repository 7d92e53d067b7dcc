"""How Sphinx builds the site: `make docs`, without a connection to anything.

The source folder is the project's own, so that a link between two pages is the same in a checkout
and on the site. The notebooks run while the site is built, in a home of their own.
"""

import os
import re
import tempfile
from pathlib import Path

from docutils import nodes

from argyle_nb import __version__

ROOT = Path(__file__).parents[1]

# The notebooks must find neither credentials nor documents of the person who builds the site.
_home = tempfile.TemporaryDirectory(prefix="argyle_nb_docs_")
for name in [name for name in os.environ if name.startswith("ARGYLE_")]:
    del os.environ[name]
os.environ["HOME"] = os.environ["USERPROFILE"] = _home.name

project = "argyle_nb"
author = "The argyle_nb authors"
version = release = __version__
root_doc = "docs/index"
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
]
include_patterns = [
    "docs/**",
    "notebooks/*.ipynb",
    "argyle_nb/sandbox/README.md",
    "data/README.md",
    "tests/faults/README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
]
exclude_patterns = ["docs/_templates/**", "build/**", ".venv/**", "**/.ipynb_checkpoints"]
templates_path = [str(ROOT / "docs" / "_templates")]
nitpicky = True
# Types of other packages, and words of numpydoc's type lines that name no class of ours.
nitpick_ignore_regex = [("py:.*", r"(?!argyle_nb).*"), ("py:.*", r".*\._\w+")]

autosummary_generate = True
default_role = "py:obj"  # names in docstrings stand between single backticks
autodoc_typehints = "none"  # they stand in the docstrings
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # the template lists them, without those of ipywidgets
numpydoc_xref_param_type = False
numpydoc_validation_checks = {
    "GL01", "GL03", "GL05", "GL06", "GL07", "GL09", "GL10",
    "SS01", "SS02", "SS03", "SS04", "PR01", "PR02", "PR05", "PR07", "PR10",
    "RT02", "RT03", "YD01",
}  # fmt: skip
# What nobody makes by hand: errors that say what their base says, and an upload of the API.
numpydoc_validation_exclude = {r"(Authentication|NotFound|Server)Error$", r"\.UserUpload$"}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_timeout = 600
nb_execution_raise_on_error = True
# Without these two, a panel would be fetched from a content network; its static fallback stands
# beside it.
nb_ipywidgets_js = {}
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]

html_theme = "pydata_sphinx_theme"
html_title = "argyle_nb"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_sidebars = {"docs/start": []}  # it has no pages below it
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "show_nav_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
}
copyright = f"{author}. Not affiliated with or endorsed by Argyle or Ocrolus"  # noqa: A001


def _first_page(app, error):
    """Lead from the site's folder to its first page."""
    if error is None and app.builder.format == "html":
        to = app.builder.get_target_uri(root_doc)
        page = (
            f'<!doctype html><meta http-equiv="refresh" content="0; url={to}"><a href="{to}">Go</a>'
        )
        (Path(app.outdir) / "index.html").write_text("<!doctype html>" + page, encoding="utf-8")


def _tidy_outputs(_app, tree):
    """Leave out bars that stand still on a page, and where in a notebook a warning came from."""
    for block in list(tree.findall(nodes.literal_block)):
        text = block.astext()
        if re.match(r"[\w ]*:? *\d+%\|", text):
            block.parent.remove(block)
        elif "ipykernel_" in text:
            text = re.sub(r"\S*ipykernel_\S+: (\w+Warning: .*)\n.*", r"\1", text)
            block.children, block.rawsource = [nodes.Text(text)], text


def setup(app):
    """Tell Sphinx of what this project adds."""
    app.connect("doctree-read", _tidy_outputs)
    app.connect("build-finished", _first_page)
