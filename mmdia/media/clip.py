"""One clip on its way from request to result: what it waits for, writes and tells."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import av
import numpy as np
import numpy.typing as npt

from mmdia.errors import UsageError, WindowOutside
from mmdia.media import audio as sound_out
from mmdia.media.audio import AudioFacts, AudioParams
from mmdia.media.index import MediaIndex, VideoIndex
from mmdia.media.sound import SoundBlock, SoundRange
from mmdia.media.stills import StillFacts, StillParams, write_still
from mmdia.media.verify import check_video
from mmdia.media.video import ClipWriter, VideoFacts, VideoParams
from mmdia.media.window import Window, frame_on_screen, sample_range, snap

_T = TypeVar("_T")


@dataclass(frozen=True)
class ClipRequest:
    """One clip.

    Attributes:
        key: Anything hashable that names the clip in its result.
        start_s: Nominal start a, seconds of player time.
        end_s: Nominal end b.
        audio_path: Where the FLAC goes; None for none.
        video_path: Where the mp4 goes; None for none.
        stills: (player second, where the JPEG goes) of each still.
    """

    key: Hashable
    start_s: float
    end_s: float
    audio_path: Path | None = None
    video_path: Path | None = None
    stills: tuple[tuple[float, Path], ...] = ()


@dataclass(frozen=True)
class ClipResult:
    """What became of one request.

    Attributes:
        key: The request's key.
        error_code: None when all was written, else one of the module's codes.
        message: What went wrong, as a sentence.
        window: The window after snapping; None when it could not be snapped.
        lead_in: a - a' in seconds: how much earlier than asked the clip starts.
        audio: Facts of the FLAC.
        video: Facts of the mp4.
        stills: Facts of the stills, in the order of the request.
    """

    key: Hashable
    error_code: str | None = None
    message: str = ""
    window: Window | None = None
    lead_in: float = 0.0
    audio: AudioFacts | None = None
    video: VideoFacts | None = None
    stills: tuple[StillFacts, ...] = ()


class ClipFailed(Exception):
    """One clip cannot be made; the others can."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class ClipJob:
    """One request on its way.

    Raises:
        ClipFailed: At birth, when it cannot be met whatever is decoded.
    """

    def __init__(
        self,
        request: ClipRequest,
        index: MediaIndex,
        audio: AudioParams,
        video: VideoParams,
        stills: StillParams | None,
    ) -> None:
        self.request, self.audio, self.video, self.stills = request, audio, video, stills
        self._index = index
        self.window = _window(request, index)
        if request.audio_path is not None and index.audio is None:
            raise ClipFailed("no_audio", "the film has no sound")
        if (request.video_path is not None or request.stills) and index.video is None:
            raise ClipFailed("no_video", "the film has no moving picture")
        with_sound = request.video_path is not None and video.sound and index.audio is not None
        self.wants_sound = request.audio_path is not None or with_sound
        self._clip_sound = with_sound
        self._still_frames = _still_frames(request, index.video)
        self.frames: npt.NDArray[np.int64] = self._wanted_frames()
        self.last_frame = int(self.frames[-1]) if len(self.frames) else -1
        self._n_seen = 0
        self._writer: ClipWriter | None = None
        self._samples: npt.NDArray[np.float32] | None = None
        self.has_sound = False
        self._result = ClipResult(
            request.key, window=self.window, lead_in=float(Fraction(request.start_s) - self.window.start)
        )
        self._facts: dict[int, StillFacts] = {}

    @property
    def complete(self) -> bool:
        """Whether all that it waits for has come."""
        return self._n_seen == len(self.frames) and (self.has_sound or not self.wants_sound)

    def sound_range(self) -> SoundRange:
        """The samples to decode, guard for the resampler included."""
        sound = self._index.audio
        rate = sound.rate if sound is not None else 1
        first, last = sound_out.guarded_range(self.window, rate, self.audio.sample_rate)
        return SoundRange(id(self), first, last)

    def take_frame(self, number: int, frame: av.VideoFrame) -> None:
        """Encode the frame and save the stills that show it, if they are this job's."""
        inside = self.window.first_frame <= number < self.window.first_frame + self.window.n_frames
        if self.request.video_path is not None and inside:
            if self._writer is None:
                video = _present(self._index.video)
                self._writer = ClipWriter(self.request.video_path, video, self.window, self.video)
            self._writer.add(number, frame)
        for n, shown in enumerate(self._still_frames):
            if shown == number:
                self._save_still(n, number, frame)
        at = int(np.searchsorted(self.frames, number))
        self._n_seen += at < len(self.frames) and int(self.frames[at]) == number

    def take_sound(self, block: SoundBlock) -> None:
        """Write the FLAC and keep the samples for the mp4.

        Raises:
            ClipFailed: The film's sound covers the window, yet none of it decodes.
        """
        sound = _present(self._index.audio)
        first, last = sample_range(self.window, sound.rate)
        length = last - first
        guard = (block.samples.shape[1] - length) // 2
        covered = self.window.end_s > float(sound.start) and self.window.start_s < sound.end_s - 0.1
        missing = block.missing(first, last)
        if length and missing == length and covered:
            raise ClipFailed("decode_error", "the sound of this window does not decode")
        if self.request.audio_path is not None:
            pcm, rule = sound_out.render(block.samples, sound.layout, sound.rate, self.window, self.audio)
            rate = self.audio.sample_rate or sound.rate
            sound_out.write_flac(self.request.audio_path, pcm, rate)
            facts = AudioFacts(
                rate, len(pcm), pcm.shape[1], sound_out.pcm_sha256(pcm), rule, missing
            )  # fmt: skip
            self._result = replace(self._result, audio=facts)
        if self._clip_sound:
            self._samples = block.samples[:, guard : guard + length]
        self.has_sound = True

    def finish(self) -> None:
        """Close the mp4, read it back and collect the facts.

        Raises:
            ClipFailed: What was written is not what was meant.
        """
        if self._writer is not None:
            sound = self._index.audio
            rate, layout = (sound.rate, sound.layout) if sound is not None else (48000, "mono")
            self._writer.finish(self._samples, rate, layout)
            self._samples = None
            seen = check_video(self._writer.path)
            if seen.n_frames != self.window.n_frames or seen.first_pts != 0:
                told = f"the clip reads back with {seen.n_frames} of {self.window.n_frames} frames"
                raise ClipFailed("decode_error", told)
            fps, constant = self._writer.facts
            facts = VideoFacts(
                fps, seen.first_pts, seen.n_frames, seen.sha256, seen.width, seen.height, constant
            )  # fmt: skip
            self._result = replace(self._result, video=facts)
        stills = tuple(self._facts[n] for n in range(len(self._still_frames)))
        self._result = replace(self._result, stills=stills)

    def result(self) -> ClipResult:
        """The result of a finished job."""
        return self._result

    def failed(self, code: str, message: str) -> ClipResult:
        """The result of a job that failed; what it wrote is removed."""
        self.abandon()
        return ClipResult(self.request.key, code, message, self.window, self._result.lead_in)

    def abandon(self) -> None:
        """Remove what was written so far."""
        if self._writer is not None:
            self._writer.abandon()
        paths = [self.request.audio_path, self.request.video_path, *(p for _, p in self.request.stills)]
        for path in paths:
            if path is not None:
                path.unlink(missing_ok=True)

    def missing_text(self) -> str:
        """What did not come, as a sentence."""
        return f"{len(self.frames) - self._n_seen} of {len(self.frames)} frames do not decode"

    def _wanted_frames(self) -> npt.NDArray[np.int64]:
        wanted = set(self._still_frames)
        if self.request.video_path is not None:
            wanted.update(range(self.window.first_frame, self.window.first_frame + self.window.n_frames))
        return np.array(sorted(wanted), np.int64)

    def _save_still(self, n: int, number: int, frame: av.VideoFrame) -> None:
        video = _present(self._index.video)
        asked, path = self.request.stills[n]
        digest, width, height = write_still(path, frame, self.stills or StillParams(), video.aspect)
        shown = float(video.time_of(number))
        self._facts[n] = StillFacts(path, asked, shown, digest, width, height)


def _window(request: ClipRequest, index: MediaIndex) -> Window:
    try:
        return snap(index, request.start_s, request.end_s)
    except WindowOutside as error:
        raise ClipFailed("outside_media", str(error)) from error
    except UsageError as error:
        raise ClipFailed("bad_window", str(error)) from error


def _still_frames(request: ClipRequest, video: VideoIndex | None) -> list[int]:
    if video is None:
        return []
    try:
        return [frame_on_screen(video, time_s) for time_s, _ in request.stills]
    except WindowOutside as error:
        raise ClipFailed("outside_media", str(error)) from error


def _present(part: _T | None) -> _T:
    """What the job's birth has checked to be there."""
    if part is None:
        raise ClipFailed("decode_error", "the index lacks a stream it had before")
    return part
