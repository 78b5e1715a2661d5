from __future__ import annotations

from array import array

import numpy as np
import pytest

from mmdia.align.identify import (
    STEP_S,
    PatternScreen,
    WordIndex,
    best_of,
    media_patterns,
    pattern_of,
    pattern_of_activity,
    words_of,
)
from mmdia.schema.activity import Activity
from mmdia.schema.cue import Cue
from tests.sync.films import cut, dubbed, film, jittered, moved

TITLES = [film(seed, lines=90) for seed in range(40)]
INDEX = WordIndex([words_of(t) for t in TITLES])
PATTERNS = [pattern_of(t) for t in TITLES]
LONGEST = max(len(p) for p in PATTERNS if p is not None)


def pattern_scores(cues: tuple[Cue, ...], activity: Activity | None = None) -> np.ndarray:
    screen = PatternScreen(media_patterns(cues, activity), LONGEST)
    return np.array([screen.score(p) for p in PATTERNS])


@pytest.mark.parametrize("k", [0, 17, 39])
@pytest.mark.parametrize(
    "copy",
    [
        lambda c: c,
        lambda c: moved(c, 31.5),
        lambda c: moved(c, 3.0, 0.96),
        lambda c: cut(moved(c, -4.0), 60, 120),
        lambda c: jittered(c, 0.3),
    ],
    ids=["same", "later", "pal", "cut", "loose"],
)
def test_words_and_pattern_find_the_title(k, copy):
    cues = copy(TITLES[k])
    by_words = INDEX.scores(words_of(cues))
    by_pattern = pattern_scores(cues)
    assert best_of(by_words, 3)[0] == k
    assert int(by_pattern.argmax()) == k
    assert by_words[k] > 5 * np.delete(by_words, k).max()


def test_words_survive_errors_of_a_recogniser():
    dice = np.random.default_rng(4)
    words = [w if dice.random() > 0.45 else f"err{dice.integers(99)}" for w in words_of(TITLES[5])]
    assert best_of(INDEX.scores(words), 1) == [5]


def test_another_language_is_found_by_its_pattern():
    cues = dubbed(moved(TITLES[7], 12.0, 1001 / 960))
    assert best_of(INDEX.scores(words_of(cues)), 3) == []
    assert int(pattern_scores(cues).argmax()) == 7


def test_speech_activity_alone_is_found_by_its_pattern():
    cues = moved(TITLES[9], 20.0)
    step = 0.03
    at = np.arange(0, cues[-1].end_s + 30, step)
    speech = np.zeros(len(at))
    for c in cues:
        speech[(at >= c.start_s) & (at < c.end_s)] = 0.9
    heard = Activity(0.0, step, array("f", speech.tolist()), "test")
    assert int(pattern_scores((), heard).argmax()) == 9


def test_runs_that_many_titles_have_say_nothing():
    shared = ["all", "say", "this"]
    index = WordIndex([[*shared, f"own{k}", "x", f"more{k}"] for k in range(20)])
    assert index.scores(shared).max() == 0
    assert best_of(index.scores(["own3", "x", "more3"]), 5) == [3]


def test_nothing_to_go_by_is_no_error():
    assert best_of(INDEX.scores([]), 5) == []
    assert best_of(WordIndex([]).scores(["a", "b"]), 5) == []
    assert pattern_of([]) is None
    assert pattern_of([Cue(5000, 5000, "x")]) is None
    assert pattern_of_activity(Activity(0.0, 0.03, array("f"), "test")) is None
    assert media_patterns([]) == []
    screen = PatternScreen(media_patterns(TITLES[0]), LONGEST)
    assert screen.score(None) == 0.0


def test_hours_of_nothing_do_not_eat_the_memory():
    far = (*TITLES[0], Cue(10**12, 10**12 + 1000, "stray"))
    found = pattern_of(far)
    assert found is not None
    assert len(found) * STEP_S < 60 * 60


def test_patterns_are_zero_mean_and_of_unit_variance():
    for p in PATTERNS[:5]:
        assert p is not None
        assert abs(float(p.signal.mean())) < 1e-3
        assert float(p.signal.std()) == pytest.approx(1.0, abs=1e-3)
