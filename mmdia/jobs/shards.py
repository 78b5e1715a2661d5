"""Deterministic shards, for job arrays that know nothing of each other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from mmdia.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shard:
    """Share `index` (from 0) of `count` equal shares."""

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if self.count < 1 or not 0 <= self.index < self.count:
            raise UsageError(
                "no such shard", expected="I/N with 0 <= I < N", got=f"{self.index}/{self.count}"
            )

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``I/N``.

        Raises:
            UsageError: Not of that form, or out of range.
        """
        first, slash, second = text.partition("/")
        if not (slash and first.strip().isdigit() and second.strip().isdigit()):
            raise UsageError("not a shard", expected="I/N, as in 0/4", got=repr(text))
        return cls(int(first), int(second))

    def holds(self, key: str) -> bool:
        """Whether `key` falls into this share; the same on every machine and Python."""
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index
