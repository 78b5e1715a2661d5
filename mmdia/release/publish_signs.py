"""Signs of media in bytes and in text: what the beginning of a file, or a string, gives away.

Text is taken for media where it is an address with content (``data:``), base64 or hexadecimal of a known
format, a run that no language has, or numbers in bulk. It is a guard against accidents and haste: who
means to smuggle bytes past it in invented prose can.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

#: More numbers in a row than annotations need: samples, pixels or an embedding.
MOST_NUMBERS = 64
#: Text without a space that is longer than any word, address or hash.
MOST_UNBROKEN = 512
#: Shorter text holds no picture.
LEAST = 24
#: Beginnings that no text has, and beginnings that a text might have by chance.
_MAGIC = (
    b"\x1a\x45\xdf\xa3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9", b"\x89PNG",
    b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3",
    b"FLV\x01", b"\x30\x26\xb2\x75",
    b"\x0b\x77", b"PK\x03\x04", b"\x1f\x8b",
)  # fmt: skip
_WORDY_MAGIC = (b"RIFF", b"OggS", b"fLaC", b"ID3", b"GIF8", b"BM", b"FORM", b"wvpk", b"#!AMR", b"MThd")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_DATA_URI = re.compile(r"data:(?:[\w.+-]+/[\w.+-]+|;base64)[;,]", re.IGNORECASE)
#: Base64 has a quarter of capitals and a sixth of digits; prose, run together, has hardly any.
_RUN = re.compile(r"[A-Za-z0-9+/_=-]{256,}")
_TEXT_BASE64 = re.compile(r"[A-Za-z0-9+/_=-]+\Z")
#: The same two rules for whole columns (RE2): an address with content, a run without a space, and
#: base64 in lines.
COLUMN_RULE = r"(?i:data:(?:[\w.+-]+/[\w.+-]+|;base64)[;,])|[!-~]{512}|(?:[A-Za-z0-9+/_=-]{56,}\s+){6}"
#: Numbers one after the other, as an array is printed.
_NUMBERS = re.compile(
    rf"(?<![\w.])(?:[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?[\s,;|\[\]()]+){{{MOST_NUMBERS}}}"
)
#: A piece of code that was cut up: no space, and nothing that only prose has.
_PIECE = re.compile(r"[A-Za-z0-9+/_=-]{16,}\Z")
#: Of the 64 characters of base64, text of this length has nearly all; names and numbers have far fewer.
_LEAST_SPREAD, _LEAST_DISTINCT = 1024, 52


def is_media(head: bytes) -> bool:
    """Whether the first bytes of a file are those of sound, pictures, or an archive that may hold them."""
    if head.startswith(_MAGIC) or head[4:8] in (b"ftyp", b"moov", b"mdat"):
        return True
    if head.startswith(_WORDY_MAGIC):
        return _CONTROL.search(head) is not None
    return head[:1] == b"\x47" and head[188:189] == b"\x47"  # MPEG transport stream


def in_text(text: str) -> str | None:
    """Why a text is taken for embedded bytes; None where it is text."""
    if len(text) < LEAST:
        return None
    if _DATA_URI.search(text):
        return "a data: address"
    squeezed = "".join(text.split())
    if len(squeezed) >= LEAST and _TEXT_BASE64.match(squeezed) and _decodes_to_media(squeezed):
        return "media as base64"
    if _unbroken(text) or dense(squeezed):
        return "a run of characters that is no text"
    if len(text) > 2 * MOST_NUMBERS and _NUMBERS.search(text):
        return f"more than {MOST_NUMBERS} numbers in a row (samples, pixels or an embedding)"
    return None


def in_pieces(texts: Iterable[str]) -> str | None:
    """Why short texts, taken together, are taken for embedded bytes; None where they are text."""
    joined = "".join(piece for text in texts if _PIECE.match(piece := text.strip()))
    if len(joined) < _LEAST_SPREAD:
        return None
    if _decodes_to_media(joined):
        return "media as base64, in pieces"
    return "base64 in pieces" if len(set(joined)) >= _LEAST_DISTINCT and dense(joined) else None


def dense(squeezed: str) -> bool:
    """Whether a text without its spaces has a run as base64 has: letters of both cases and digits alike."""
    for run in _RUN.findall(squeezed):
        upper, digits = sum(map(str.isupper, run)), sum(map(str.isdigit, run))
        if upper >= len(run) * 0.2 and digits >= len(run) * 0.05 and upper + digits <= len(run) * 0.8:
            return True
    return False


def _unbroken(text: str) -> bool:
    return bool(re.search(rf"[!-~]{{{MOST_UNBROKEN}}}|(?:[A-Za-z0-9+/_=-]{{56,}}\s+){{6}}", text))


def _decodes_to_media(text: str) -> bool:
    start = text[:344].replace("-", "+").replace("_", "/").rstrip("=")
    return is_media(_from_base64(start)) or is_media(_from_hex(start))


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text[: len(text) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text[: len(text) // 2 * 2])
    except ValueError:
        return b""
