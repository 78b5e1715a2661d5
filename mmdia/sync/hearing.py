"""The sound of a copy, listened to only when it is asked for, and once."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmdia.schema.activity import Activity
from mmdia.schema.cue import Cue
from mmdia.schema.fingerprint import SoundBands

if TYPE_CHECKING:
    from pydantic import JsonValue

#: Columns of the strip of speech that a report draws.
_COLUMNS = 240


@dataclass
class _Heard:
    """What was decoded already."""

    activity: Activity | None = None
    bands: SoundBands | None = None


@dataclass(frozen=True, slots=True)
class Sound:
    """Where to listen, and with what; nothing is decoded before it is asked for.

    Attributes:
        media: The file.
        detector: Detector of speech activity ("auto": the best that is installed).
        cache: Folder for what was heard; None keeps nothing.
        track: Number or language of the sound track; None for the file's default.
    """

    media: Path
    detector: str = "auto"
    cache: Path | None = None
    track: str | int | None = None
    _heard: _Heard = field(default_factory=_Heard, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """Identity of the sound and the detector, without listening.

        Raises:
            UsageError: There is no such detector.
            MissingExtra: The detector is not installed.
            MediaNotFound, MediaUnreadable: The file cannot be read.
        """
        from mmdia.sync.listen import activity_digest

        return activity_digest(self.media, self.detector, self.track)

    def activity(self) -> Activity:
        """Probability of speech all along the file.

        Raises:
            MediaUnreadable: The sound cannot be decoded.
        """
        from mmdia.sync.listen import listen

        if self._heard.activity is None:
            self._heard.activity = listen(
                self.media, self.detector, cache=self.cache, audio_track=self.track
            )
        return self._heard.activity

    def bands(self) -> SoundBands:
        """Levels in bands, which a fingerprint is compared with.

        Raises:
            MediaUnreadable: The sound cannot be decoded.
        """
        from mmdia.sync.fingerprint import listen_fingerprint

        if self._heard.bands is None:
            self._heard.bands = listen_fingerprint(self.media, cache_dir=self.cache, audio_track=self.track)
        return self._heard.bands


def recognised(
    media: Path,
    engine: str,
    language: str | None,
    cache: Path | None,
    track: str | int | None = None,
) -> tuple[Cue, ...]:
    """What a speech recogniser writes down, with the time of every word.

    Args:
        media: The file.
        engine: ``NAME`` or ``NAME:MODEL``.
        language: Language spoken, when known.
        cache: Folder for what was recognised.
        track: Number or language of the sound track; None for the file's default.

    Raises:
        UsageError: There is no such engine, or it does not know the language.
        MissingExtra: It is not installed.
    """
    from mmdia.engines.registry import parse_engine
    from mmdia.sync.listen import recognise

    name, model = parse_engine(engine)
    return tuple(recognise(media, name, model=model, language=language, cache=cache, audio_track=track))


def silenced(activity: Activity, low_ms: int | None, high_ms: int | None) -> Activity:
    """The same activity with no speech outside [low, high): for a part of a file."""
    n = len(activity.probability)

    def step(time_ms: int) -> int:
        return min(n, max(0, math.ceil((time_ms / 1000 - activity.start_s) / activity.step_s)))

    low = 0 if low_ms is None else step(low_ms)
    high = n if high_ms is None else max(low, step(high_ms))
    quiet = array("f", bytes(4 * low)) + activity.probability[low:high] + array("f", bytes(4 * (n - high)))
    return Activity(activity.start_s, activity.step_s, quiet, activity.detector)


def part_of(bands: SoundBands, low_ms: int | None, high_ms: int | None) -> SoundBands:
    """Only the frames whose centre lies in [low, high): for a part of a file; None leaves an end open."""
    n = bands.count

    def frame(time_ms: int) -> int:
        return min(n, max(0, math.ceil((time_ms / 1000 - bands.start_s) / bands.step_s)))

    low = 0 if low_ms is None else frame(low_ms)
    high = n if high_ms is None else max(low, frame(high_ms))
    if (low, high) == (0, n):
        return bands
    levels = bands.levels[low * bands.bands : high * bands.bands]
    return replace(bands, levels=levels, start_s=bands.start_s + low * bands.step_s)


def strip(activity: Activity) -> dict[str, JsonValue]:
    """Share of speech in a few hundred columns, for a picture: start_s, step_s, share."""
    n = len(activity.probability)
    width = max(1, math.ceil(n / _COLUMNS))
    parts = [activity.probability[k : k + width] for k in range(0, n, width)]
    return {
        "start_s": round(activity.start_s, 3),
        "step_s": round(width * activity.step_s, 6),
        "share": [round(sum(part) / len(part), 3) for part in parts],
    }
