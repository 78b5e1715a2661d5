"""Speech heard in the audio as evidence, and what the solver makes of it."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.align.activity import ActivitySource
from mmdia.align.activity_edges import edges_of
from mmdia.align.solve import align
from mmdia.align.speech_template import FAR, LEAD_S, Zones, painted
from mmdia.align.track import Track
from mmdia.errors import AlignmentError
from mmdia.schema.activity import Activity
from mmdia.schema.cue import Cue

STEP_S = 0.02


def lines(n: int, seed: int = 0) -> list[Cue]:
    """A talk: lines of one to four seconds, pauses between, now and then a scene without words."""
    random = np.random.default_rng(seed)
    out, t = [], 5.0
    for i in range(n):
        length = float(random.uniform(0.8, 4.0))
        out.append(Cue(round(t * 1000), round((t + length) * 1000), f"line {i}"))
        t += length + float(random.choice([0.1, 0.4, 1.0, 3.0, 12.0], p=[0.3, 0.3, 0.2, 0.15, 0.05]))
    return out


def heard(cues: list[Cue], *, seed: int = 1, lead_s: float = LEAD_S, tail_s: float = 8.0) -> Activity:
    """What a fair detector hears of the cues: late onsets, early ends, noise, false alarms."""
    random = np.random.default_rng(seed)
    n = round((max(c.end_s for c in cues) + tail_s) / STEP_S)
    on = np.zeros(n)
    for c in cues:
        a = max(0.0, c.start_s + lead_s + 0.04 * random.standard_normal())
        b = max(a + 0.2, c.end_s - abs(0.3 * random.standard_normal()))
        on[round(a / STEP_S) : round(b / STEP_S)] = 1
    for _ in range(n // 1000):
        k = int(random.integers(0, n))
        on[k : k + int(random.integers(5, 60))] = random.integers(0, 2)
    p = np.clip(0.1 + 0.75 * on + 0.12 * random.standard_normal(n), 0, 1)
    return Activity(0.0, STEP_S, array("f", p.astype(np.float32).tobytes()), "test")


def moved(cues: list[Cue], scale: float, offset_s: float) -> list[Cue]:
    return [
        Cue(
            round((c.start_s * scale + offset_s) * 1000), round((c.end_s * scale + offset_s) * 1000), c.text
        )
        for c in cues
    ]


def source(cues: list[Cue], activity: Activity) -> ActivitySource:
    return ActivitySource.of(Track.from_cues(cues).by_time()[0], activity)


CUES = lines(120)
TALK = heard(CUES)


def test_lines_gain_where_they_are() -> None:
    found = source(CUES, TALK)
    nats = found.nats(1.0, np.array([0.0, 0.7, -2.0, 31.0, 5000.0]))
    assert nats.shape == (120, 5)
    assert nats[:, 0].mean() > 1.0
    assert (nats[:, 1:].mean(axis=0) < 0.2).all()
    assert np.isfinite(nats).all()


def test_chance_is_worth_nothing() -> None:
    found = source(CUES, TALK)
    middle = float(found.anno.start_s.mean())
    places = np.random.default_rng(5).uniform(0, found.seconds, 300) - middle
    assert np.exp(found.nats(1.0, places)).mean() == pytest.approx(1.0, abs=0.25)


def test_the_best_place_is_not_where_the_sound_begins() -> None:
    grid = np.arange(-0.3, 0.3, 0.01)
    best = grid[source(CUES, heard(CUES)).nats(1.0, grid).sum(axis=0).argmax()]
    assert abs(best) <= 0.04
    edges = source(CUES, heard(CUES)).edges()
    assert edges is not None
    assert not edges.exact
    away = edges.onset[:, None] - np.array([c.start_s for c in CUES])
    nearest = away[np.arange(len(away)), np.abs(away).argmin(axis=1)]
    assert abs(float(np.median(nearest))) <= 0.04


def test_what_is_not_spoken_says_nothing() -> None:
    marks = [
        Cue(c.start_ms, c.end_ms, "", raw_text="[music]") if k % 3 == 0 else c for k, c in enumerate(CUES)
    ]
    nats = source(marks, TALK).nats(1.0, np.array([0.0, 3.0]))
    assert (nats[::3] == 0).all()
    assert (nats[1::3] != 0).all()


def test_correlation_is_the_sum_of_the_lines() -> None:
    """Candidates are peaks of the very evidence that lines are weighed by."""
    found = source(CUES, TALK)
    zones = Zones.of(found.anno, 1.0)
    steps = len(found.heard)
    template = painted(zones, FAR, 0.0, 0.01, steps)
    for offset in (0.0, 1.5, -3.25):
        plain = found._plain(1.0, np.array([offset])).sum() - len(found.anno) * FAR.base
        moved_by = round(offset / 0.01)
        signal = np.diff(found.heard)
        inside = np.arange(steps - 1)
        at = inside + moved_by
        fine = (at >= 0) & (at < len(signal))
        assert plain == pytest.approx(float(template[inside[fine]] @ signal[at[fine]]), abs=2.0)


@settings(max_examples=5)
@given(st.floats(-200, 400), st.sampled_from([1.0, 24 / 25, 25 / 24, 25 / 23.976]))
def test_candidates_hold_the_truth(offset_s: float, scale: float) -> None:
    there = [c for c in moved(CUES, scale, offset_s) if c.start_ms >= 0]
    if len(there) < 40:
        return
    found = source(CUES, heard(there)).offsets(scale)
    assert min(abs(o - offset_s) for o, _ in found) < 0.15
    strongest = max(found, key=lambda c: c[1])
    assert abs(strongest[0] - offset_s) < 0.15


@pytest.mark.slow
def test_speeds_hold_the_truth() -> None:
    for scale in (24 / 25, 1.0123):
        speeds = source(CUES, heard(moved(CUES, scale, 7.0))).speeds()
        assert min(abs(s - scale) for s in speeds[:4]) < 6e-4


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1.0, 24 / 25])
def test_the_solver_finds_offset_and_speed(scale: float) -> None:
    cues = lines(160, seed=3)
    truth = moved(cues, scale, 42.5)
    found = align(cues, [], mode="audio", activity=heard(truth))
    assert found.verdict == ("speed" if scale != 1 else "translation")
    assert found.accepted
    assert found.scale == pytest.approx(scale, abs=1e-9)
    error = [abs(f.start_s - t.start_s) for f, t in zip(found.lines, truth, strict=True)]
    assert max(error) < 0.1
    assert found.evidence["mode"] == "audio"


@pytest.mark.slow
def test_the_solver_finds_a_cut() -> None:
    cues = lines(200, seed=4)
    gone_a, gone_b = cues[90].start_s - 0.02, cues[110].start_s - 0.02
    truth = [
        None
        if gone_a <= c.start_s < gone_b
        else moved([c], 1.0, 0.0 if c.start_s < gone_a else gone_a - gone_b)[0]
        for c in cues
    ]
    found = align(cues, [], mode="audio", activity=heard([c for c in truth if c is not None]))
    assert found.verdict == "segments"
    right = [
        abs(f.start_s - t.start_s) < 0.2 for f, t in zip(found.lines, truth, strict=True) if t is not None
    ]
    assert np.mean(right) > 0.97
    absent = [not f.present for f, t in zip(found.lines, truth, strict=True) if t is None]
    assert np.mean(absent) >= 0.8


@pytest.mark.slow
def test_another_film_is_refused() -> None:
    found = align(lines(160, seed=11), [], mode="audio", activity=heard(lines(170, seed=61)))
    assert found.verdict == "wrong_film"
    assert found.confidence < 0.3
    assert not any(line.present for line in found.lines)


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0, float("nan")])
def test_sound_without_contrast_decides_nothing(p: float) -> None:
    flat = Activity(0.0, STEP_S, array("f", [p] * 30_000), "test")
    found = align(CUES, [], mode="audio", activity=flat)
    assert found.verdict == "wrong_film"
    assert not found.accepted


def test_a_moment_of_sound_is_no_reason_to_fail() -> None:
    for steps in (1, 3, 60):
        short = Activity(0.0, STEP_S, array("f", [0.9] * steps), "test")
        assert align(CUES[:5], [], mode="audio", activity=short).verdict == "wrong_film"
    with pytest.raises(AlignmentError, match="no sound"):
        align(CUES, [], mode="audio", activity=Activity(0.0, STEP_S, array("f"), "test"))


def test_the_beginning_of_the_steps_counts() -> None:
    late = Activity(3.0, TALK.step_s, TALK.probability, "test")
    one, other = source(CUES, TALK), source(CUES, late)
    offsets = np.array([0.003, 0.403, 10.003])
    assert np.allclose(one.nats(1.0, offsets), other.nats(1.0, offsets + 3.0))
    a, b = one.edges(), other.edges()
    assert a is not None
    assert b is not None
    assert np.allclose(a.onset + 3.0, b.onset)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=400), st.sampled_from([0.01, 0.02, 0.032]))
def test_edges_are_in_order(p: list[float], step_s: float) -> None:
    found = edges_of(np.array(p), 1.0, step_s)
    assert len(found.onset) == len(found.close) >= 1
    assert (np.diff(found.onset) > 0).all()
    assert (np.diff(found.close) > 0).all()
    assert (found.close > found.onset).all()


@given(st.integers(1, 12), st.floats(0.9, 1.1), st.integers(0, 1000))
def test_zones_stay_in_their_places(n: int, scale: float, seed: int) -> None:
    anno = Track.from_cues(lines(n, seed)).by_time()[0]
    zones = Zones.of(anno, scale)
    assert (zones.end >= zones.begin).all()
    assert (zones.begin >= anno.start_s * scale - 6.0 - 1e-9).all()
    assert (zones.end <= anno.end_s * scale + 1.0 + 1e-9).all()
    if n > 1:
        middle = 0.5 * (anno.end_s[:-1] + anno.start_s[1:]) * scale
        assert (zones.end[:, :-1] <= np.maximum(middle, anno.end_s[:-1] * scale) + 1e-9).all()
