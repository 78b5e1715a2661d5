"""Long sound in passages that a recogniser can take at once, parted where it is quiet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mmdia.engines.ports import RATE

if TYPE_CHECKING:
    from mmdia.engines.ports import Samples

#: Length of the piece whose loudness is looked at, samples.
_PIECE = RATE // 5

#: Passages that never rise above this hold nothing to recognise.
_SILENCE = 1e-4


def passages(blocks: Iterable[Samples], longest_s: float) -> Iterator[tuple[float, Samples]]:
    """(start in seconds, samples) of passages that join to the whole; silent ones are left out.

    Args:
        blocks: The sound.
        longest_s: No passage is longer. It is parted at the quietest 0.2 s of its second half.
    """
    import numpy as np

    longest = max(2 * _PIECE, round(longest_s * RATE))
    rest = np.zeros(0, np.float32)
    at = 0
    for block in blocks:
        rest = np.concatenate([rest, np.asarray(block, np.float32)])
        while len(rest) > longest:
            cut = _quiet(rest[:longest])
            if _heard(rest[:cut]):
                yield at / RATE, rest[:cut]
            at += cut
            rest = rest[cut:]
    if _heard(rest):
        yield at / RATE, rest


def _heard(samples: Samples) -> bool:
    return bool(len(samples)) and float(abs(samples).max()) > _SILENCE


def _quiet(samples: Samples) -> int:
    """Middle of the quietest piece of the second half."""
    import numpy as np

    first = len(samples) // 2
    count = (len(samples) - first) // _PIECE
    pieces = samples[first : first + count * _PIECE].reshape(count, _PIECE)
    return first + int(np.argmin((pieces.astype(np.float64) ** 2).sum(axis=1))) * _PIECE + _PIECE // 2
