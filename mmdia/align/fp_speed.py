"""At which speed and pitch the user's copy runs: a few loud stretches tried at likely ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from mmdia.align.fp_bank import Bank, Floats, Peaks
from mmdia.align.fp_bits import Heard, heard
from mmdia.schema.fingerprint import Fingerprint, SoundBands

#: Stretches that are tried, words of each, and seconds cut out around each.
_TRIED, _WORDS, _HALF_S = 12, 256, 7.0
#: A height that chance does not reach in a whole film, and one that settles the question.
HIT, SURE = 9.0, 16.0
_SURE_HITS = 4
_PAL = 25 / 24


@dataclass(frozen=True, slots=True)
class Pace:
    """A speed (media seconds per annotation second) and a pitch (of the media by the annotation's)."""

    scale: float
    pitch: float


#: What releases differ by; NTSC's thousandth is near enough to its neighbour here.
LIKELY = (
    Pace(1.0, 1.0), Pace(1 / _PAL, _PAL), Pace(_PAL, 1 / _PAL), Pace(1 / _PAL, 1.0), Pace(_PAL, 1.0),
)  # fmt: skip


def _unlikely() -> Iterator[Pace]:
    """Other speeds, two hundredths apart, nearest first, with the pitch moved along and kept."""
    for percent in (2, -2, 4, -4, 6, -6, 8, -8, 10, -10):
        scale = 1 + percent / 100
        yield Pace(scale, 1 / scale)
        yield Pace(scale, 1.0)


@dataclass(frozen=True)
class Excerpts:
    """Loud stretches of the media, cut out and laid end to end: cheap to listen to at any pitch."""

    media: Fingerprint | SoundBands
    centres_s: Floats
    inside_s: Floats

    def peaks(self, bank: Bank, pace: Pace) -> Peaks:
        """Best place of each stretch at a speed and pitch."""
        return self.peaks_of(bank, heard(self.media, pace.pitch), pace.scale)

    def peaks_of(self, bank: Bank, listened: Heard, scale: float, words: int = _WORDS) -> Peaks:
        """The same when the excerpts were listened to already."""
        found = bank.search(listened, self.inside_s, scale, words)
        return replace(found, media_s=self.centres_s[np.searchsorted(self.inside_s, found.media_s)])


def excerpts(media: Fingerprint | SoundBands, tried: int = _TRIED, half_s: float = _HALF_S) -> Excerpts:
    """The loudest stretch of twice `half_s` in each of `tried` parts of the media."""
    centres = _loud_centres(media, tried)
    if isinstance(media, Fingerprint):
        return Excerpts(media, centres, centres)
    half = round(half_s / media.step_s)
    levels = np.frombuffer(media.levels, np.uint8).reshape(-1, media.bands)
    parts, inside = [], []
    for k, centre in enumerate(centres):
        at = round((centre - media.start_s) / media.step_s)
        rows = levels[max(0, at - half) : at + half]
        parts.append(np.pad(rows, ((max(0, half - at), max(0, at + half - len(levels))), (0, 0))))
        inside.append(media.start_s + media.step_s * ((2 * k + 1) * half))
    cut = replace(media, levels=np.concatenate(parts).tobytes())
    # Centres move onto the grid of frames, so that both axes agree.
    grid = media.start_s + np.rint((centres - media.start_s) / media.step_s) * media.step_s
    return Excerpts(cut, grid, np.array(inside))


def _loud_centres(media: Fingerprint | SoundBands, tried: int) -> Floats:
    end = media.duration_s
    edges = np.linspace(0, end, tried + 1)
    if isinstance(media, Fingerprint):
        return media.start_s + (edges[1:] + edges[:-1]) / 2
    every = max(1, round(0.5 / media.step_s))
    levels = np.frombuffer(media.levels, np.uint8).reshape(-1, media.bands)[::every]
    loud = levels.mean(axis=1, dtype=np.float64)
    loud = np.convolve(loud, np.ones(17) / 17, "same")
    step = every * media.step_s
    centres = []
    for a, b in pairwise(edges.tolist()):
        low, high = int(a / step), max(int(a / step) + 1, int(b / step))
        part = loud[low:high]
        centres.append(media.start_s + step * (low + (int(part.argmax()) if len(part) else 0)))
    return np.array(centres)


def worth(peaks: Peaks) -> float:
    """How much a set of peaks says for its speed."""
    return float((np.maximum(peaks.z - HIT + 2, 0) ** 2).sum())


def find_pace(bank: Bank, media: Fingerprint | SoundBands) -> tuple[Pace, Peaks]:
    """The likeliest speed and pitch, and where its stretches lie."""
    cut = excerpts(media)
    best = _best(bank, cut, LIKELY[:1], _WORDS)
    if int((best[2].z >= SURE).sum()) < _SURE_HITS:
        best = max(best, _best(bank, cut, LIKELY[1:], _WORDS), key=lambda b: b[0])
    if int((best[2].z >= HIT + 2).sum()) < 2:
        # Short stretches bear twice the error of speed, so the search for odd speeds is coarser.
        few = excerpts(media, _TRIED // 2, _HALF_S / 2)
        odd = _best(bank, few, tuple(_unlikely()), _WORDS // 2)
        best = max(best, odd, key=lambda b: b[0])
    return best[1], best[2]


def _best(bank: Bank, cut: Excerpts, paces: tuple[Pace, ...], words: int) -> tuple[float, Pace, Peaks]:
    """(worth, pace, peaks) of the best of some paces."""
    listened: dict[float, Heard] = {}
    found = []
    for pace in paces:
        # Bits know one pitch only.
        if isinstance(cut.media, Fingerprint) and pace.pitch != 1.0:
            continue
        if pace.pitch not in listened:
            listened[pace.pitch] = heard(cut.media, pace.pitch)
        peaks = cut.peaks_of(bank, listened[pace.pitch], pace.scale, words)
        found.append((worth(peaks), pace, peaks))
    return max(found, key=lambda f: f[0])
