"""What every page must be: balanced, closed to the network, made of our own tags only."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "link", "meta", "source", "wbr"}

#: Every tag that a page may have.
TAGS = set(
    "html head body meta title style script main header section article h1 h2 h3 p ul ol li dl dt dd div "
    "span b strong small code bdi blockquote time a table caption thead tbody tr th td figure figcaption "
    "ol details summary button video audio svg g path rect line text defs pattern".split()
)


@dataclass
class Seen:
    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str | None]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)

    def of(self, tag: str, name: str) -> list[str | None]:
        return [v for t, n, v in self.attributes if t == tag and n == name]

    @property
    def words(self) -> str:
        return " ".join(self.text)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen, self.open = Seen(), []

    def handle_starttag(self, tag, attrs):
        self.seen.tags.append(tag)
        names = [n for n, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute is given twice: {tag} {names}"
        self.seen.attributes += [(tag, n, v) for n, v in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.seen.scripts.append(data)
        elif not self.open or self.open[-1] != "style":
            self.seen.text.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data!r}")


def read(page: str) -> Seen:
    """The page, checked.

    Balanced; only known tags; no handlers, no inline style, no addresses but relative ones.
    """
    page.encode("utf-8")
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open, f"left open: {reader.open}"
    seen = reader.seen
    assert set(seen.tags) <= TAGS, set(seen.tags) - TAGS
    for tag, name, value in seen.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name != "style", tag
        if name in ("href", "src", "poster"):
            assert re.match(r"(\./[^/]|#copy-\d+$)", value or ""), (tag, name, value)
            assert not re.search(r"[\s:\\\"'<>]", value or ""), value
        if name in ("fill", "stroke"):
            assert re.match(r"url\(#hatch[0-9a-f]{8}\)$", value or ""), value
    ids = [v for _, n, v in seen.attributes if n == "id"]
    assert len(ids) == len(set(ids)), "two elements have one id"
    return seen


def picture(svg: str) -> ET.Element:
    """An SVG picture, parsed as XML, with all its numbers finite."""
    root = ET.fromstring(svg)
    assert root.tag == "svg"
    assert root.get("aria-label"), "a picture needs words"
    for element in root.iter():
        for name in ("x", "y", "width", "height", "x1", "x2", "y1", "y2", "d"):
            assert not re.search(r"nan|inf", element.get(name) or "", re.I), ET.tostring(element)
        for name in ("width", "height"):
            assert not (element.get(name) or "").startswith("-"), ET.tostring(element)
    return root


def dots(root: ET.Element) -> int:
    """Number of dots drawn."""
    return sum((e.get("d") or "").count("M") for e in root.iter("path") if e.get("class") == "dots")


def classes(root: ET.Element, name: str) -> list[ET.Element]:
    """Elements of a class."""
    return [e for e in root.iter() if name in (e.get("class") or "").split()]
