"""A figure as an SVG for a page: small, with a title and a text for who does not see it."""

import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from matplotlib.figure import Figure

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
HREF = f"{{{XLINK}}}href"
# Where the font is missing, others take less room.
FONTS = "text{font-family:'DejaVu Sans',Verdana,Arial,sans-serif}"
# What an attribute says that nobody sees, and what stands in its place.
SHORTER = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"-?\d+\.\d{2,}"), lambda found: f"{float(found[0]):.1f}".removesuffix(".0")),
    (re.compile(r"M (\S+) (\S+) L (\S+) \2 "), r"M\1 \2H\3"),
    (re.compile(r"rotate\(-0 [^)]*\)|font-family: [^;]*; |text-anchor: start; "), ""),
    (re.compile(r"([:;]) "), r"\1"),
)

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)


def write_svg(figure: Figure, path: Path, title: str, text: str) -> None:
    """title and text are what a screen reader says; no id in it is another figure's."""
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    path.write_text(as_svg(drawn.getvalue(), title, text))


def as_svg(drawn: str, title: str, text: str) -> str:
    """What matplotlib drew, less what nobody sees."""
    root = ElementTree.fromstring(drawn)
    for metadata in root.findall(f"{{{SVG}}}metadata"):
        root.remove(metadata)
    key = "f" + hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()[:6]
    _merge_markers(root)
    _rename(root, key)
    for element in root.iter():
        _shorten(element)
        element[:] = list(_unwrapped(element))
    style = next(root.iter(f"{{{SVG}}}style"))
    style.text = f"{style.text}{FONTS}"
    root.attrib |= {"role": "img", "aria-labelledby": f"{key}-title {key}-text"}
    for place, (tag, said) in enumerate((("title", title), ("desc", text))):
        about = Element(f"{{{SVG}}}{tag}", id=f"{key}-{'title' if tag == 'title' else 'text'}")
        about.text = said
        root.insert(place, about)
    ElementTree.indent(root, space="")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _merge_markers(root: Element) -> None:
    """Those of one form become one: its colours stand wherever it is used."""
    first: dict[str, str] = {}
    same: dict[str, str] = {}
    for defs in root.iter(f"{{{SVG}}}defs"):
        for path in defs.findall(f"{{{SVG}}}path"):
            name, form = path.attrib["id"], path.attrib["d"]
            same[name] = first.setdefault(form, name)
            path.attrib.pop("style", None)
            if same[name] != name:
                defs.remove(path)
    for element in root.iter(f"{{{SVG}}}use"):
        element.set(HREF, f"#{same[element.attrib[HREF][1:]]}")


def _rename(root: Element, key: str) -> None:
    """What something refers to gets a name of this figure's own; other names go."""
    every = " ".join(value for element in root.iter() for value in element.attrib.values())
    used = dict.fromkeys(re.findall(r"url\(#([^)]+)\)", every))
    used |= dict.fromkeys(e.attrib[HREF][1:] for e in root.iter() if HREF in e.attrib)
    names = {name: f"{key}-{place}" for place, name in enumerate(used)}
    for element in root.iter():
        if (name := element.attrib.pop("id", None)) in names:
            element.set("id", names[name])
        if HREF in element.attrib:
            element.set(HREF, f"#{names[element.attrib[HREF][1:]]}")
        if "clip-path" in element.attrib:
            element.set("clip-path", f"url(#{names[element.attrib['clip-path'][5:-1]]})")


def _shorten(element: Element) -> None:
    """To a tenth of a point, and without what is said of every text alike."""
    for name, value in list(element.attrib.items()):
        if name in ("d", "x", "y", "width", "height", "transform", "style", "viewBox"):
            for pattern, shorter in SHORTER:
                value = pattern.sub(shorter, value)
            element.set(name, value.strip())
            if not value.strip():
                del element.attrib[name]


def _unwrapped(element: Element) -> Iterator[Element]:
    """What it holds, without groups that say nothing."""
    for child in element:
        if child.tag in (f"{{{SVG}}}g", f"{{{SVG}}}defs") and not (len(child) or child.attrib):
            continue
        if child.tag == f"{{{SVG}}}g" and not child.attrib:
            yield from _unwrapped(child)
        else:
            yield child
