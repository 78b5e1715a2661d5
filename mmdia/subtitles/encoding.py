"""From bytes to text: byte order marks, UTF-8, and the legacy code pages that subtitles still come in.

Order: byte order mark; UTF-16 or UTF-32 without a mark (recognised by an encoded arrow or by NUL bytes);
strict UTF-8; UTF-8 with a few broken bytes; then a guess among the legacy code pages, by the letters of
each language (`alphabets.py`), cp1252 when nothing fits.
A guess is always reported as one.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from mmdia.errors import SubtitleError, UsageError
from mmdia.subtitles.alphabets import ALPHABETS, DOUBLE_BYTE, FREQUENT, SHARED_SIGNS
from mmdia.subtitles.track import Problem

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2))
_SAMPLE = 60_000
_HIGH_LINE = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of a file, the encoding used, and what was doubtful about it."""

    text: str
    encoding: str
    problems: tuple[Problem, ...] = ()


def decode(data: bytes, *, encoding: str | None = None, language: str | None = None) -> Decoded:
    """Text of the bytes of a subtitle file.

    Args:
        data: The whole file.
        encoding: What the caller says it is; a byte order mark overrules it (reported).
        language: BCP-47 tag to lean on when the code page must be guessed.

    Raises:
        UsageError: `encoding` is not the name of a text encoding.
        SubtitleError: the bytes do not decode by the `encoding` asked for.
    """
    marked = _by_mark(data)
    if encoding is not None:
        name = _known(encoding)
        if marked is None:
            return _as_asked(data, name)
        if not name.startswith(marked.encoding.split("-le")[0].split("-be")[0].removesuffix("-sig")):
            problem = Problem("encoding_overruled", 0, f"asked for {name}, found {marked.encoding}")
            return Decoded(marked.text, marked.encoding, (problem, *marked.problems))
    if marked is not None:
        return marked
    wide = _wide_without_mark(data)
    if wide is not None:
        return _guessed(data, wide)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    return _guessed(data, guess_code_page(data, language=language))


def guess_code_page(data: bytes, *, language: str | None = None) -> str:
    """Name of the likeliest encoding of bytes that are not valid UTF-8.

    `language` (a BCP-47 tag) settles what the bytes leave open; it does not force a code page that they
    contradict.
    """
    sample = _sample(data)
    if _is_nearly_utf8(sample):
        return "utf-8"
    hint = (language or "").lower().split("-")[0]
    double = _double_byte(sample, hint)
    if double is not None:
        return double
    fit, name = _single_byte(sample, hint)
    return name if fit > 0.5 else "cp1252"


def _known(encoding: str) -> str:
    try:
        info = codecs.lookup(encoding)
    except LookupError as error:
        raise UsageError("unknown text encoding", got=encoding) from error
    if not info._is_text_encoding:
        raise UsageError("not a text encoding", got=encoding)
    return info.name


def _as_asked(data: bytes, name: str) -> Decoded:
    try:
        return Decoded(data.decode(name), name)
    except UnicodeError as error:
        hint = "Leave the encoding out to have it detected"
        raise SubtitleError("does not decode", expected=f"text in {name}", got=error, hint=hint) from error


def _by_mark(data: bytes) -> Decoded | None:
    for mark, name in _MARKS:
        if not data.startswith(mark):
            continue
        content = data[len(mark) :]
        # FF FE 00 00 may also be UTF-16 that begins with a NUL.
        if name == "utf-32-le" and (len(content) % 4 or not _decodes(content, name)):
            continue
        text, problems = _lenient(content, name)
        return Decoded(text, "utf-8-sig" if name == "utf-8" else name, problems)
    return None


def _wide_without_mark(data: bytes) -> str | None:
    if b"\0" not in data:
        return None
    for name, width in _WIDE:
        for sign in ("-->", "Dialogue:", "WEBVTT"):
            at = data.find(sign.encode(name))
            if at >= 0 and at % width == 0 and len(data) - at >= width * len(sign):
                return name
    # Latin text in UTF-16 has a NUL in every second byte, on one side only.
    head = data[:_SAMPLE]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if len(head) >= 8 and max(even, odd) > 0.35 * len(head) / 2 and min(even, odd) < 0.1 * max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


def _guessed(data: bytes, name: str) -> Decoded:
    text, problems = _lenient(data, name)
    return Decoded(text, name, (Problem("encoding_guessed", 0, name), *problems))


def _lenient(data: bytes, name: str) -> tuple[str, tuple[Problem, ...]]:
    try:
        return data.decode(name), ()
    except UnicodeDecodeError as error:
        text = data.decode(name, errors="replace")
        line = data[: error.start].decode(name, errors="replace").count("\n") + 1
        return text, (Problem("undecodable", line, f"{text.count(chr(0xFFFD))} characters"),)


def _decodes(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _sample(data: bytes) -> bytes:
    """Distinct lines with bytes above ASCII, up to a limit; the rest says nothing about the code page."""
    lines: dict[bytes, None] = {}
    size = 0
    for match in _HIGH_LINE.finditer(data):
        if match[0] not in lines:
            lines[match[0]] = None
            size += len(match[0])
        if size > _SAMPLE:
            break
    return b"\n".join(lines)


def _is_nearly_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = sum(1 for char in text if char > "\x7f") - bad
    return good >= 4 and bad <= 0.05 * good


def _double_byte(sample: bytes, hint: str) -> str | None:
    """The double-byte code page in which nearly all characters are ones in daily use, or None."""
    best: tuple[float, str] | None = None
    for name, (language, common) in DOUBLE_BYTE.items():
        try:
            text = sample.decode(name)
        except UnicodeDecodeError:
            continue
        encoded = [char.encode(name, errors="replace") for char in text if char > "\x7f"]
        pairs = [code for code in encoded if len(code) == 2]
        # Signs and full-width forms lie below the characters proper in all of these code pages.
        proper = [code for code in pairs if not _is_sign(name, code)]
        if len(proper) < 2 or len(pairs) < 0.9 * len(encoded):
            continue
        # In Latin text the pairs are an accented letter and the ASCII letter after it.
        paired_ascii = sum(1 for code in proper if code[1] < 0x80) / len(proper)
        if paired_ascii > (0.75 if name in ("cp932", "big5") else 0.1):
            continue
        share = sum(1 for code in proper if code[0] in common) / len(proper)
        share += 0.06 if language == hint else 0.0
        share += 0.1 * _kana_share(text, name)
        share += 0.03 * (1 - len(common) / 64)  # all within the narrower range says more
        if share > 0.85 and (best is None or share > best[0]):
            best = (share, name)
    return None if best is None else best[1]


def _is_sign(name: str, code: bytes) -> bool:
    lowest = {"gb18030": 0xAA, "cp949": 0xAA, "big5": 0xA4, "cp932": 0x82, "euc_jp": 0xA4}[name]
    return code[0] < lowest


def _kana_share(text: str, name: str) -> float:
    if DOUBLE_BYTE[name][0] != "ja":
        return 0.0
    return sum(1 for char in text if "\u3041" <= char <= "\u30ff") / max(1, len(text))


def _single_byte(sample: bytes, hint: str) -> tuple[float, str]:
    """Best (fit, code page) over all languages; the fit is 1 when every sign has its place."""
    best = (0.0, "cp1252")
    counts: dict[str, tuple[Counter[str], int] | None] = {}
    for language, (pages, letters) in ALPHABETS.items():
        for rank, page in enumerate(pages):
            if page not in counts:
                counts[page] = _count(sample, page)
            counted = counts[page]
            if counted is None:
                continue
            signs, humps = counted
            total = sum(signs.values())
            own = sum(number for sign, number in signs.items() if sign in letters)
            shared = sum(number for sign, number in signs.items() if sign in SHARED_SIGNS)
            if total == 0 or own == 0:
                continue
            fit = (own + 0.95 * shared) / total - humps / total - 0.002 * rank - 0.0002 * len(letters)
            fit += 0.04 if language == hint else 0.0
            # Where the letters leave it open, the most spread page, and the letters most in use, decide.
            fit += 0.01 if page == "cp1252" else 0.0
            if language in FREQUENT:
                frequent = sum(signs[sign] for sign in FREQUENT[language])
                fit += 0.06 * min(0.0, frequent / total - 0.6)
            best = max(best, (fit, page), key=lambda pair: pair[0])
    return best


def _count(sample: bytes, page: str) -> tuple[Counter[str], int] | None:
    try:
        text = sample.decode(page)
    except UnicodeDecodeError:
        text = sample.decode(page, errors="replace")
    signs = Counter(char for char in text.lower() if char > "\x7f")
    # Koi8-r and cp1251 swap upper and lower case: a capital after a small letter betrays the wrong one.
    # And no word mixes Latin letters with those of another script.
    humps = sum(1 for a, b in pairwise(text) if (a.islower() and b.isupper()) or _is_mixed(a, b))
    return signs, humps


def _is_mixed(left: str, right: str) -> bool:
    low, high = min(left, right), max(left, right)
    return low < "\x80" and high >= "\u0370" and low.isalpha() and high.isalpha()
