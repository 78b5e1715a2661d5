"""Safe building blocks of a page: whatever text goes in, only our own tags come out.

Plain strings are escaped; only `Markup`, which this room alone makes, passes as it is. A page
needs nothing but itself: style inside, no library, and a content policy that forbids the network.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias
from urllib.parse import quote

from mmdia.errors import UsageError
from mmdia.pages.style import STYLE

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "source", "wbr"})
_ADDRESSES = frozenset({"href", "src", "poster", "action", "formaction", "srcset", "data", "style"})

#: What neither XML nor UTF-8 can hold: control characters, lone surrogates, non-characters.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


class Markup(str):
    """Text that is markup already. Made by the functions of this room, never from data."""

    __slots__ = ()


Child: TypeAlias = "str | Iterable[Child] | None"
Attribute: TypeAlias = "str | int | float | bool | None"

#: Columns that fit beside each other on a telephone.
_NARROW = 3
#: Columns that fit on a page of a desk in its own letters; of more, the letters are smaller.
_DENSE = 9

#: Tones of badges and meters; a word always stands beside the colour.
TONES = ("good", "warn", "bad", "plain")


def escape(text: str) -> Markup:
    """Text as markup: entities for the five special characters, U+FFFD for illegal ones."""
    return Markup(_ILLEGAL.sub("\ufffd", text).translate(_ENTITIES))


def markup(child: Child) -> Markup:
    """A child as markup: strings escaped, `Markup` kept, iterables joined, None left out."""
    if child is None:
        return Markup("")
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return escape(child)
    return Markup("".join(map(markup, child)))


def el(tag: str, *children: Child, **attributes: Attribute) -> Markup:
    """An element.

    Args:
        tag: Its name.
        children: Text (escaped), markup, or iterables of both.
        attributes: `class_` is written ``class``; other underscores become hyphens. True writes an
            empty value, which is true in HTML; False and None leave it out.

    Raises:
        UsageError: A name is no name, an event handler is given, or an address or inline style,
            which must come through `link` and `media` or a style sheet.
    """
    bad = sorted(_ADDRESSES & attributes.keys())
    if bad:
        raise UsageError("addresses and styles are not plain attributes", got=", ".join(bad))
    return _element(tag, children, attributes)


def _element(tag: str, children: Sequence[Child], attributes: dict[str, Attribute]) -> Markup:
    head = [tag]
    for key, value in attributes.items():
        name = key.rstrip("_").replace("_", "-")
        if not _NAME.match(name) or name.lower().startswith("on"):
            raise UsageError("not an attribute name", got=repr(key))
        if value is None or value is False:
            continue
        head.append(f'{name}="{"" if value is True else escape(str(value))}"')
    if not _NAME.match(tag) or tag.lower() in ("script", "style"):
        raise UsageError("not a tag of a page", got=repr(tag))
    opening = " ".join(head)
    if tag in _VOID:
        return Markup(f"<{opening}>")
    return Markup(f"<{opening}>{markup(children)}</{tag}>")


def local_address(path: str) -> str:
    """A relative path as an address that can only mean a file beside the page.

    The path is plain, not yet quoted. Schemes and host names lose their meaning: the colon is
    quoted, leading slashes are dropped.
    """
    return "./" + quote(path.lstrip("/\\").encode("utf-8", "replace"), safe="/~")


def link(path: str, *children: Child, **attributes: Attribute) -> Markup:
    """A link to a file beside the page."""
    return _element("a", children, {"href": local_address(path), **attributes})


def player(kind: str, path: str, *, poster: str | None = None, label: str, id_: str) -> Markup:
    """A player with controls that loads nothing until it is played.

    Args:
        kind: "audio" or "video".
        path: Relative path of the file.
        poster: Relative path of a still.
        label: What it plays, in words.
        id_: Identity on the page.
    """
    attributes: dict[str, Attribute] = {
        "id": id_,
        "src": local_address(path),
        "poster": None if poster is None else local_address(poster),
        "controls": True,
        "preload": "none",
        "aria_label": label,
        "playsinline": kind == "video",
    }
    return _element(kind, [link(path, label)], attributes)


def badge(text: str, tone: str = "plain") -> Markup:
    """A word in a box; the tone colours it, the word says it."""
    return el("span", text, class_=f"badge {tone if tone in TONES else 'plain'}")


def words(text: str) -> Markup:
    """Text of somebody else (a subtitle line, a file name): its writing direction stays its own."""
    return el("bdi", text)


def code(text: str) -> Markup:
    """A name, number or code as it is written in files."""
    return el("code", text)


def paragraph(*children: Child, class_: str | None = None) -> Markup:
    """A paragraph."""
    return el("p", *children, class_=class_)


def section(title: str, *children: Child, note: Child = None, class_: str | None = None) -> Markup:
    """A section with a heading and, under it, a line on how to read it."""
    head = [el("h2", title), None if note is None else paragraph(note, class_="note")]
    return el("section", head, *children, class_=class_)


def bullets(items: Iterable[Child]) -> Markup:
    """A list."""
    return el("ul", [el("li", item) for item in items])


def definitions(rows: Iterable[tuple[Child, Child]]) -> Markup:
    """Terms and what they are."""
    return el("dl", [el("div", el("dt", term), el("dd", value)) for term, value in rows])


def fold(summary: Child, *children: Child, is_open: bool = False) -> Markup:
    """A part that opens on demand."""
    return el("details", el("summary", summary), *children, open=is_open)


def table(
    heads: Sequence[Child], rows: Iterable[Sequence[Child]], *, caption: str, right: Iterable[int] = ()
) -> Markup:
    """A table; on a narrow screen a wide one is stacked, others scroll within themselves.

    Args:
        heads: Column heads.
        rows: Cells, as many as heads.
        caption: What the table shows; spoken by screen readers, and shown.
        right: Columns of numbers, set flush right.
    """
    numbers = frozenset(right)
    wide = len(heads) > _NARROW
    spoken = [
        head if wide and k and isinstance(head, str) and head else None for k, head in enumerate(heads)
    ]

    def cells(tag: str, row: Sequence[Child]) -> Markup:
        scope = "col" if tag == "th" else None
        made = [
            el(
                tag,
                cell,
                class_="n" if k in numbers else None,
                scope=scope,
                # Where rows are stacked (narrow screens), every cell says its own head.
                data_head=spoken[k] if tag == "td" else None,
            )
            for k, cell in enumerate(row)
        ]
        return el("tr", made)

    body = [cells("td", row) for row in rows]
    whole = el("table", el("caption", caption), el("thead", cells("th", heads)), el("tbody", body))
    kind = "scroll" + " wide" * wide + " dense" * (len(heads) > _DENSE)
    return el("div", whole, class_=kind, role="region", tabindex=0, aria_label=caption)


def figure(picture: Markup, caption: Child) -> Markup:
    """A plot and how to read it."""
    return el("figure", picture, el("figcaption", caption))


def page(title: str, body: Child, *, script: str | None = None, style: str = "") -> str:
    """A whole document.

    Args:
        title: Title of the window.
        body: What stands on the page.
        script: Our own JavaScript, a constant: never made from data.
        style: Further CSS of ours for this page, a constant, too.

    Raises:
        UsageError: The script or the style would end its own element.
    """
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file: data:; "
    policy += "media-src 'self' file: data:; base-uri 'none'; form-action 'none'"
    tail = ""
    if script is not None:
        if "</" in script or "<!--" in script:
            raise UsageError("a script of a page must not hold tags")
        digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
        policy += f"; script-src 'sha256-{digest}'"
        tail = f"<script>{script}</script>"
    if "</" in style:
        raise UsageError("the style of a page must not hold tags")
    head = (
        el("meta", charset="utf-8")
        + el("meta", name="generator", content="mmdia")
        + el("meta", http_equiv="Content-Security-Policy", content=policy)
        + el("meta", name="viewport", content="width=device-width, initial-scale=1")
        + el("meta", name="color-scheme", content="light dark")
        + el("meta", name="referrer", content="no-referrer")
        + el("title", title)
    )
    inside = f"<head>{head}<style>{STYLE}{style}</style></head><body>{el('main', body)}{tail}</body>"
    return f'<!doctype html>\n<html lang="en">{inside}</html>\n'
