"""Where a view's sound and picture lie: in a file of a rebuild, or in a stretch of a film."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mmdia.corpus.locate import mmdia_home
from mmdia.errors import MediaNotFound, MediaUnreadable
from mmdia.media.audio import AudioParams, guarded_range, render
from mmdia.media.index import MediaIndex, build_index, require_video
from mmdia.media.index_cache import cached_index
from mmdia.media.mix import Channels
from mmdia.media.probe import media_hash
from mmdia.media.reader_av import resize
from mmdia.media.reader_pool import Closable, pool
from mmdia.media.reader_port import PictureFile, Rgb, SoundFile
from mmdia.media.readers import Choice, resolve
from mmdia.media.window import Window, snap
from mmdia.store.shards import is_reference, read_reference

Floats32 = npt.NDArray[np.float32]


class SoundSource(Protocol):
    """The sound of a clip."""

    @property
    def path(self) -> str:
        """The file that is read."""

    def read(self, backend: Choice, start_s: float, end_s: float | None) -> tuple[Floats32, int]:
        """Samples float32 (channels, n) of a stretch in clip seconds, and their rate."""


class PictureSource(Protocol):
    """The picture of a clip."""

    @property
    def path(self) -> str:
        """The file that is read."""

    def opened(self, backend: Choice) -> AbstractContextManager[OpenPicture]:
        """The picture, open."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenPicture:
    """An open picture, told in frames and times of the clip.

    Attributes:
        times_ns: Clip time of every frame, int64 (n,).
        end_ns: Clip time at which the last frame ends.
        fetch: Frames by the clip's own numbers (first, count).
    """

    times_ns: npt.NDArray[np.int64]
    end_ns: int
    fetch: Callable[[int, int], Iterator[Rgb]]


@dataclass(frozen=True, slots=True)
class ClipSound:
    """A FLAC of a rebuild.

    Attributes:
        path: The file, or a reference into a shard.
    """

    path: str

    def read(self, backend: Choice, start_s: float, end_s: float | None) -> tuple[Floats32, int]:
        """Samples of a stretch, seeking to it."""
        chosen = resolve(backend, "sound", film=False)

        def opener() -> _Held:
            return _held(self.path, lambda path: chosen.open_sound(path, None))

        with pool().lend(("sound", chosen.name, *_identity(self.path)), opener) as held:
            sound: SoundFile = held.inner
            first = round(start_s * sound.rate)
            # A clip's length is in its own file; a read beyond it would give zeros.
            length = _length(held)
            last = length if end_s is None else min(round(end_s * sound.rate), length)
            return sound.read(min(first, last), last), sound.rate


@dataclass(frozen=True, slots=True)
class ClipPicture:
    """An mp4 of a rebuild.

    Attributes:
        path: The file, or a reference into a shard.
    """

    path: str

    @contextmanager
    def opened(self, backend: Choice) -> Iterator[OpenPicture]:
        """The clip, open."""
        chosen = resolve(backend, "picture", film=False)

        def opener() -> _Held:
            return _held(self.path, lambda path: _indexed(path, build_index(path), chosen))

        with pool().lend(("picture", chosen.name, *_identity(self.path)), opener) as held:
            indexed: _Indexed = held.inner
            video = require_video(indexed.index, self.path)
            origin = int(video.times_ns[0])
            yield OpenPicture(
                video.times_ns - origin, round(video.end * 10**9) - origin, indexed.picture.fetch
            )


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a film.

    Attributes:
        path: The film.
        start_s: a', player second.
        end_s: b', player second.
        track: Number of the sound track; None takes the file's default.
        speed: Media seconds per second of the clip, as text ("1", "24000/25025").
        hash: Content identity of the film that the stretch was measured on; None does not ask.
    """

    path: str
    start_s: float
    end_s: float
    track: int | None = None
    speed: str = "1"
    hash: str | None = None

    def window(self, index: MediaIndex) -> Window:
        """The window of whole frames."""
        return snap(index, self.start_s, self.end_s)

    def index(self) -> MediaIndex:
        """Index of the film, from the cache where it was indexed before.

        Raises:
            MediaNotFound: The film is gone.
            MediaUnreadable: It is another film than the one that was measured.
        """
        path = self.path
        if not Path(path).is_file():
            raise MediaNotFound("the film is gone", path=path)
        if self.hash is not None and _hash(*_identity(path)) != self.hash:
            raise MediaUnreadable(
                "this is not the file that the clip was cut from", path=path,
                expected=self.hash, got=_hash(*_identity(path)), hint="Run the rebuild again.",
            )  # fmt: skip
        return _index(*_identity(path), self.track, str(mmdia_home() / "media-index"))


@dataclass(frozen=True, slots=True)
class FilmSound:
    """Sound straight from a film, as a rebuild would write it.

    Attributes:
        stretch: Where it lies.
        rate: Samples per second of the clip.
        channels: mono, stereo or keep.
    """

    stretch: Stretch
    rate: int = 24_000
    channels: Channels = "mono"

    @property
    def path(self) -> str:
        """The film."""
        return self.stretch.path

    def read(self, backend: Choice, start_s: float, end_s: float | None) -> tuple[Floats32, int]:
        """Samples of a stretch: the clip is made as a whole, so that each sample is the clip's."""
        index, speed = self.stretch.index(), Fraction(self.stretch.speed)
        if index.audio is None:
            raise MediaUnreadable("the film has no sound", path=self.path)
        chosen = resolve(backend, "sound", film=True)
        key = ("film-sound", chosen.name, self.stretch.track, *_identity(self.path))
        window, params = self.stretch.window(index), AudioParams(self.rate, self.channels)
        with pool().lend(key, lambda: chosen.open_sound(self.path, index)) as sound:
            first, last = guarded_range(window, sound.rate, self.rate, speed)
            samples = sound.read(first, last)
            pcm, _ = render(samples, sound.layout, sound.rate, window, params, speed=speed)
        low = round(start_s * self.rate)
        high = len(pcm) if end_s is None else min(round(end_s * self.rate), len(pcm))
        # A power of two, as FLAC is read: nothing is rounded.
        scaled: Floats32 = np.ascontiguousarray(pcm[min(low, high) : high].T).astype(np.float32)
        scaled *= np.float32(1 / 32768)
        return scaled, self.rate


@dataclass(frozen=True, slots=True)
class FilmPicture:
    """Pictures straight from a film.

    Attributes:
        stretch: Where they lie.
        size: (width, height) of the clip; None keeps the film's.
    """

    stretch: Stretch
    size: tuple[int, int] | None = None

    @property
    def path(self) -> str:
        """The film."""
        return self.stretch.path

    @contextmanager
    def opened(self, backend: Choice) -> Iterator[OpenPicture]:
        """The film, open, told in the clip's frames and times."""
        index, speed = self.stretch.index(), Fraction(self.stretch.speed)
        video, window = require_video(index, self.path), self.stretch.window(index)
        chosen = resolve(backend, "picture", film=True)
        key = ("film-picture", chosen.name, *_identity(self.path))
        first, count = window.first_frame, window.n_frames
        origin = int(video.times_ns[first])
        times = video.times_ns[first : first + count] - origin
        length = round(window.duration / speed * 10**9)
        if speed != 1:
            times = np.rint(times / float(speed)).astype(np.int64)
        with pool().lend(key, lambda: chosen.open_picture(self.path, index)) as picture:

            def fetch(low: int, n: int) -> Iterator[Rgb]:
                for rgb in picture.fetch(first + low, n):
                    yield rgb if self.size is None else resize(rgb, *self.size)

            yield OpenPicture(times, length, fetch)


class _Held:
    """What is open, with the scratch file that it may lie in."""

    def __init__(self, inner: Any, path: str, scratch: str | None) -> None:
        self.inner, self.path, self._scratch = inner, path, scratch
        self.length: int | None = None

    def close(self) -> None:
        """Release both."""
        self.inner.close()
        if self._scratch is not None:
            Path(self._scratch).unlink(missing_ok=True)


class _Indexed:
    """A picture and its index."""

    def __init__(self, index: MediaIndex, picture: PictureFile) -> None:
        self.index, self.picture = index, picture

    def close(self) -> None:
        """Release the file."""
        self.picture.close()


def _indexed(path: str, index: MediaIndex, backend: Any) -> _Indexed:
    return _Indexed(index, backend.open_picture(path, index))


def _held(path: str, opener: Callable[[str], Closable]) -> _Held:
    """Open a clip; out of a shard it is copied to a scratch file, which every library can read."""
    if not is_reference(path):
        if not Path(path).is_file():
            raise MediaNotFound(
                "the clip is gone", path=path, hint="Run the rebuild again: it makes what is missing."
            )
        return _Held(opener(path), path, None)
    ending = Path(path.partition("::")[0]).suffix
    handle, scratch = tempfile.mkstemp(prefix="mmdia-view-", suffix=ending)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(read_reference(path))
        return _Held(opener(scratch), scratch, scratch)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def _length(held: _Held) -> int:
    """Samples of a clip of sound, by its header; asked once."""
    if held.length is None:
        import soundfile

        held.length = int(soundfile.info(held.path).frames)
    return held.length


def _identity(path: str) -> tuple[str, int, int]:
    """A file as it is now; a shard's name holds its content, so it needs no look."""
    if is_reference(path):
        return path, 0, 0
    try:
        stat = os.stat(path)
    except OSError:
        return path, 0, 0
    return path, stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=64)
def _hash(path: str, size: int, changed: int) -> str:
    return media_hash(path)


@lru_cache(maxsize=16)
def _index(path: str, size: int, changed: int, track: int | None, cache: str) -> MediaIndex:
    return cached_index(path, cache, track)
