"""Laws: of the dynamic programming, of sums of evidence, of maps, and of what must not matter."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmdia.align.evidence import Evidence
from mmdia.align.pieces import Piece, prune, run_of
from mmdia.align.solve import align
from mmdia.align.text_source import TextSource
from mmdia.align.timing_source import TimingSource
from mmdia.align.track import Track
from mmdia.align.viterbi import ABSENT, best_path
from mmdia.schema.cue import Cue

Film = list[Cue]
Make = Callable[..., Film]
few = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def changed(film: Film, seed: int) -> tuple[Film, float]:
    """A copy with a removed scene, a shift and a little scatter; and the length of the scene."""
    rng = random.Random(seed)
    first = rng.randint(30, 50)
    last = first + rng.randint(3, 9)
    a = (film[first - 1].end_ms + film[first].start_ms) // 2
    b = (film[last].end_ms + film[last + 1].start_ms) // 2
    late = [replace(c, start_ms=c.start_ms - b + a, end_ms=c.end_ms - b + a) for c in film[last + 1 :]]
    copy = [
        replace(c, start_ms=c.start_ms + 4000 + rng.randint(-40, 40), end_ms=c.end_ms + 4000)
        for c in film[:first] + late
    ]
    return copy, (b - a) / 1000


@pytest.mark.slow
@given(seed=st.integers(0, 10_000), mode=st.sampled_from(["auto", "timing"]))
@few
def test_a_map_is_monotone_and_its_inverse_undoes_it(make_film: Make, seed: int, mode: str) -> None:
    film = make_film(90, seed)
    copy, gone_s = changed(film, seed)
    found = align(film, copy, mode=mode)  # type: ignore[arg-type]
    time_map, back = found.time_map, found.time_map.invert()
    times = [t / 7 for t in range(int(7 * film[-1].end_s))]
    mapped = [time_map.extrapolate(t) for t in times]
    assert all(x <= y + 1e-6 for x, y in pairwise(mapped))
    for t in times:
        there = time_map.apply(t)
        if there is not None:
            assert back.apply(there + 1e-9) == pytest.approx(t, abs=1e-5)
    left, right = time_map.segments
    assert right.anno_start - left.anno_end == pytest.approx(gone_s, abs=0.1)


@pytest.mark.slow
@given(seed=st.integers(0, 10_000), shift_ms=st.integers(-30_000, 90_000))
@few
def test_a_further_shift_only_shifts(make_film: Make, seed: int, shift_ms: int) -> None:
    film = make_film(90, seed)
    copy, _ = changed(film, seed)
    moved = [replace(c, start_ms=c.start_ms + shift_ms, end_ms=c.end_ms + shift_ms) for c in copy]
    one, two = align(film, copy), align(film, moved)
    for a, b in zip(one.time_map.segments, two.time_map.segments, strict=True):
        assert b.offset - a.offset == pytest.approx(shift_ms / 1000, abs=0.02)
        assert b.scale == a.scale


@pytest.mark.slow
@given(seed=st.integers(0, 10_000))
@few
def test_markup_case_and_line_breaks_do_not_matter(make_film: Make, seed: int) -> None:
    film = make_film(70, seed)
    copy, _ = changed(film, seed)
    dressed = [
        replace(c, text="<i>" + c.text.upper().replace(" ", "\n", 1) + "</i> [sighs]", raw_text="x")
        for c in copy
    ]
    plain, other = align(film, copy), align(film, dressed)
    assert other.verdict == plain.verdict
    assert [f.start_s for f in other.lines] == pytest.approx([f.start_s for f in plain.lines], abs=1e-6)


@given(
    nats=st.lists(st.lists(st.integers(-4, 9), min_size=3, max_size=3), min_size=2, max_size=5),
    switch=st.sampled_from([1.0, 4.0, 7.0]),
)
@settings(max_examples=60, deadline=None)
def test_the_path_is_the_best_of_all_paths(nats: list[list[int]], switch: float) -> None:
    table = np.array(nats, dtype=np.float64)
    offsets, start = np.array([0.0, 5.0, 9.0]), 100.0 * np.arange(len(nats))
    enter = 0.55 * switch

    def worth(path: tuple[int, ...]) -> float:
        total = -ABSENT if path[0] == 3 else table[0, path[0]]
        for i, (a, b) in enumerate(pairwise(path), 1):
            total -= 0.0 if a == b else switch if 3 not in (a, b) else enter
            total += -ABSENT if b == 3 else table[i, b]
        return float(total)

    path, total = best_path(table, offsets, start, 1.0, switch)
    assert total == pytest.approx(max(map(worth, product(range(4), repeat=len(nats)))))
    assert worth(tuple(path.tolist())) == pytest.approx(total)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=12))
def test_a_run_is_the_stretch_with_the_largest_sum(values: list[int]) -> None:
    first, stop, total = run_of(np.array(values, dtype=np.float64))
    sums = [sum(values[a:b]) for a in range(len(values) + 1) for b in range(a, len(values) + 1)]
    assert total == max(sums)
    assert sum(values[first:stop]) == total


def test_pruning_keeps_what_pays_and_leaves_what_fits_nowhere_out(make_film: Make) -> None:
    anno, _ = Track.from_cues(make_film(30, 1)).by_time()
    nats = np.full((30, 3), -1.0)
    nats[:10, 0] = nats[20:, 2] = 3.0
    nats[14, 1] = 8.0  # one line that happens to fit
    pieces = [Piece(0, 9, 0.0), Piece(14, 14, 700.0), Piece(20, 29, -20.0)]
    kept = prune(pieces, nats, anno, 1.0, 14.0)
    assert kept == [Piece(0, 9, 0.0), Piece(20, 29, -20.0)]


def test_evidence_is_the_weighted_sum_of_its_sources(make_film: Make) -> None:
    film = make_film(40, 2)
    anno, _ = Track.from_cues(film).by_time()
    sources = [TextSource.of(anno, anno), TimingSource.of(anno, anno)]
    offsets = np.array([-3.0, 0.0, 12.5])
    for lead in ("text", "timing"):
        evidence = Evidence.led_by(lead, anno, sources)  # type: ignore[arg-type]
        parts = [p.near * p.source.within(0.1).nats(1.0, offsets) for p in evidence.parts]
        assert evidence.nats(1.0, offsets, 0.1) == pytest.approx(sum(parts))
        assert (evidence.nats(1.0, offsets).sum(0).argmax()) == 1


def test_a_decoy_of_words_keeps_them_with_their_lines(make_film: Make) -> None:
    anno, _ = Track.from_cues(make_film(20, 3)).by_time()
    text = TextSource.of(anno, anno)
    decoy = text.decoy(anno.reversed(), np.arange(len(anno) - 1, -1, -1))
    assert len(decoy.pairs) == len(text.pairs)
    assert decoy.tokens.tolist() == text.tokens[::-1].tolist()
    assert (np.diff(decoy.pairs.line) >= 0).all()
    inside = decoy.pairs.anno_s - decoy.anno.start_s[decoy.pairs.line]
    length = (decoy.anno.end_s - decoy.anno.start_s)[decoy.pairs.line]
    assert (inside >= -1e-9).all()
    assert (inside <= length + 1e-9).all()
