from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import soxr

from mmdia.align.fp_bits import compact
from mmdia.align.fp_identify import Catalogue, identify
from mmdia.errors import UsageError
from mmdia.media.fingerprint import analyse_samples
from mmdia.schema.fingerprint import METHOD, Fingerprint, SoundBands
from tests.align.sounds import RATE, noisy, scene


@cache
def films() -> dict[str, np.ndarray]:
    return {f"film {k}": scene(30 + k, 60) for k in range(3)}


def bands(samples: np.ndarray) -> SoundBands:
    return analyse_samples(samples, RATE)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    rng = np.random.default_rng(1)
    strangers = {f"other {k}": Fingerprint(rng.bytes(4 * 8000), 4, 0.032, 0.064, METHOD) for k in range(60)}
    known = {title: compact(bands(sound)) for title, sound in films().items()}
    foreign = {"old": Fingerprint(b"\0" * 400, 4, 0.032, 0.064, "old/0")}
    return Catalogue.of({**strangers, **known, **foreign})


@pytest.mark.slow
def test_a_bad_copy_is_found_among_many(catalogue: Catalogue) -> None:
    found = identify(bands(noisy(films()["film 1"][10 * RATE :], 20) * 0.1), catalogue)
    assert found[0].title == "film 1"
    assert found[0].probability is not None
    assert found[0].probability > 0.9
    assert found[0].votes > 5 * max(f.votes for f in found[1:])
    assert found[0].fit is not None
    assert found[0].fit.segments[0].offset_s == pytest.approx(-10, abs=0.01)


def test_speed_and_pitch_do_not_hide_it(catalogue: Catalogue) -> None:
    played = soxr.resample(films()["film 2"], RATE, RATE * 24 / 25).astype(np.float32)
    assert identify(bands(played), catalogue, confirm=0)[0].title == "film 2"


@pytest.mark.slow
def test_a_stranger_is_nobody(catalogue: Catalogue) -> None:
    found = identify(bands(scene(99, 60)), catalogue)
    assert all((f.probability or 0) < 0.05 for f in found)


def test_titles_of_another_method_are_left_out(catalogue: Catalogue) -> None:
    assert "old" not in catalogue.titles
    assert len(catalogue.titles) == 63


def test_an_empty_catalogue_answers_nothing() -> None:
    assert identify(bands(films()["film 0"]), {}) == []


def test_too_many_titles_are_refused() -> None:
    one = Fingerprint(b"abcd", 4, 0.032, 0.064, METHOD)
    with pytest.raises(UsageError, match="too many"):
        Catalogue.of({str(k): one for k in range(4097)})
