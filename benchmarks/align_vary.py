"""Cases for calibration: the benchmark's classes, varied as the world varies.

Benchmark cases are whole films whose lines lie exactly on the map. Real ones may be short, may be
half of a film, wander by a tenth of a second, and may be another episode of the same series. Seeds
100 to 199 belong to calibration and must not be reported.
"""

from __future__ import annotations

import bisect
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import align_catalogue
from align_cases import REAL, Case, TrueLine, generate, load_all

from mmdia.schema.cue import Cue

#: Seeds of calibration.
SEEDS = range(100, 200)

#: Lines of a short case, fewest and most.
_SHORT = (12, 250)

#: Lines in which an episode may repeat the one before: recap and song.
_HEAD = 40

#: Seconds between the knots of a slow wobble, and how far one knot is from the last (deviation).
_KNOT_S, _WANDER_S = 150.0, 0.08

_CLASSES = (
    "identity offset_small offset_big offset_huge pal ntsc film24 odd_speed cut1 cut3 cut6 cut3_short"
    " cut3_pal ads missing30 missing50 resplit wer15 wer45 jitter4 asr asr_cut3 asr_pal_cut2 subset lang"
    " lang_cut3 lang_pal lang_pal_cut2 sink wrong wrong_lang wrong_asr"
).split()


def varied(bench: Path, count: int, seeds: Sequence[int] = SEEDS) -> Iterator[Case]:
    """`count` cases: every class in turn, whole, short, or wandering; then wrong episodes."""
    with tempfile.TemporaryDirectory() as scratch:
        for k in range(count):
            cls, seed = _CLASSES[k % len(_CLASSES)], seeds[(k // len(_CLASSES)) % len(seeds)]
            rng = random.Random(f"vary {cls} {seed} {k}")
            folder = generate(bench, Path(scratch) / str(k), seed, 1, [cls])
            found = load_all(folder)
            case = rng.choice(found) if cls.startswith("wrong") else found[0]
            if rng.random() < 0.4:
                case = wandering(case, rng)
            if rng.random() < 0.5:
                case = short(case, rng)
            yield case


def short(case: Case, rng: random.Random) -> Case:
    """A run of the annotation's lines; the media is cropped to the same place in half of them."""
    n = min(len(case.anno), round(_SHORT[0] * (_SHORT[1] / _SHORT[0]) ** rng.random()))
    first = rng.randrange(len(case.anno) - n + 1)
    lines = case.lines[first : first + n]
    media = case.media
    known = [t.start_s for t in lines if t.start_s is not None]
    if rng.random() < 0.5:
        low = min(known) if known else rng.uniform(0, 0.5 * media[-1].end_s)
        high = max(known) if known else low + case.anno[first + n - 1].end_s - case.anno[first].start_s
        slack = rng.uniform(0, 120)
        kept = tuple(c for c in media if low - slack <= c.start_s <= high + slack)
        media = kept if len(kept) >= 8 else media
    verdict = case.verdict if case.wrong or len({t.piece for t in lines}) > 1 else "translation"
    return replace(case, lines=lines, anno=case.anno[first : first + n], media=media, verdict=verdict)


def wandering(case: Case, rng: random.Random) -> Case:
    """The media's clock wobbles by a tenth of a second over minutes, and the truth with it."""
    at = [0.0]
    while at[-1] < case.media[-1].end_s + _KNOT_S:
        at.append(at[-1] + _KNOT_S * rng.uniform(0.5, 1.5))
    by = [0.0]
    for _ in at[1:]:
        by.append(0.8 * by[-1] + rng.gauss(0, _WANDER_S))

    def moved(t: float) -> float:
        k = min(max(bisect.bisect(at, t) - 1, 0), len(at) - 2)
        return t + by[k] + (by[k + 1] - by[k]) * (t - at[k]) / (at[k + 1] - at[k])

    def line(truth: TrueLine) -> TrueLine:
        start = None if truth.start_s is None else moved(truth.start_s)
        end = None if truth.end_s is None else moved(truth.end_s)
        return replace(truth, start_s=start, end_s=end)

    media = tuple(
        replace(c, start_ms=round(1000 * moved(c.start_s)), end_ms=round(1000 * moved(c.end_s)))
        for c in case.media
    )
    return replace(case, lines=tuple(line(t) for t in case.lines), media=media)


def wrong_episodes(bench: Path, count: int, seed: int) -> Iterator[Case]:
    """Episodes on other episodes of their series, and short pieces of them."""
    titles = align_catalogue.catalogue(max(40, count // 4), bench, seed, minutes=(22, 22, 44))
    rng = random.Random(f"wrong {seed}")
    for anno, media in align_catalogue.hard_pairs(titles, count, seed):
        yield _wrong(f"wrong_episode__{anno.name}_{media.name}", anno.cues, media.cues, rng)


def _wrong(name: str, anno: Sequence[Cue], media: Sequence[Cue], rng: random.Random) -> Case:
    lines = tuple(TrueLine(None, None, False, -1) for _ in anno)
    case = Case(name, "wrong_episode", Path(), "wrong_film", lines, tuple(anno), tuple(media))
    if rng.random() < 0.3:
        # Not its head: a recap alone is in the other episode, every line of it.
        case = short(replace(case, anno=case.anno[_HEAD:], lines=case.lines[_HEAD:]), rng)
    return case


def right_episodes(bench: Path, count: int, seed: int) -> Iterator[Case]:
    """Copies of made-up titles; where their lines lie is not told, only that the film is right."""
    titles = align_catalogue.catalogue(40, bench, seed, minutes=(22, 22, 44))
    rng = random.Random(f"right {seed}")
    for k in range(count):
        title, kind = rng.choice(titles), align_catalogue.KINDS[k % len(align_catalogue.KINDS)]
        media = align_catalogue.copy_of(title.cues, rng, kind)
        unknown = tuple(TrueLine(None, None, None, 0) for _ in title.cues)
        name = f"right_episode__{title.name}_{kind}"
        yield Case(name, REAL, Path(), None, unknown, title.cues, tuple(media))


def swapped(case: Case, other: Case) -> Case:
    """The annotation of one case on the media (and the sound) of another film."""
    unknown = tuple(TrueLine(None, None, False, -1) for _ in case.anno)
    name = f"{case.name} on {other.name}"
    return Case(name, "wrong", other.folder, "wrong_film", unknown, case.anno, other.media)
