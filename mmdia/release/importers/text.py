"""Texts as tables hold them: encodings, signs that were mangled on the way, words, lists."""

from __future__ import annotations

import ast
import codecs
import json
import re
from pathlib import Path
from typing import NamedTuple

from mmdia.errors import ReleaseError, SubtitleError
from mmdia.release.importers.ledger import Ledger
from mmdia.subtitles.encoding import decode

_CHUNK = 1 << 20
#: Enough of a table to tell its encoding by.
_SAMPLE = 8 << 20
_C1 = re.compile("[\x80-\x9f]")


class Encoding(NamedTuple):
    """How to open a text file: arguments of `open`."""

    encoding: str
    errors: str


def encoding_of(path: Path, asked: str | None, ledger: Ledger) -> Encoding:
    """The encoding of a text file.

    A byte order mark decides; else what was asked for; else UTF-8 where the whole file is; else the
    code page that its bytes look like, which is noted. Bytes that this cannot hold become U+FFFD,
    which is noted, too.

    Raises:
        ReleaseError: The file cannot be read, or is not of the encoding asked for.
    """
    try:
        name = _by_mark(path)
        if name is None:
            name = _known(asked, path) if asked else "utf-8"
            if not _decodes(path, name) and asked:
                raise ReleaseError("the file is not of this encoding", path=path, expected=name)
        if _decodes(path, name):
            return Encoding(name, "strict")
        if name == "utf-8":
            with path.open("rb") as stream:
                name = decode(stream.read(_SAMPLE)).encoding
            ledger.note("encoding_guessed", where=path.name, what=name)
        if _decodes(path, name):
            return Encoding(name, "strict")
    except SubtitleError as error:
        raise ReleaseError(f"the encoding cannot be told: {error.message}", path=path) from error
    except OSError as error:
        raise ReleaseError(f"cannot be read: {error.strerror or error}", path=path) from error
    ledger.note("undecodable", where=path.name, what=name)
    return Encoding(name, "replace")


def _by_mark(path: Path) -> str | None:
    """The encoding that a byte order mark names."""
    with path.open("rb") as stream:
        start = stream.read(4)
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else None


def _known(name: str, path: Path) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise ReleaseError("no such encoding", path=path, got=repr(name)) from None


def _decodes(path: Path, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)("strict")
    with path.open("rb") as stream:
        try:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
    return True


def repair(text: str) -> str:
    r"""A text whose Windows quotes and dashes had become control characters, with them back.

    Tables that went from Windows-1252 through Latin-1 to UTF-8 hold U+0092 where an apostrophe
    was; some copies of MELD do. No text uses those control characters (U+0080 to U+009F).

    >>> repair("he\x92s")
    'he’s'
    """
    return _C1.sub(_windows, text) if _C1.search(text) else text


def _windows(found: re.Match[str]) -> str:
    try:
        return found[0].encode("latin-1").decode("cp1252")
    except UnicodeDecodeError:
        return found[0]


def count_words(text: str) -> int:
    """Pieces of a text between white space."""
    return len(text.split())


def listed(text: str) -> list[str]:
    """The names in a cell: a list as Python or JSON writes it, else the cell itself.

    >>> listed("['Carol Willick', 'Susan Bunch']"), listed("Ross")
    (['Carol Willick', 'Susan Bunch'], ['Ross'])
    """
    stripped = text.strip()
    if stripped[:1] in "[(" and stripped[-1:] in "])" and len(stripped) < 10_000:
        for read in (ast.literal_eval, json.loads):
            try:
                found = read(stripped)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(found, (list, tuple)):
                return [name for item in found if (name := " ".join(str(item).split()))]
    name = " ".join(stripped.split())
    return [name] if name else []
