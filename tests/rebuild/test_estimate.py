"""Estimates grow with what is asked, know what is there, and refuse only what clearly cannot fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mmdia.errors import StoreError
from mmdia.rebuild.config import ClipParams, RebuildConfig
from mmdia.rebuild.estimate import (
    Estimate,
    FewLooks,
    Look,
    TitleEstimate,
    check_room,
    clip_bytes,
    estimate,
    free_space,
    keep_estimate,
    kept_estimate,
    look_at,
    title_cpu,
)
from mmdia.rebuild.kept import options_hash
from mmdia.rebuild.plan import make_plan
from tests.rebuild.conftest import MakeRelease, row

SD, HD = Look(6000.0, 854, 480, 10**9), Look(6000.0, 1920, 1080, 8 * 10**9)


def size(look: Look = HD, seconds: float = 60.0, stills: int = 10, **params: Any) -> int:
    return clip_bytes(ClipParams(**params), look, seconds, stills)


def test_bytes_grow_with_what_is_asked() -> None:
    plain = size()
    assert plain == pytest.approx(60 * 48_000 * 0.55)
    assert size(sample_rate=48_000) == pytest.approx(2 * plain)
    assert size(channels="stereo") == pytest.approx(2 * plain)
    assert size(seconds=120.0) == 2 * plain
    assert size(unit="both") == 2 * plain
    assert size(unit="turn") == plain
    assert size(SD, profile="video") < size(profile="video", height=720) < size(profile="video")
    assert size(profile="all") > size(profile="video") > plain
    assert size(SD, profile="video", height=1080) == size(SD, profile="video")  # never larger than the film
    assert size(profile="keyframes", stills=20) == 2 * size(profile="keyframes", stills=10)
    lossless = size(profile="lossless") - plain
    assert lossless == pytest.approx(60 * 8e9 / 6000, rel=1e-3)


def test_costs_grow_with_the_film_and_the_clips() -> None:
    def cpu(look: Look = HD, length: float = 6000.0, clips: float = 600.0, **params: Any) -> float:
        return title_cpu(ClipParams(**params), look, length, clips)

    assert cpu(length=12_000.0) > cpu() > cpu(clips=100.0)
    assert cpu(SD) == cpu()  # pictures cost nothing where none are wanted
    assert cpu(profile="lossless") < cpu(SD, profile="video") < cpu(profile="video", height=720)
    assert cpu(profile="video", height=720) < cpu(profile="video")
    assert cpu(profile="keyframes") < cpu(profile="video")
    # A two hour film's sound is half a minute's work.
    assert 10 < cpu(length=7200.0, clips=1800.0) < 60


def test_a_plan_is_estimated_and_what_is_built_is_not_counted(
    media_dir: Path, make_release: MakeRelease, tmp_path: Path
) -> None:
    release = make_release(
        [{"title_id": "mmdia_demo_01", "duration_ms": 134_009}, {"title_id": "missing"}],
        [row(f"d{k}", 1000 * k, 1000 * k + 900, "mmdia_demo_01") for k in range(10)]
        + [row("m", 0, 9, "missing")],
    )
    config = RebuildConfig(media_dir, tmp_path / "out", str(release), jobs=2)
    plan = make_plan(config)
    whole = estimate(plan, config, {})
    assert [(t.title_id, t.dialogues) for t in whole.titles] == [("mmdia_demo_01", 10)]
    assert whole.titles[0].clip_s == pytest.approx(9.0)
    assert whole.workers == 2
    assert whole.bytes > 0
    assert 0 < whole.wall_s <= whole.cpu_s
    by = {"status": "built", "options_hash": options_hash(config.clip, "default", config.min_confidence)}
    built = {f"d{k}": by for k in range(4)} | {"d5": {"status": "refused"}}
    assert estimate(plan, config, built).titles[0].dialogues == 6
    done = {f"d{k}": by for k in range(10)}
    assert estimate(plan, config, done).titles == ()
    other = {f"d{k}": by | {"options_hash": "other"} for k in range(10)}
    assert estimate(plan, config, other).titles[0].dialogues == 10
    assert estimate(plan, replace(config, proof=False), {}).cpu_s < whole.cpu_s
    asked = replace(config, quality=True, check_speech=3)
    fresh = estimate(plan, asked, {})
    assert (fresh.titles[0].measured, fresh.titles[0].heard) == (10, 3)
    assert fresh.cpu_s > whole.cpu_s
    done["d0"], done["d1"] = by | {"quality": {"snr_db": 9.0}}, by | {"speech": {"score": 1.0}}
    later = estimate(plan, asked, done).titles[0]
    assert (later.dialogues, later.measured, later.heard) == (0, 9, 2)
    assert estimate(plan, replace(asked, check_speech=-1), done).titles[0].heard == 9
    padded = replace(config, clip=ClipParams(pad_s=1.0))
    assert estimate(plan, padded, {}).titles[0].clip_s == pytest.approx(29.0)


def test_headers_are_read(film: Path, tmp_path: Path) -> None:
    seen = look_at(film)
    assert seen.length_s == pytest.approx(134.0, abs=0.5)
    assert (seen.width, seen.height) != (None, None)
    (tmp_path / "no.mkv").write_bytes(b"nothing")
    assert look_at(tmp_path / "no.mkv") == look_at(tmp_path / "not there.mkv") == Look()


def test_of_many_files_few_are_read() -> None:
    read: list[Path] = []

    def look(path: Path) -> Look:
        read.append(path)
        return Look(1.0, 100 * len(read), 100)

    few = FewLooks(3, look)
    seen = [few(Path(str(k))) for k in range(10)]
    assert len(read) == 3
    assert {s.width for s in seen[3:]} == {200}


def needs(n_bytes: int, free: int | None) -> Estimate:
    return Estimate((TitleEstimate("t", 1, 1.0, n_bytes, 1.0),), 1, free)


def test_only_what_clearly_cannot_fit_is_refused(tmp_path: Path) -> None:
    gigabyte = 10**9
    for good in (needs(3 * gigabyte, 2 * gigabyte), needs(gigabyte // 2, 1), needs(9 * gigabyte, None)):
        check_room(good, tmp_path)
    assert not needs(3 * gigabyte, 2 * gigabyte).fits
    assert needs(3, None).fits
    with pytest.raises(StoreError, match="too little room"):
        check_room(needs(9 * gigabyte, 4 * gigabyte), tmp_path)


def test_free_space_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert (free_space(tmp_path / "a" / "b") or 0) > 0


def test_an_estimate_is_kept_for_the_report(tmp_path: Path) -> None:
    assert kept_estimate(tmp_path) is None
    keep_estimate(needs(5, 9), tmp_path)
    assert (kept_estimate(tmp_path) or {})["bytes"] == 5
    keep_estimate(Estimate((), 1, None), tmp_path)  # nothing to do: the last one stays
    assert (kept_estimate(tmp_path) or {})["bytes"] == 5
    (tmp_path / "state" / "estimate.json").write_text("{")
    assert kept_estimate(tmp_path) is None
