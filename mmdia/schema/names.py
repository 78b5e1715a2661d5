"""Identifiers as file names, and back.

UTF-8 bytes outside ``[A-Za-z0-9_-]`` become ``~XX`` (upper-case hex). Dots too, because a
WebDataset key ends at its first dot. Over 150 bytes the name is cut and a hash of the identifier
is added; such a name cannot be turned back, and the identifier is read from the receipt.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from difflib import get_close_matches

from mmdia.errors import LONE_BYTES, UsageError

_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_MAX_BYTES = 150
_ESCAPED = re.compile(r"~([0-9A-F]{2})")
#: Names that Windows keeps for devices, in any case and with any extension.
_DEVICES = frozenset({"con", "prn", "aux", "nul"} | {f"{d}{n}" for d in ("com", "lpt") for n in range(10)})


def _hash16(identifier: str) -> str:
    return hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def safe_name(identifier: str) -> str:
    """`identifier` as a file name that every file system takes.

    >>> safe_name("tv_04_LBLMLMS S01E21")
    'tv_04_LBLMLMS~20S01E21'
    >>> safe_name("../etc")
    '~2E~2E~2Fetc'

    Raises:
        UsageError: The identifier is empty.
    """
    if not identifier:
        raise UsageError("an identifier must not be empty")
    raw = identifier.encode("utf-8", "surrogatepass")
    name = "".join(chr(b) if b in _SAFE else f"~{b:02X}" for b in raw)
    if name.lower() in _DEVICES:
        # Escaping the first letter keeps the name reversible and harmless.
        name = f"~{raw[0]:02X}{name[1:]}"
    if len(name) > _MAX_BYTES:
        name = f"{name[: _MAX_BYTES - 18]}~~{_hash16(identifier)}"
    return name


def original_name(name: str) -> str | None:
    """The identifier that `safe_name` made `name` of, or None for a hashed name."""
    if "~~" in name:
        return None
    raw = _ESCAPED.sub(lambda m: chr(int(m[1], 16)), name)
    return raw.encode("latin-1").decode("utf-8", "surrogatepass")


def written_path(path: str) -> str:
    r"""A path as text that every file takes: bytes that are no UTF-8 become ``\xff``; see `real_path`."""
    if os.name == "nt":  # names are text there, and a backslash parts folders
        return path
    return re.sub(r"\\(?=x[0-9a-f]{2})", r"\\x5c", path).translate(LONE_BYTES)


def real_path(text: str) -> str:
    """The path that `written_path` wrote."""
    if os.name == "nt":
        return text
    return re.sub(r"\\x([0-9a-f]{2})", lambda m: bytes.fromhex(m[1]).decode(errors="surrogateescape"), text)


def nearest(name: str, known: Iterable[str]) -> str:
    """What may have been meant, for the end of a message; empty when nothing is near.

    >>> nearest("ketle", ["kettle", "pan"])
    ' (nearest: kettle)'
    """
    found = get_close_matches(name, list(known), 1)
    return f" (nearest: {found[0]})" if found else ""


def safe_names(identifiers: Iterable[str]) -> dict[str, str]:
    """File names for many identifiers that share a folder.

    Identifiers whose names differ only in case would meet on a case-insensitive file system;
    all of them get a hash of the identifier.
    """
    names = {i: safe_name(i) for i in identifiers}
    folded: dict[str, list[str]] = {}
    for identifier, name in names.items():
        folded.setdefault(name.lower(), []).append(identifier)
    for group in folded.values():
        if len(group) > 1:
            for identifier in group:
                name = names[identifier]
                if "~~" not in name:
                    names[identifier] = f"{name[: _MAX_BYTES - 18]}~~{_hash16(identifier)}"
    return names
