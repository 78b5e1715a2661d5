"""What a rebuild is asked to do, as plain values that travel to workers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mmdia.errors import UsageError
from mmdia.jobs.shards import Shard
from mmdia.rebuild.match import Candidate
from mmdia.store.digest import params_hash

Profile = Literal["audio", "keyframes", "video", "lossless", "all"]
Channels = Literal["mono", "stereo", "keep"]
Unit = Literal["dialogue", "turn", "both"]
Speed = Literal["keep", "restore"]
Layout = Literal["loose", "webdataset", "parquet"]
Engine = Literal["local", "ray"]
PROFILES: tuple[Profile, ...] = ("audio", "keyframes", "video", "lossless", "all")
CHANNELS: tuple[Channels, ...] = ("mono", "stereo", "keep")
UNITS: tuple[Unit, ...] = ("dialogue", "turn", "both")
SPEEDS: tuple[Speed, ...] = ("keep", "restore")
LAYOUTS: tuple[Layout, ...] = ("loose", "webdataset", "parquet")
ENGINES: tuple[Engine, ...] = ("local", "ray")

#: Raise when the cutter's output changes, so that clips are made anew.
CUTTER_VERSION = 5


@dataclass(frozen=True, slots=True)
class ClipParams:
    """Everything that decides a clip's content, besides annotation, media and time map.

    Attributes:
        profile: audio (FLAC), keyframes (one JPEG a turn), video (MP4 and FLAC), lossless (MP4 with
            the film's own pictures and an edit list, and FLAC), or all (audio, keyframes, video).
        pad_s: Seconds added before and after the nominal window.
        extend_to_next: Let the last turn run to the film's next line (paper A.2).
        sample_rate: Sample rate of FLAC clips, Hz.
        channels: mono (dialogue channel or downmix), stereo, or keep.
        height: Height of video clips in pixels; None keeps the film's.
        audio_track: Language or number of the audio track; None takes the one in the title's
            language.
        unit: Clips of whole dialogues, of single turns (sentence clips), or both.
        speed: keep the speed of the file, or restore the annotated one.
        tone_map: Make HDR pictures BT.709 in video clips; stills always are.

    Raises:
        UsageError: At birth, for values that cannot be used.
    """

    profile: Profile = "audio"
    pad_s: float = 0.0
    extend_to_next: bool = False
    sample_rate: int = 24_000
    channels: Channels = "mono"
    height: int | None = None
    audio_track: str | None = None
    unit: Unit = "dialogue"
    speed: Speed = "keep"
    tone_map: bool = False

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise UsageError("no such profile", expected=", ".join(PROFILES), got=repr(self.profile))
        if self.channels not in CHANNELS:
            raise UsageError("no such channel rule", expected=", ".join(CHANNELS), got=repr(self.channels))
        if self.unit not in UNITS:
            raise UsageError("no such unit", expected=", ".join(UNITS), got=repr(self.unit))
        if self.speed not in SPEEDS:
            raise UsageError("no such speed rule", expected=", ".join(SPEEDS), got=repr(self.speed))
        if self.profile == "lossless" and self.speed == "restore":
            raise UsageError("lossless clips keep the speed of the file", hint="Use --profile video.")
        if self.profile == "lossless" and self.height is not None:
            raise UsageError("lossless clips keep the size of the picture", hint="Use --profile video.")
        if self.profile == "lossless" and self.tone_map:
            raise UsageError("lossless clips keep the colours of the picture", hint="Use --profile video.")
        if not 0 <= self.pad_s <= 60:
            raise UsageError("--pad must lie between 0 and 60 seconds", got=self.pad_s)
        if not 8_000 <= self.sample_rate <= 192_000:
            raise UsageError("--sample-rate must lie between 8000 and 192000 Hz", got=self.sample_rate)
        if self.height is not None and (self.height < 16 or self.height % 2):
            raise UsageError("--height must be an even number of pixels, 16 or more", got=self.height)

    @property
    def wants_audio(self) -> bool:
        """Whether FLAC clips are written."""
        return self.profile != "keyframes"

    @property
    def wants_video(self) -> bool:
        """Whether MP4 clips are written."""
        return self.profile in ("video", "lossless", "all")

    @property
    def lossless(self) -> bool:
        """Whether MP4 clips hold the film's own pictures, not encoded anew."""
        return self.profile == "lossless"

    @property
    def wants_turns(self) -> bool:
        """Whether sentence clips are written."""
        return self.unit != "dialogue"

    @property
    def wants_whole(self) -> bool:
        """Whether clips of whole dialogues are written."""
        return self.unit != "turn"

    @property
    def wants_stills(self) -> bool:
        """Whether keyframes are written."""
        return self.profile in ("keyframes", "all")

    def digest(self) -> str:
        """Identity of these parameters and of the cutter."""
        return params_hash([CUTTER_VERSION, [getattr(self, name) for name in self.__slots__]])


@dataclass(frozen=True)
class RebuildConfig:
    """One run of `mmdia rebuild`.

    Attributes:
        media_dir: The user's media folder, or the URL of remote storage.
        out: Output folder; the local side of it, when the output is remote.
        annotations: Release to rebuild; None takes the contract's default order.
        clip: What to cut.
        jobs: Titles at a time; 0 works in this process; None is one a core (of the Ray cluster).
        shard: Share of the titles to work on.
        titles: Only these titles; empty means all.
        media_map: The user's media map, when not ``media.csv`` in the folder.
        timemap: "align", "identity", or a folder of time maps made before.
        policy: Which verdicts are accepted: "default" or "paper".
        min_confidence: Maps and dialogues below it are refused.
        timeout_s: Wall time a title may take; None sets no limit.
        layout: loose files, webdataset (tar shards), or parquet.
        engine: Workers on this machine (local) or of a Ray cluster (ray).
        identify: Find the titles of files whose names say nothing, by sound and alignment.
        check_speech: Clips of each title to listen to; None for none, -1 for all.
        min_speech: Titles whose median speech score is lower are downgraded; None takes the
            threshold of the engine that listens.
        quality: Whether the sound of every clip is measured.
        proof: Whether finished clips are compared with a second, plain decode of the film.
        scratch: Folder for what is fetched from remote storage; None takes one under the home folder.
        asr: Speech recogniser for films without subtitles, as ``mmdia align --asr`` takes it.
        out_url: URL of the output when it is remote (`mmdia.rebuild.sink.staging_of`).
        idle_s: Seconds without any sign of work after which a worker counts as hanging.

    Raises:
        UsageError: At birth, for values that cannot be used.
    """

    media_dir: Path | str
    out: Path
    annotations: str | None = None
    clip: ClipParams = field(default_factory=ClipParams)
    jobs: int | None = 1
    shard: Shard = field(default_factory=Shard)
    titles: tuple[str, ...] = ()
    media_map: Path | None = None
    timemap: str = "align"
    policy: Literal["default", "paper"] = "default"
    min_confidence: float = 0.5
    timeout_s: float | None = None
    layout: Layout = "loose"
    engine: Engine = "local"
    identify: bool = False
    check_speech: int | None = None
    min_speech: float | None = None
    quality: bool = False
    proof: bool = True
    scratch: Path | None = None
    asr: str | None = None
    out_url: str | None = None
    idle_s: float = 900.0

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise UsageError("no such layout", expected=", ".join(LAYOUTS), got=repr(self.layout))
        if self.engine not in ENGINES:
            raise UsageError("no such engine", expected=", ".join(ENGINES), got=repr(self.engine))
        if self.check_speech is not None and (self.check_speech == 0 or self.check_speech < -1):
            raise UsageError("--check-speech takes a number of clips from 1, or all", got=self.check_speech)
        if self.min_speech is not None and not 0 <= self.min_speech <= 1:
            raise UsageError("--min-speech is a share", expected="0 to 1", got=self.min_speech)
        if self.jobs is not None and self.jobs < 0:
            raise UsageError("--jobs must not be negative", got=self.jobs)
        if not 0 <= self.min_confidence <= 1:
            raise UsageError(
                "--min-confidence is a probability", expected="0 to 1", got=self.min_confidence
            )
        if self.timeout_s is not None and self.timeout_s <= 0:
            raise UsageError("--timeout must be greater than 0 seconds", got=self.timeout_s)


@dataclass(frozen=True)
class TitleJob:
    """All that a worker needs for one title; picklable. What `RebuildConfig` has too means the same.

    Attributes:
        title: Row of the title.
        dialogues: Rows of its dialogues, as JSON text, in disk order.
        candidates: Files that may hold it, best first.
        release: Folder of the release (its subtitles are read there).
        annotation_version: Name and version of the release.
        names: File-safe names of the dialogues, by id.
        title_name: File-safe name of the title.
        previous: Receipt rows of an earlier run, by dialogue.
        cache: Folder of media indices.
        stored: What the remote output has of the title already: sizes by path.
    """

    title: dict[str, Any]
    dialogues: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    release: str
    annotation_version: str
    media_dir: str
    out: str
    clip: ClipParams
    names: dict[str, str]
    title_name: str
    previous: dict[str, dict[str, Any]]
    timemap: str
    policy: Literal["default", "paper"]
    min_confidence: float
    cache: str
    layout: Layout = "loose"
    check_speech: int | None = None
    min_speech: float | None = None
    quality: bool = False
    proof: bool = True
    scratch: str | None = None
    asr: str | None = None
    out_url: str | None = None
    stored: dict[str, int] | None = None
