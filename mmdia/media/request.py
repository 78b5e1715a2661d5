"""What is asked of the cutter and what it answers: plain values."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from mmdia.media.audio import AudioFacts
from mmdia.media.stills import StillFacts
from mmdia.media.video import VideoFacts
from mmdia.media.window import Window


@dataclass(frozen=True)
class PartRequest:
    """A part of a clip with files of its own (a sentence clip).

    Attributes:
        key: Anything hashable that names the part in its result.
        window: A window of `mmdia.media.window.tile`, inside the clip's.
        audio_path: Where the FLAC goes; None for none.
        video_path: Where the mp4 goes; None for none.
    """

    key: Hashable
    window: Window
    audio_path: Path | None = None
    video_path: Path | None = None


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
        parts: Parts with files of their own; one pass serves them and the clip.
        speed: Media seconds per second of the clip: 1 keeps the film's speed, less slows a film
            down that runs too fast. Pitch changes with speed, as it did when the film was transferred.
    """

    key: Hashable
    start_s: float
    end_s: float
    audio_path: Path | None = None
    video_path: Path | None = None
    stills: tuple[tuple[float, Path], ...] = ()
    parts: tuple[PartRequest, ...] = ()
    speed: Fraction = Fraction(1)

    @property
    def wants_audio(self) -> bool:
        """Whether any FLAC is asked for."""
        return self.audio_path is not None or any(p.audio_path is not None for p in self.parts)

    @property
    def wants_video(self) -> bool:
        """Whether any mp4 is asked for."""
        return self.video_path is not None or any(p.video_path is not None for p in self.parts)

    @property
    def paths(self) -> list[Path]:
        """Every file that is asked for."""
        each = [self.audio_path, self.video_path, *(path for _, path in self.stills)]
        for part in self.parts:
            each += [part.audio_path, part.video_path]
        return [path for path in each if path is not None]


@dataclass(frozen=True)
class PartResult:
    """What became of one part.

    Attributes:
        key: The request's key.
        window: Its window.
        audio: Facts of the FLAC.
        video: Facts of the mp4.
    """

    key: Hashable
    window: Window
    audio: AudioFacts | None = None
    video: VideoFacts | None = None


@dataclass(frozen=True)
class ClipResult:
    """What became of one request.

    Attributes:
        key: The request's key.
        error_code: None when all was written, else one of the codes of `mmdia.media.cut`.
        message: What went wrong, as a sentence.
        window: The window after snapping; None when it could not be snapped.
        lead_in: a - a' in seconds of player time: how much earlier than asked the clip starts.
        audio: Facts of the FLAC.
        video: Facts of the mp4.
        stills: Facts of the stills, in the order of the request.
        parts: Facts of the parts, in the order of the request.
    """

    key: Hashable
    error_code: str | None = None
    message: str = ""
    window: Window | None = None
    lead_in: float = 0.0
    audio: AudioFacts | None = None
    video: VideoFacts | None = None
    stills: tuple[StillFacts, ...] = ()
    parts: tuple[PartResult, ...] = ()
