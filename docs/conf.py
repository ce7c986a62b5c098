"""How Sphinx makes the manual. What can be made from the code is made, by made.py."""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
from made import write_pages, write_reference  # noqa: E402  it is found by the line above

project = "Python web frameworks, measured"
extensions = ["myst_parser"]
myst_heading_anchors = 3  # a link may lead to a heading
exclude_patterns = ["_made"]  # what is made is included, or is the site's as it is
html_theme = "furo"
html_title = project
html_extra_path = ["_made/site"]  # our campaigns' pages, as they are
html_show_copyright = html_show_sphinx = False

write_reference(HERE / "_made")
write_pages(HERE / "_made" / "site" / "campaigns")

REPOSITORY = os.environ.get("GITHUB_REPOSITORY")  # where the manual is published


def setup(app):
    app.connect("source-read", lead_elsewhere)


def lead_elsewhere(app, name, text):
    """What is no page of the manual: files of the repository, and our campaigns' own pages."""
    text[0] = re.sub(r"(?<!!)\[([^]]+)\]\(\.\./([^)]+)\)", to_repository, text[0])
    page = r'\g<0>\n\n<a href="campaigns/\1/report.html">Its page</a>\n'
    text[0] = re.sub(r"^## (reference-.*)$", page, text[0], flags=re.MULTILINE)


def to_repository(found):
    """A link, or where the manual is not published its words and the file's place."""
    words, path = found.groups()
    if REPOSITORY:
        return f"[{words}](https://github.com/{REPOSITORY}/blob/main/{path})"
    return words if words == f"`{path}`" else f"{words} (`{path}`)"
