"""The backend ``torchcodec``: for those who train with it anyway.

Its wheels bring no FFmpeg of their own, and newer ones from PyPI want CUDA, so that an import may
fail in many ways on a machine where it is installed: health is told by trying. Its exact mode scans
the file as our index does; every frame that comes is held against our stamps. MPEG-TS and AVI are
refused, since there its seeking lands on other frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mmdia.errors import MediaUnreadable, MissingExtra
from mmdia.media.index import MediaIndex, VideoIndex, require_video
from mmdia.media.reader_port import Floats32, Kind, Rgb
from mmdia.media.reader_trust import refuse_guessing, refuse_turned

#: Frames decoded at once: what a batch holds in memory is bounded.
_BATCH = 32

_BROKEN = (ImportError, OSError, RuntimeError, AttributeError)


class TorchcodecBackend:
    """torchcodec, where it loads."""

    name = "torchcodec"
    reads: frozenset[Kind] = frozenset({"picture", "sound"})

    def problem(self) -> str | None:
        """Why it does not load, in one line."""
        try:
            import torchcodec.decoders  # noqa: F401
        except ModuleNotFoundError as error:
            missing = error.name or "torchcodec"
            return f"{missing.partition('.')[0]} is not installed"
        except _BROKEN as error:
            return f"installed, but does not load: {_one_line(error)}"
        return None

    def version(self) -> str | None:
        """Version of torchcodec."""
        from importlib import metadata

        try:
            return metadata.version("torchcodec")
        except metadata.PackageNotFoundError:
            return None

    def open_picture(self, path: str, index: MediaIndex) -> TorchcodecPicture:
        """Open the picture of an indexed film."""
        return TorchcodecPicture(path, require_video(index, path), index.container)

    def open_sound(self, path: str, index: MediaIndex | None) -> TorchcodecSound:
        """Open a clip of sound; the sound of a film is refused."""
        if index is not None:
            raise MediaUnreadable(
                "torchcodec does not give the samples that clips are made of",
                path=path,
                hint='Read the sound of films by backend="av" (or "auto").',
            )
        return TorchcodecSound(path)


def _decoders() -> Any:
    try:
        from torchcodec import decoders
    except _BROKEN as error:
        raise MissingExtra(
            "torchcodec cannot be used", got=_one_line(error), hint='Use backend="av".'
        ) from error
    return decoders


def _one_line(error: BaseException) -> str:
    """The line of a long report that says what is missing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "cannot open shared object" in line or "No such file" in line]
    chosen = (telling or lines or [type(error).__name__])[0]
    return chosen if len(chosen) <= 160 else chosen[:157] + "..."


class TorchcodecPicture:
    """Frames by number, each held against the index.

    Raises:
        MissingExtra: torchcodec does not load.
        MediaUnreadable: It cannot open the film, or sees other frames than the index.
    """

    def __init__(self, path: str, video: VideoIndex, container: str) -> None:
        decoders = _decoders()
        refuse_guessing("torchcodec", path, video, container)
        refuse_turned("torchcodec", path)
        self._path, self._video = path, video
        try:
            self._decoder: Any = decoders.VideoDecoder(
                path, stream_index=video.stream, dimension_order="NHWC",
                num_ffmpeg_threads=1, seek_mode="exact",
            )  # fmt: skip
            count = int(self._decoder.metadata.num_frames)
        except (RuntimeError, ValueError, TypeError) as error:
            raise MediaUnreadable(
                "torchcodec cannot open this file", path=path, got=_one_line(error)
            ) from error
        if count != video.n_frames:
            raise MediaUnreadable(
                "torchcodec counts other frames", path=path, expected=video.n_frames, got=count,
                hint='Use backend="av".',
            )  # fmt: skip

    def fetch(self, first: int, count: int) -> Iterator[Rgb]:
        """Frames first .. first + count - 1."""
        for low in range(first, first + count, _BATCH):
            high = min(low + _BATCH, first + count)
            try:
                batch = self._decoder.get_frames_in_range(low, high)
            except (RuntimeError, ValueError, IndexError) as error:
                raise MediaUnreadable(
                    "frames do not decode", path=self._path, got=_one_line(error)
                ) from error
            stamps = np.asarray(batch.pts_seconds, np.float64)
            due = self._video.pts[low:high] * float(self._video.time_base)
            if len(stamps) != high - low or np.abs(stamps - due).max() > float(self._video.time_base) / 2:
                raise MediaUnreadable(
                    "torchcodec gives other frames than the film has", path=self._path,
                    hint='Use backend="av".',
                )  # fmt: skip
            yield from batch.data.numpy()

    def close(self) -> None:
        """Release the film."""
        self._decoder = None


class TorchcodecSound:
    """A clip of sound, decoded whole: clips are short, and so its samples are counted, not timed.

    Raises:
        MissingExtra: torchcodec does not load.
        MediaUnreadable: It cannot read the file.
    """

    def __init__(self, path: str) -> None:
        decoders = _decoders()
        try:
            samples = decoders.AudioDecoder(path).get_all_samples()
        except (RuntimeError, ValueError) as error:
            raise MediaUnreadable(
                "torchcodec cannot read this file", path=path, got=_one_line(error)
            ) from error
        if abs(float(samples.pts_seconds)) * samples.sample_rate > 0.5:
            raise MediaUnreadable("the clip does not start at 0", path=path, got=float(samples.pts_seconds))
        self._samples: Floats32 = np.asarray(samples.data.numpy(), np.float32)
        self.rate = int(samples.sample_rate)
        self.layout = {1: "mono", 2: "stereo", 6: "5.1"}.get(len(self._samples), "")

    def read(self, first: int, last: int) -> Floats32:
        """Samples [first, last)."""
        out = np.zeros((len(self._samples), max(0, last - first)), np.float32)
        low, high = max(first, 0), min(last, self._samples.shape[1])
        if high > low:
            out[:, low - first : high - first] = self._samples[:, low:high]
        return out

    def close(self) -> None:
        """Release the samples."""
        self._samples = self._samples[:, :0]
