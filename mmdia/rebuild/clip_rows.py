"""Receipt rows of clips: from what the cutter tells to what the receipt says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mmdia.media.audio import AudioFacts
from mmdia.media.cut import ClipResult
from mmdia.media.video import VideoFacts
from mmdia.media.window import Window
from mmdia.rebuild.files import clip_path, still_ending
from mmdia.rebuild.windows import Placed, TurnGroup, turn_facts

#: Gives a file its final name and tells its size.
Commit = Callable[[str], int]


@dataclass(frozen=True)
class PartFiles:
    """Final paths of one sentence clip, relative to the output folder."""

    group: TurnGroup
    audio: str | None
    video: str | None


@dataclass(frozen=True)
class ClipFiles:
    """Final paths of one dialogue's files, relative to the output folder."""

    audio: str | None
    video: str | None
    stills: tuple[str, ...]
    parts: tuple[PartFiles, ...] = ()


def files_of(
    title_name: str,
    name: str,
    placed: Placed,
    groups: tuple[TurnGroup, ...],
    *,
    audio: bool,
    video: bool,
    stills: bool,
    whole: bool,
) -> ClipFiles:
    """The paths of a dialogue's files.

    Args:
        title_name: File-safe name of the title.
        name: File-safe name of the dialogue.
        placed: Where the dialogue lies.
        groups: Sentence clips; empty for none.
        audio: Whether FLAC clips are written.
        video: Whether MP4 clips are written.
        stills: Whether keyframes are written.
        whole: Whether clips of the whole dialogue are written.
    """

    def path(ending: str, wanted: bool) -> str | None:
        return clip_path(title_name, name, ending) if wanted else None

    return ClipFiles(
        path(".flac", audio and whole),
        path(".mp4", video and whole),
        tuple(clip_path(title_name, name, still_ending(s.turn)) for s in placed.stills) if stills else (),
        tuple(PartFiles(g, path(f"{_of(g)}.flac", audio), path(f"{_of(g)}.mp4", video)) for g in groups),
    )


def _of(group: TurnGroup) -> str:
    """``.t007``: a sentence clip is named after its first turn."""
    return f".t{min(group.turns, default=0):03d}"


def clip_facts(
    placed: Placed,
    files: ClipFiles,
    span: tuple[float, float],
    result: ClipResult,
    window: Window,
    commit: Commit,
) -> dict[str, Any]:
    """Fields of the receipt row of a clip that was made; its files get their final names.

    Args:
        placed: Where the dialogue lies.
        files: Final paths.
        span: Nominal window with padding, media seconds.
        result: What the cutter tells.
        window: The window after snapping.
        commit: Gives a file its final name.
    """
    speed, start = placed.speed, window.start_s
    stills = [
        {
            "path": path,
            "turn": still.turn,
            "media_time": fact.media_time_s,
            "sha256": fact.sha256,
            "tone_mapped": fact.tone_mapped,
            "bytes": commit(path),
        }
        for still, path, fact in zip(placed.stills, files.stills, result.stills, strict=False)
    ]
    return {
        "clip": {
            "nominal_start": span[0],
            "nominal_end": span[1],
            "media_start": start,
            "media_end": window.end_s,
            "lead_in": (span[0] - start) / float(speed),
            "scale": placed.scale,
            "confidence": placed.confidence,
            "restored": None if speed == 1 else float(speed),
        },
        "audio": _audio(files.audio, result.audio, commit),
        "video": _video(files.video, result.video, commit),
        "keyframes": stills,
        "turns": turn_facts(placed, start),
        "turn_clips": [
            {
                "turns": part.group.turns,
                "start": _clip_second(made.window.start, window, speed),
                "end": _clip_second(made.window.end, window, speed),
                "audio": _audio(part.audio, made.audio, commit),
                "video": _video(part.video, made.video, commit),
            }
            for part, made in zip(files.parts, result.parts, strict=True)
        ],
    }


def _clip_second(media: Fraction, window: Window, speed: Fraction) -> float:
    return round(float((media - window.start) / speed), 9)


def _audio(path: str | None, facts: AudioFacts | None, commit: Commit) -> Mapping[str, Any] | None:
    if path is None or facts is None:
        return None
    return {
        "path": path,
        "sample_rate": facts.sample_rate,
        "n_samples": facts.n_samples,
        "sha256": facts.sha256,
        "channels": facts.channels,
        "channel_rule": facts.channel_rule,
        "missing_s": round(facts.missing_s, 6),
        "bytes": commit(path),
    }


def _video(path: str | None, facts: VideoFacts | None, commit: Commit) -> Mapping[str, Any] | None:
    if path is None or facts is None:
        return None
    return {
        "path": path,
        "fps": facts.fps if facts.constant_rate else None,
        "first_pts": facts.first_pts,
        "n_frames": facts.n_frames,
        "sha256": facts.sha256,
        "width": facts.width,
        "height": facts.height,
        "codec": facts.codec,
        "edit_list": facts.edit_list,
        "interlaced": facts.interlaced,
        "sample_aspect_ratio": facts.sample_aspect_ratio,
        "transfer": facts.transfer,
        "bit_depth": facts.bit_depth,
        "bytes": commit(path),
    }
