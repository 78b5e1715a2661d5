"""Markup of cue payloads: HTML-like tags, WebVTT voices, classes, ruby and time stamps, ASS overrides.

Tags that subtitles are known to use go away and their content stays. An unknown tag goes when it is closed,
or in WebVTT always (as its standard has it); else it is text, such as ``<knock>`` typed by a person.
The reading aid of ruby (``<rt>``) and ASS drawings are no speech and go with their tags.
"""

from __future__ import annotations

import html
import re

from mmdia.schema.cue import Word
from mmdia.subtitles.times import read_time

_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)(?P<classes>(?:\.[^\s.<>]*)*)(?P<rest>[\s/][^<>]*)?>"
    r"|<(?P<stamp>\d{1,6}(?::\d{1,3}){1,2}[.,]\d{1,9})>"
)
_KNOWN = frozenset(
    "a b big br c center code div em font h1 h2 h3 i lang p pre q rb rp rt rtc ruby s small span strike "
    "strong sub sup tt u v".split()
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_OVERRIDE = re.compile(r"\{(?:[^{}]*\\[^{}]*|[A-Za-z]:[^{}]*)\}")
_ASS_BLOCK = re.compile(r"\{[^{}]*\}")
_DRAW_ON = re.compile(r"\\p\s*(\d+)")
_KARAOKE = re.compile(r"\\[kK][fot]?\s*(\d{1,6})")
_BREAK = re.compile(r"\\[Nn]")
_STAMP = re.compile(r"<(\d{1,6}(?::\d{1,3}){1,2}[.,]\d{1,9})>")
_SPACES = re.compile(r"\s+")


def voices_of(raw: str, form: str) -> list[tuple[str | None, str]]:
    """A payload without markup, as runs of text with the voice (``<v Name>``) that each stands in."""
    text = strip_ass(raw) if form == "ass" else raw
    if form == "srt" and ("{" in text or "\\" in text):
        text = _BREAK.sub("\n", _OVERRIDE.sub("", text)).replace("\\h", "\u00a0")
    if "<" not in text:
        return [(None, decode_entities(text))]
    runs: list[tuple[str | None, list[str]]] = [(None, [])]
    in_aid = False
    at = 0
    for tag in _TAG.finditer(text):
        if not in_aid:
            runs[-1][1].append(text[at : tag.start()])
        at = tag.end()
        if tag["stamp"]:
            continue
        name, closes = tag["name"].lower(), bool(tag["close"])
        if name in ("rt", "rp"):
            in_aid = not closes
        elif name in ("ruby", "v"):
            in_aid = False
        if name == "v":
            voice = decode_entities(_SPACES.sub(" ", tag["rest"] or "").strip())
            runs.append((None if closes else voice or None, []))
        elif name == "br" and not in_aid:
            runs[-1][1].append("\n")
        elif not in_aid and not _goes(name, form, text):
            runs[-1][1].append(tag[0])
    if not in_aid:
        runs[-1][1].append(text[at:])
    return [(voice, decode_entities("".join(parts))) for voice, parts in runs]


def strip_ass(raw: str) -> str:
    """ASS text without override blocks and drawings; its signs for line breaks and spaces are read."""
    kept: list[str] = []
    drawing = False
    at = 0
    for block in _ASS_BLOCK.finditer(raw):
        if not drawing:
            kept.append(raw[at : block.start()])
        at = block.end()
        switch = _DRAW_ON.findall(block[0])
        if switch:
            drawing = int(switch[-1][:9]) > 0
    if not drawing:
        kept.append(raw[at:])
    return _BREAK.sub("\n", "".join(kept)).replace("\\h", "\u00a0")


def decode_entities(text: str) -> str:
    """A text with ``&amp;``, ``&#39;`` and the like as the characters they stand for."""
    if "&" not in text:
        return text
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text).replace("\r", "\n")


def words_of(raw: str, start_ms: int, end_ms: int, form: str) -> tuple[Word, ...]:
    """Timed words of karaoke markup: ``<00:01.000>`` stamps, or the ``k`` lengths of ASS; else empty.

    A stamp covers the text up to the next one. Where that is several words, its time is shared among them
    by their length. Stamps that run backwards or outside the cue are passed over.
    """
    if form == "ass":
        chunks = _karaoke(raw, start_ms) if "\\k" in raw.lower() else []
    else:
        chunks = _stamped(raw, start_ms, end_ms) if _STAMP.search(raw) else []
    words: list[Word] = []
    for place, (begin, chunk) in enumerate(chunks):
        end = chunks[place + 1][0] if place + 1 < len(chunks) else end_ms
        words.extend(_share(chunk.split(), begin, end))
    return tuple(words)


def _goes(name: str, form: str, text: str) -> bool:
    if name in _KNOWN or form == "vtt":
        return True
    lowered = text.lower()
    return f"</{name}>" in lowered and (f"<{name}>" in lowered or f"<{name} " in lowered)


def _stamped(raw: str, start_ms: int, end_ms: int) -> list[tuple[int, str]]:
    parts = _STAMP.split(raw)
    chunks: list[tuple[int, str]] = [(start_ms, parts[0])]
    for stamp, content in zip(parts[1::2], parts[2::2], strict=True):
        at = read_time(stamp)
        if at is not None and chunks[-1][0] <= at <= end_ms:
            chunks.append((at, content))
        else:
            chunks[-1] = (chunks[-1][0], chunks[-1][1] + content)
    return [(at, decode_entities(_TAG.sub("", content))) for at, content in chunks]


def _karaoke(raw: str, start_ms: int) -> list[tuple[int, str]]:
    chunks: list[tuple[int, str]] = []
    at, length = start_ms, 0
    blocks = list(_ASS_BLOCK.finditer(raw))
    for place, block in enumerate(blocks):
        found = _KARAOKE.findall(block[0])
        end = blocks[place + 1].start() if place + 1 < len(blocks) else len(raw)
        if found:
            at, length = at + length, int(found[-1]) * 10
            chunks.append((at, ""))
        if chunks:
            spoken = _BREAK.sub(" ", raw[block.end() : end]).replace("\\h", " ")
            chunks[-1] = (chunks[-1][0], chunks[-1][1] + spoken)
    if chunks:
        chunks.append((at + length, ""))
    return chunks


def _share(words: list[str], begin: int, end: int) -> list[Word]:
    total = sum(map(len, words))
    shared: list[Word] = []
    done = 0
    for word in words:
        first = begin + (end - begin) * done / total
        done += len(word)
        last = begin + (end - begin) * done / total
        shared.append(Word(first / 1000.0, last / 1000.0, word))
    return shared
