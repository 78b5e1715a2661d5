"""A made-up catalogue of series and films, to try mistakes that real ones invite.

    python benchmarks/align_catalogue.py negatives --bench BENCH [--pairs 1000] [--mode auto timing]
    python benchmarks/align_catalogue.py identify  --bench BENCH [--titles 400] [--mode auto timing]

*negatives*: an episode against another episode of its series, in the same language and of the same
length; none may be accepted. *identify*: copies (offset, PAL, cuts, recognised speech, another
language) of titles of the catalogue; each must be found among all of them.

Lines take gaps, durations and numbers of words from real tracks, resampled in blocks of 4 to 12
lines (from the benchmark's `tracks/`, or without it from simple distributions). Episodes of one
series share words and names, phrases that recur, the opening song (same text at the same place)
and, from the second on, a recap cut out of the episode before, with its timing.
"""

from __future__ import annotations

import argparse
import bisect
import itertools
import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from mmdia.align.result import Mode
from mmdia.align.solve import align
from mmdia.schema.cue import Cue
from mmdia.sync import identify as finder
from mmdia.sync.annotation import AnnotationTrack, LineRef
from mmdia.sync.evidence import Collected, Evidence
from mmdia.sync.identify import Catalogue, CatalogueTitle
from mmdia.sync.timemap import AlignParams

#: What copies are asked about.
KINDS = ("offset", "pal", "cuts", "asr", "language")

#: One line of a track: silence before it and its length in seconds, and its words.
Beat = tuple[float, float, int]

_SYLLABLES = "ka to mi ren sol da vi per lo an ther ing es ti on ra be cu no wa fel gu hep jo zu".split()
_BLOCK = (4, 12)
_WITHOUT_TRACKS = 4000


def beats(bench: Path | None, seed: int = 0) -> list[list[Beat]]:
    """Runs of lines to draw blocks from: one list a real track, or one made-up list."""
    if bench is None:
        rng = random.Random(seed)
        made = []
        for _ in range(_WITHOUT_TRACKS):
            words = max(1, round(rng.lognormvariate(1.7, 0.6)))
            gap = rng.lognormvariate(2.2, 0.9) if rng.random() < 0.2 else rng.lognormvariate(-1.0, 1.0)
            made.append((gap, 0.5 + 0.28 * words + rng.random(), words))
        return [made]
    out = []
    for path in sorted((bench / "tracks").glob("[!_]*.json")):
        lines = [row for row in json.loads(path.read_text(encoding="utf-8"))["lines"] if not row[3]]
        if len(lines) < 100:
            continue
        pairs = itertools.pairwise(lines)
        out.append([(b[0] - a[1], b[1] - b[0], len(b[2].split())) for a, b in pairs])
    return out


@dataclass(frozen=True)
class Title:
    """One episode or film."""

    name: str
    series: str
    cues: tuple[Cue, ...]


class Series:
    """What the episodes of one series share."""

    def __init__(self, rng: random.Random, common: Sequence[str]) -> None:
        self.rng = rng
        self.common = common
        self.own = words(rng, 400)
        self.names = [w.capitalize() for w in words(rng, 12)]
        self.phrases = [rng.choices(self.own, k=rng.randint(3, 7)) for _ in range(15)]
        self.song = [
            (1.0 + 2 * rng.random(), 3.0 + rng.random(), rng.choices(self.own, k=6)) for _ in range(8)
        ]
        self.style = rng.uniform(0.85, 1.2)


def words(rng: random.Random, n: int) -> list[str]:
    """N made-up words."""
    return ["".join(rng.choices(_SYLLABLES, k=rng.choice((1, 2, 2, 3, 3, 4)))) for _ in range(n)]


class Vocabulary:
    """Draws words as people use them: a few very often, most rarely."""

    def __init__(self, rng: random.Random, series: Series) -> None:
        self.rng = rng
        self.all = [*series.common, *series.names, *series.own, *words(rng, 900)]
        self.sums = list(itertools.accumulate(1.0 / (k + 3) for k in range(len(self.all))))

    def line(self, n: int) -> list[str]:
        """N words."""
        return [self._one() for _ in range(n)]

    def _one(self) -> str:
        return self.all[bisect.bisect(self.sums, self.rng.random() * self.sums[-1])]


def episode(series: Series, pool: Sequence[list[Beat]], minutes: float, before: Sequence[Cue]) -> list[Cue]:
    """One episode: recap, opening song, story, closing line."""
    rng, speech = series.rng, Vocabulary(series.rng, series)
    lines: list[tuple[float, float, list[str]]] = []
    at = 2.0 + 6 * rng.random()
    at = _recap(rng, before, at, lines)
    at += 10 * rng.random()
    for gap, length, text in series.song:
        lines.append((at + gap, length, text))
        at += gap + length
    at += 2.0
    while at < 60 * minutes:
        source = rng.choice(pool)
        first = rng.randrange(len(source) - _BLOCK[1])
        for gap, length, n in source[first : first + rng.randint(*_BLOCK)]:
            at += min(90.0, max(0.04, gap * series.style))
            text = rng.choice(series.phrases) if rng.random() < 0.03 else speech.line(n)
            lines.append((at, max(0.4, length), text))
            at += max(0.4, length)
    return [Cue(round(1000 * t), round(1000 * (t + d)), " ".join(w), " ".join(w)) for t, d, w in lines]


def _recap(
    rng: random.Random, before: Sequence[Cue], at: float, lines: list[tuple[float, float, list[str]]]
) -> float:
    """Three or four short scenes of the last episode, as they were."""
    for _ in range(rng.randint(3, 4) if before else 0):
        first = rng.randrange(max(1, len(before) - 6))
        scene = before[first : first + rng.randint(2, 5)]
        shift = at - scene[0].start_s
        lines += [(c.start_s + shift, c.end_s - c.start_s, c.text.split()) for c in scene]
        at += scene[-1].end_s - scene[0].start_s + 0.5 + rng.random()
    return at


def catalogue(
    titles: int,
    bench: Path | None,
    seed: int,
    *,
    episodes: int = 10,
    minutes: Sequence[float] = (22, 44, 95),
) -> list[Title]:
    """`titles` titles in series of `episodes` (films stand alone), of the lengths given."""
    rng = random.Random(f"catalogue {seed}")
    pool, common = beats(bench, seed), words(rng, 120)
    out: list[Title] = []
    for s in itertools.count():
        length = minutes[s % len(minutes)]
        series = Series(random.Random(f"series {seed} {s}"), common)
        before: list[Cue] = []
        for e in range(episodes if length < 60 else 1):
            # Same length: within a few seconds, as broadcast slots are.
            before = episode(series, pool, length + 0.05 * rng.random(), before)
            out.append(Title(f"s{s:03d}e{e:02d}", f"s{s:03d}", tuple(before)))
            if len(out) == titles:
                return out
    return out


def copy_of(cues: Sequence[Cue], rng: random.Random, kind: str) -> list[Cue]:
    """A copy as users own them: "offset", "pal", "cuts", "asr" or "language"."""
    scale = 23.976 / 25 if kind == "pal" or (kind != "offset" and rng.random() < 0.3) else 1.0
    offset = rng.uniform(-20, 60)
    out: list[Cue] = []
    cut = _cuts(rng, cues[-1].end_s) if kind == "cuts" else []
    for cue in cues:
        if any(a < cue.end_s and cue.start_s < b for a, b in cut):
            continue
        gone = sum(b - a for a, b in cut if b <= cue.start_s)
        if kind in ("asr", "language") and rng.random() < 0.12:
            continue
        spread = 0.12 if kind in ("asr", "language") else 0.0
        start = (cue.start_s - gone) * scale + offset + rng.gauss(0, spread)
        end = (cue.end_s - gone) * scale + offset + rng.gauss(0, spread)
        text = _heard(cue.text.split(), rng, kind)
        if start >= 0 and text:
            said = " ".join(text)
            times = {"start_ms": round(1000 * start), "end_ms": round(1000 * max(end, start + 0.2))}
            out.append(replace(cue, **times, text=said, raw_text=said))
    return out


def _cuts(rng: random.Random, length: float) -> list[tuple[float, float]]:
    starts = sorted(rng.uniform(0.1, 0.9) * length for _ in range(2))
    return [(a, a + rng.uniform(10, 90)) for a in starts]


def _heard(text: list[str], rng: random.Random, kind: str) -> list[str]:
    if kind == "asr":
        return [w if rng.random() > 0.3 else rng.choice(_SYLLABLES) for w in text if rng.random() > 0.08]
    if kind == "language":
        return ["x" + w[::-1] + "y" for w in text if rng.random() > 0.1]
    return text


def hard_pairs(titles: Sequence[Title], n: int, seed: int) -> Iterator[tuple[Title, Title]]:
    """Pairs of different episodes of one series; neighbours (with a recap) in every second pair."""
    rng = random.Random(f"pairs {seed}")
    series: dict[str, list[Title]] = {}
    for title in titles:
        series.setdefault(title.series, []).append(title)
    several = [s for s in series.values() if len(s) > 1]
    for k in range(n):
        own = rng.choice(several)
        first = rng.randrange(len(own) - 1)
        second = first + 1 if k % 2 == 0 else rng.choice([i for i in range(len(own)) if i != first])
        pair = (own[first], own[second])
        yield pair if rng.random() < 0.5 else (pair[1], pair[0])


def negatives(bench: Path | None, n: int, seed: int, modes: Sequence[Mode]) -> None:
    """Print how many wrong episodes are accepted."""
    # Two thirds of all pairs are of half an hour, as most series are; episodes cost by their length.
    titles = catalogue(max(40, n // 4), bench, seed, minutes=(22, 22, 44))
    pairs = list(hard_pairs(titles, n, seed))
    for mode in modes:
        sure, accepted = [], 0
        before = time.process_time()
        for anno, media in pairs:
            found = align(anno.cues, media.cues, mode=mode)
            sure.append(found.confidence)
            if found.accepted or found.verdict != "wrong_film":
                accepted += 1
                print(
                    f"accepted: {anno.name} on {media.name}, {found.confidence:.3f} {dict(found.evidence)}"
                )
        cpu = (time.process_time() - before) / len(pairs)
        top = ", ".join(f"{x:.3f}" for x in sorted(sure, reverse=True)[:5])
        print(f"{mode:8s} {len(pairs)} pairs, {accepted} accepted; highest {top}; {cpu:.2f} CPU s a pair")


def identify(bench: Path | None, n: int, seed: int, modes: Sequence[Mode], queries: int) -> None:
    """Print how often the right title comes first."""
    titles = catalogue(n, bench, seed)
    known = Catalogue([CatalogueTitle(t.name, t.name, _track(t)) for t in titles])
    for mode in modes:
        rng = random.Random(f"queries {seed}")
        right: dict[str, list[int]] = {kind: [] for kind in KINDS}
        before = time.process_time()
        for k in range(queries):
            title, kind = rng.choice(titles), KINDS[k % len(KINDS)]
            cues = tuple(copy_of(title.cues, rng, kind))
            copy = Evidence("given", kind, cues, None, f"{mode} {k}")
            found, _ = finder.identify(kind, Collected((copy,)), known, params=AlignParams(mode))
            best = found.matches[0] if found.matches else None
            right[kind].append(int(best is not None and best.accepted and best.title_id == title.name))
        cpu = (time.process_time() - before) / queries
        each = ", ".join(f"{kind} {sum(v)}/{len(v)}" for kind, v in right.items())
        share = sum(map(sum, right.values())) / queries
        print(f"{mode:8s} top-1 {share:.4f} of {queries} among {n} titles ({each}); {cpu:.2f} CPU s each")


def _track(title: Title) -> AnnotationTrack:
    lines = tuple(LineRef(c.start_ms, c.end_ms) for c in title.cues)
    return AnnotationTrack(title.cues, lines, title.name, None, title.name)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["negatives", "identify"])
    parser.add_argument("--bench", type=Path, default=os.environ.get("MMDIA_ALIGN_BENCH"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--titles", type=int, default=400)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--mode", nargs="*", choices=get_args(Mode), default=["text", "timing"])
    args = parser.parse_args()
    bench = Path(args.bench) if args.bench else None
    if args.what == "negatives":
        negatives(bench, args.pairs, args.seed, args.mode)
    else:
        identify(bench, args.titles, args.seed, args.mode, args.queries)
    return 0


if __name__ == "__main__":
    sys.exit(main())
