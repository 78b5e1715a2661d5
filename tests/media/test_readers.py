"""Backends of media access: the public conformance suite over each, health, choice, the pool."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from mmdia.errors import UsageError
from mmdia.media import readers
from mmdia.media.reader_av import AvBackend
from mmdia.media.reader_pool import ReaderPool
from mmdia.media.readers import every_frame
from mmdia.testing.conformance import CASES, ConformanceFailure, check_case
from tests.media import film


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("conformance")


@pytest.fixture(autouse=True)
def forget() -> None:
    readers._problem.cache_clear()
    readers._tell_once.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["av", "soundfile", "decord"])
def test_a_built_in_backend_is_right_or_refuses(name: str, case: str, folder: Path) -> None:
    outcome = check_case(name, case, folder)
    assert outcome.result in {"passed", "refused", "skipped"}
    if name == "av":
        assert outcome.result == "passed"


@pytest.mark.slow
@pytest.mark.needs_torch
@pytest.mark.parametrize("case", CASES)
def test_torchcodec_is_right_or_refuses(case: str, folder: Path) -> None:
    pytest.importorskip("torchcodec")
    assert check_case("torchcodec", case, folder).result in {"passed", "refused"}


class OneLate(AvBackend):
    """Gives the next frame and the next sample."""

    name = "one-late"

    def open_picture(self, path, index):
        inner = super().open_picture(path, index)
        fetch = inner.fetch
        inner.fetch = lambda first, count: fetch(max(0, first - 1), count)
        return inner

    def open_sound(self, path, index):
        inner = super().open_sound(path, index)
        read = inner.read
        inner.read = lambda first, last: read(first + 1, last + 1)
        return inner


@pytest.mark.parametrize("case", [c for c in CASES if c != "interface"])
def test_the_suite_catches_a_backend_that_is_off_by_one(case: str, folder: Path) -> None:
    with pytest.raises(ConformanceFailure):
        check_case(OneLate(), case, folder)


def test_unknown_names_are_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="no such case"):
        check_case("av", "smell", folder)
    with pytest.raises(UsageError, match="no such backend"):
        readers.check_choice("vlc")
    with pytest.raises(UsageError, match="no such kind"):
        readers.check_choice({"smell": "av"})
    with pytest.raises(UsageError, match="reads no sound"):
        readers.check_choice({"sound": "decord"})


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError("libnvrtc.so.13: cannot open shared object file: No such file"), "libnvrtc.so.13"),
        (RuntimeError("Could not load libtorchcodec.\nlong\nreport"), "Could not load libtorchcodec"),
        (ModuleNotFoundError("No module named 'torchcodec'", name="torchcodec"), "not installed"),
    ],
)
def test_a_torchcodec_that_does_not_load_is_told_once_and_av_reads(
    monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] == "torchcodec":
                raise error

    for name in [n for n in sys.modules if n.partition(".")[0] == "torchcodec"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    row = next(r for r in readers.health() if r["backend"] == "torchcodec")
    assert not row["usable"]
    assert row["instead"] == "av"
    assert says in row["problem"]
    assert "\n" not in row["problem"]
    with pytest.warns(UserWarning, match="av reads instead"):
        assert readers.resolve("torchcodec", "picture", film=True).name == "av"
    assert readers.resolve("torchcodec", "picture", film=True).name == "av"  # no second warning


def test_health_is_told_by_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {row["backend"]: row["problem"] for row in readers.health()}["av"] is None

    class Dim(AvBackend):
        def open_picture(self, path, index):
            inner = super().open_picture(path, index)
            fetch = inner.fetch
            inner.fetch = lambda first, count: (frame // 2 for frame in fetch(first, count))
            return inner

    class Renamed(AvBackend):
        def open_picture(self, path, index):
            raise TypeError("open() got an unexpected keyword argument 'errors'\nmore")

    wrong = {"late": OneLate(), "dim": Dim(), "renamed": Renamed()}
    monkeypatch.setattr(readers, "backends", lambda: wrong)
    rows = {row["backend"]: row for row in readers.health() if row["backend"] in wrong}
    assert [row["usable"] for row in rows.values()] == [False] * 3
    assert rows["late"]["problem"].startswith("reads sound wrongly: got [120")
    assert rows["dim"]["problem"].startswith("reads picture wrongly: got [")
    assert rows["renamed"]["problem"].endswith(
        "TypeError: open() got an unexpected keyword argument 'errors'"
    )


def test_a_single_name_counts_for_what_it_reads() -> None:
    assert readers.resolve("decord", "sound", film=False).name == "soundfile"
    assert readers.resolve("soundfile", "picture", film=False).name == "av"
    assert readers.resolve("auto", "sound", film=True).name == "av"
    assert readers.resolve({"picture": "av"}, "sound", film=False).name == "soundfile"


class Handle:
    def __init__(self) -> None:
        self.open = True

    def close(self) -> None:
        self.open = False


def test_the_pool_keeps_the_latest_and_closes_the_rest() -> None:
    pool, made = ReaderPool(2), {}

    def use(key: str) -> None:
        with pool.lend(key, Handle) as handle:
            made.setdefault(key, handle)

    for key in "abacb":
        use(key)
    assert (pool.opened, pool.reused, len(pool)) == (4, 1, 2)
    assert made["a"].open is False  # the least lately used, when b was opened again
    with pool.lend("b", Handle) as one, pool.lend("b", Handle) as other:
        assert one is not other
    with pytest.raises(RuntimeError), pool.lend("c", Handle) as broken:
        raise RuntimeError
    assert not broken.open
    pool.close()
    assert len(pool) == 0


def test_rgb_keeps_its_size_or_takes_the_clip_s() -> None:
    from mmdia.media.reader_av import resize

    rgb = np.full((90, 160, 3), 77, np.uint8)
    assert resize(rgb, 160, 90) is rgb
    assert resize(rgb, 80, 46).shape == (46, 80, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["base.mp4", "base.mkv", "edit.mp4", "vfr.mkv"])
def test_every_frame_comes_once_in_order(films: dict[str, Path], name: str) -> None:
    numbers = [film.read_number(rgb.mean(axis=2).astype(np.uint8)) for rgb in every_frame(films[name])]
    first = numbers[0]
    assert numbers == list(range(first, film.N_FRAMES))
    assert (first > 0) == (name == "edit.mp4"), "frames before the edit list's start are not shown"
