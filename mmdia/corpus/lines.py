"""Lines of JSONL from a source that nobody vouches for: of bounded length, and strictly JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import IO, Any

#: A longer line is no row: a film of two hours as a single dialogue takes some 3 MiB.
MAX_LINE_BYTES = 16 << 20
#: Stands for a line that is longer; no reader takes it for JSON.
OVERLONG = b"\x00a line longer than %d MiB" % (MAX_LINE_BYTES >> 20)


def bounded_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines of a file with their ends; one that is too long comes as `OVERLONG`, never whole."""
    read = file.readline
    while line := read(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while (rest := read(1 << 20)) and not rest.endswith(b"\n"):
                pass
            line = OVERLONG
        yield line


def strict_loads(line: bytes | str) -> Any:
    """`json.loads` that refuses what JSON does not have, and what readers disagree about.

    Raises:
        ValueError: No JSON in UTF-8; a key twice in one object; NaN, Infinity, or a number beyond
            64-bit floats.
        RecursionError: It is nested too deeply.
    """
    # Decoded here, since `json.loads` would take UTF-16, too.
    text = line.decode("utf-8") if isinstance(line, bytes) else line
    return json.loads(
        text,
        object_pairs_hook=_unique,
        parse_constant=_no_constant,
        parse_float=_finite,
        parse_int=_integer,
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:80]!r} comes twice in one object")
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is beyond the numbers of a table")
    return value


def _integer(text: str) -> int:
    if len(text) > 300:  # a field of numbers would make infinity of it
        raise ValueError(f"an integer of {len(text)} digits is beyond the numbers of a table")
    return int(text)
