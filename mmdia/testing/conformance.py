"""Is a backend of media access right? Checks that anyone can run on any backend.

    >>> report = check_backend("av")
    >>> report.passed
    True

A backend (`mmdia.media.reader_port.Backend`) is run over small films made here, in which every frame
carries its number and every sample is known: mp4, Matroska, a variable rate, a late start, an edit
list, MPEG-TS, and clips of sound. It may refuse a film (`MediaUnreadable`), except the plain mp4; what
it must never do is give another frame or another sample than it was asked for. In pytest::

    from mmdia.testing.conformance import CASES, check_case

    @pytest.mark.parametrize("case", CASES)
    def test_my_backend(case, tmp_path):
        check_case(MyBackend(), case, tmp_path)  # raises ConformanceFailure
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.errors import MediaUnreadable, MmdiaError, UsageError
from mmdia.testing.conformance_films import FILMS, N_FRAMES, make_film, make_sound, read_number

if TYPE_CHECKING:
    from mmdia.media.index import MediaIndex
    from mmdia.media.reader_port import Backend

#: Frames asked for, in this order: forward, backward, across key frames, first and last.
_PLACES = ((0, 3), (50, 12), (47, 2), (N_FRAMES - 2, 2), (1, 1), (96, 30), (0, 1))
_SOUND_PLACES = ((0, 1000), (12_345, 13_000), (5, 6), (-100, 200), (40_000, 40_001), (23_000, 47_999))


class ConformanceFailure(MmdiaError, AssertionError):
    """A backend is wrong about a frame or a sample, or breaks the interface."""


@dataclass(frozen=True)
class Outcome:
    """What one case showed.

    Attributes:
        case: Its name.
        result: ``passed``, ``refused`` (the backend said that it cannot), ``skipped`` or ``failed``.
        message: Why, in words.
    """

    case: str
    result: str
    message: str = ""


@dataclass(frozen=True)
class Report:
    """What all cases showed.

    Attributes:
        backend: Name of the backend.
        outcomes: One for each case, in order.
    """

    backend: str
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed, and something was read."""
        results = [outcome.result for outcome in self.outcomes]
        return "failed" not in results and "passed" in results

    def to_row(self) -> dict[str, Any]:
        """As plain values (schema ``mmdia.conformance/1``)."""
        cases = [{"case": o.case, "result": o.result, "message": o.message} for o in self.outcomes]
        return {
            "schema": "mmdia.conformance/1", "backend": self.backend, "passed": self.passed, "cases": cases
        }  # fmt: skip

    def __str__(self) -> str:
        lines = [f"{o.case:<18} {o.result:<8} {o.message}".rstrip() for o in self.outcomes]
        return "\n".join(
            [f"backend {self.backend}: {'conforms' if self.passed else 'does not conform'}", *lines]
        )


def check_backend(backend: str | Backend, folder: str | Path | None = None) -> Report:
    """Run all cases.

    Args:
        backend: Name of a registered backend, or the object itself.
        folder: Where the films are made; None takes a temporary place.

    Raises:
        UsageError: There is no such backend.
    """
    made = _backend(backend)
    with tempfile.TemporaryDirectory(prefix="mmdia-conformance-") as scratch:
        place = Path(scratch if folder is None else folder)
        return Report(made.name, tuple(_outcome(made, case, place) for case in CASES))


def check_case(backend: str | Backend, case: str, folder: str | Path) -> Outcome:
    """Run one case of `CASES`, for a parametrised test.

    Raises:
        ConformanceFailure: The backend is wrong.
        UsageError: There is no such case or backend.
    """
    if case not in _CASES:
        raise UsageError("no such case", expected=", ".join(CASES), got=repr(case))
    outcome = _outcome(_backend(backend), case, Path(folder))
    if outcome.result == "failed":
        raise ConformanceFailure(f"{case}: {outcome.message}")
    return outcome


def _backend(backend: str | Backend) -> Backend:
    from mmdia.media.readers import backends

    if not isinstance(backend, str):
        return backend
    known = backends()
    if backend not in known:
        raise UsageError("no such backend", expected=", ".join(known), got=repr(backend))
    return known[backend]


def _outcome(backend: Backend, case: str, folder: Path) -> Outcome:
    problem = backend.problem()
    if problem is not None:
        return Outcome(case, "skipped", problem)
    kind = "sound" if case.startswith("sound") else "picture"
    if kind not in backend.reads and case != "interface":
        return Outcome(case, "skipped", f"reads no {kind}")
    try:
        return Outcome(case, "passed", _CASES[case](backend, case, folder))
    except MediaUnreadable as error:
        if case in ("picture base.mp4", "sound clip.flac"):
            return Outcome(case, "failed", f"refuses what every backend must read: {error.message}")
        return Outcome(case, "refused", error.message)
    except ConformanceFailure as error:
        return Outcome(case, "failed", error.message)


def _interface(backend: Backend, case: str, folder: Path) -> str:
    from mmdia.media.reader_port import Backend as Port

    if not isinstance(backend, Port):
        raise ConformanceFailure("an attribute or method of the interface is missing")
    if not backend.name or not backend.reads <= {"picture", "sound"} or not backend.reads:
        raise ConformanceFailure("name and reads must say something")
    missing = folder / "there-is-no-such-file.mp4"
    from mmdia.errors import MediaError
    from mmdia.media.index import build_index

    index = build_index(make_film(folder, "base.mp4"))
    try:
        if "picture" in backend.reads:
            backend.open_picture(str(missing), index)
        else:
            backend.open_sound(str(missing), None)
    except MediaError:
        return ""
    except Exception as error:  # whatever a foreign library raises is what is told here
        raise ConformanceFailure(
            "a missing file must raise MediaNotFound or MediaUnreadable", got=type(error).__name__
        ) from error
    raise ConformanceFailure("a missing file was opened")


def _picture(backend: Backend, case: str, folder: Path) -> str:
    """Every request gives the frames asked for, in any order; a second reader the same."""
    from mmdia.media.index import build_index, require_video

    path = make_film(folder, case.partition(" ")[2])
    index = build_index(path)
    n, first_number = require_video(index, path).n_frames, FILMS[path.name].first_number
    for _ in range(2):
        reader = backend.open_picture(str(path), index)
        try:
            for first, count in _PLACES:
                count = min(count, n - first)
                if count > 0:
                    _check_frames(list(reader.fetch(first, count)), first, count, first_number)
        finally:
            reader.close()
    return ""


def _check_frames(got: list[Any], first: int, count: int, first_number: int) -> None:
    import numpy as np

    if len(got) != count:
        raise ConformanceFailure("another number of frames", expected=count, got=len(got))
    for k, rgb in enumerate(got):
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise ConformanceFailure(
                "frames must be uint8 (height, width, 3)", got=f"{rgb.dtype} {rgb.shape}"
            )
        shown, due = read_number(rgb), first + k + first_number
        if shown != due:
            raise ConformanceFailure(
                f"frame {first + k} is not the frame that it shows", expected=due, got=shown
            )


def _sound(backend: Backend, case: str, folder: Path) -> str:
    """Samples of a clip are those that were written, wherever one begins, zeros outside."""
    import numpy as np

    channels = 2 if "stereo" in case else 1
    path, pcm = make_sound(folder, channels)
    reader = backend.open_sound(str(path), None)
    try:
        if reader.rate != 24_000:
            raise ConformanceFailure("another rate", expected=24_000, got=reader.rate)
        for first, last in _SOUND_PLACES:
            got = reader.read(first, last)
            due = np.zeros((channels, last - first), np.float32)
            low, high = max(first, 0), min(last, len(pcm))
            due[:, low - first : high - first] = pcm[low:high].T.astype(np.float32) / 32768
            if got.dtype != np.float32 or got.shape != due.shape:
                raise ConformanceFailure("samples must be float32", expected=due.shape, got=got.shape)
            if not np.array_equal(got, due):
                raise ConformanceFailure(f"samples {first}..{last} are not those of the clip")
    finally:
        reader.close()
    return ""


def _film_sound(backend: Backend, case: str, folder: Path) -> str:
    """The sound of a film has the very samples that clips are cut from."""
    import numpy as np

    from mmdia.media.index import build_index
    from mmdia.media.sound import SoundRange, SoundReader

    path = make_film(folder, case.rpartition(" ")[2])
    index: MediaIndex = build_index(path)
    ranges = [
        SoundRange(n, a, b) for n, (a, b) in enumerate(((0, 4000), (100_000, 130_000), (60_000, 60_100)))
    ]
    with SoundReader(path, index, ranges) as source:
        due = {block.key: block.samples for block in source.advance()}
    reader = backend.open_sound(str(path), index)
    try:
        for want in (*ranges, ranges[0]):
            if not np.array_equal(reader.read(want.first, want.last), due[want.key]):
                raise ConformanceFailure(f"samples {want.first}..{want.last} are not those of the clip")
    finally:
        reader.close()
    return ""


_CASES: dict[str, Callable[[Backend, str, Path], str]] = {
    "interface": _interface,
    **{f"picture {name}": _picture for name in FILMS},
    "sound clip.flac": _sound,
    "sound stereo.flac": _sound,
    **{f"sound of film {name}": _film_sound for name in ("base.mp4", "late.mkv", "base.ts")},
}

#: Names of all cases.
CASES: tuple[str, ...] = tuple(_CASES)
