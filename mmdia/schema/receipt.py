"""The receipt of a rebuild: what was asked, what was found, what was written, and why not."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mmdia.schema.base import Known, Many, Record

RECEIPT_SCHEMA = "mmdia.receipt/1"
STATUSES = ("built", "refused", "failed", "missing_media", "no_media", "withdrawn", "not_selected")


class MediaFact(Record):
    """The file that a clip was cut from."""

    path: str
    """Path relative to the media folder."""
    part: int | None = None
    """Part number (from 1) of a title in several files."""
    size: int | None = None
    """Bytes."""
    hash: str | None = None
    """Content identity of the file."""


class ClipFact(Record):
    """Where the clip lies; seconds of player time."""

    nominal_start: float
    """Start that the annotation means, on the media timeline."""
    nominal_end: float
    """End that the annotation means."""
    media_start: float
    """Start of the clip: the frame on screen at `nominal_start` (snap rule)."""
    media_end: float
    """End of the clip."""
    lead_in: float
    """Seconds between the clip's start and the nominal start."""
    scale: float
    """Media seconds per annotation second here."""
    confidence: float
    """Probability that every edge is placed right, 0..1."""
    restored: float | None = None
    """With ``--speed restore``: media seconds per second of the clip, so that the clip runs at the
    annotated speed; null for a clip at the speed of the file. Times within the clip are the clip's own."""


class Stored(Record):
    """Where a file of a clip lies: loose, or within a shard."""

    path: str
    """Path relative to the output folder; in a shard, the path that the loose file would have."""
    bytes: int | None = None
    """Size of the file."""
    shard: str | None = None
    """Shard that holds the file, relative to the output folder; null for a loose file."""
    offset: int | None = None
    """First byte of the file within a tar shard."""
    row: int | None = None
    """Row of the file within a Parquet shard."""


class AudioFact(Stored):
    """The audio clip."""

    sample_rate: int
    """Samples a second."""
    n_samples: int
    """Samples a channel."""
    sha256: str
    """SHA-256 of the decoded 16-bit samples."""
    channels: int = 1
    """Number of channels."""
    channel_rule: str | None = None
    """How channels were made: fc, itu, side, lfe, mono, stereo, keep; "fc+itu" where that changes."""
    missing_s: float = 0.0
    """Seconds of the clip for which the film has no sound that decodes; they are silent."""


class VideoFact(Stored):
    """The video clip."""

    fps: str | None = None
    """Frame rate as a rational; null for a variable rate."""
    first_pts: float
    """Clip second of the first frame: 0, for a clip that readers take as it is."""
    n_frames: int
    """Frames."""
    sha256: str
    """SHA-256 of the coded pictures as they lie in the clip."""
    width: int | None = None
    """Pixels a row, as stored."""
    height: int | None = None
    """Rows of pixels, as stored."""
    codec: str | None = None
    """Codec of the clip: h264 for clips encoded anew, the film's own for lossless ones."""
    edit_list: bool = False
    """Whether an edit list hides frames of the file: some readers show them all the same."""
    interlaced: bool | None = None
    """Whether the film's frames are two fields each; null when that is not known."""
    sample_aspect_ratio: str | None = None
    """Width of a stored pixel by its height, ``116:81``; players stretch the width by it."""
    transfer: str | None = None
    """Transfer characteristic (ITU-T H.273): smpte2084 (PQ) and arib-std-b67 (HLG) are HDR; null when
    the film does not tell."""
    bit_depth: int | None = None
    """Bits of a sample."""


class KeyframeFact(Stored):
    """One still."""

    turn: int
    """Index of the turn it stands for."""
    media_time: float
    """Player time of the frame, seconds."""
    sha256: str
    """SHA-256 of the file."""
    tone_mapped: bool = False
    """Whether the film is HDR (PQ or HLG) and the still was tone-mapped to BT.709."""


class TurnFact(Record):
    """A turn's place in the clip, seconds from the clip's start."""

    start: float | None
    """Start."""
    end: float | None
    """End."""
    end_extended: float | None = None
    """End extended to the film's next line (paper A.2)."""


class TurnClip(Record):
    """A sentence clip (``--unit turn``)."""

    turns: Many[int] = ()
    """Indices of the turns it holds; overlapping turns share one clip."""
    start: float
    """Start in the dialogue's clip, seconds."""
    end: float
    """End in the dialogue's clip, seconds."""
    audio: AudioFact | None = None
    """Its sound."""
    video: VideoFact | None = None
    """Its picture."""


class SpeechFact(Record):
    """How well a clip's sound says its text (``--check-speech``)."""

    score: float
    """Share of the text that was heard in order, 0..1."""
    n_words: int
    """Words of the text that were compared."""
    engine: str
    """What listened: name and model."""
    heard: str | None = None
    """What was heard, where the engine writes it down."""


class Receipt(Record):
    """One dialogue of the release, whatever happened to it."""

    schema_: Annotated[str, Field(alias="schema")] = RECEIPT_SCHEMA
    """Format version."""
    dialogue_id: str
    """The dialogue."""
    title_id: str | None = None
    """Its title."""
    status: Annotated[str, Known(*STATUSES)]
    """built, refused, failed, missing_media, no_media, withdrawn, or not_selected."""
    reasons: Many[str] = ()
    """Reason codes."""
    message: str | None = None
    """What happened, in words, for a failure."""
    media: MediaFact | None = None
    """The file it was cut from."""
    clip: ClipFact | None = None
    """Where it lies."""
    audio: AudioFact | None = None
    """The audio clip."""
    video: VideoFact | None = None
    """The video clip."""
    keyframes: Many[KeyframeFact] = ()
    """Stills, one a turn."""
    turns: Many[TurnFact] = ()
    """Turn times within the clip."""
    turn_clips: Many[TurnClip] = ()
    """Sentence clips."""
    quality: dict[str, float] | None = None
    """Optional measurements of the sound."""
    speech: SpeechFact | None = None
    """Whether the sound says the text, where that was checked."""
    annotation_version: str | None = None
    """Name and version of the release."""
    params_hash: str | None = None
    """Hash of all that decides the clip's content."""
    options_hash: str | None = None
    """Hash of the options of the run alone: what was asked for, whatever the film."""
    mmdia_version: str | None = None
    """Version of this package."""


class TrackFact(Record):
    """The sound track that clips were cut from, and why that one."""

    number: int
    """Number among the sound tracks of the file, from 0."""
    language: str | None = None
    """Language as the file tags it."""
    title: str | None = None
    """Title of the track."""
    why: str = ""
    """asked, language, default, only, or untagged."""


class TitleSpeech(Record):
    """How well a title's clips say their text, over the clips that were checked."""

    n: int
    """Clips checked."""
    score: float
    """Median score, 0..1."""
    threshold: float
    """Below it the title is downgraded."""
    engine: str
    """What listened."""


class TitleFile(Record):
    """One file of a title: its match and its time map."""

    path: str
    """Matched file, relative to the media folder."""
    part: int | None = None
    """Part number of a title in several files."""
    timemap: str | None = None
    """Time-map file, relative to the output folder."""
    verdict: str | None = None
    """Verdict of the alignment."""
    confidence: float | None = None
    """Probability that it is the right film, 0..1."""
    how: str | None = None
    """Evidence of the match: map, id, episode, name, only, duration, identify."""
    matched_by: Many[str] = ()
    """The evidence in words, strongest first."""
    chosen: bool | None = None
    """Whether clips were cut from it."""
    why_not: str | None = None
    """Why another file was preferred."""
    duration_s: float | None = None
    """Length of the file, seconds."""


class TitleReceipt(Record):
    """One title of a rebuild: which file was matched, how, and with what time map."""

    schema_: Annotated[str, Field(alias="schema")] = "mmdia.title-receipt/1"
    """Format version."""
    title_id: str
    """The title."""
    file: str | None = None
    """Matched file, relative to the media folder; null when none."""
    part: int | None = None
    """Part number of a title in several files."""
    how: str | None = None
    """Evidence of the match: map, id, name, identify."""
    timemap: str | None = None
    """Time-map file, relative to the output folder."""
    verdict: str | None = None
    """Verdict of the alignment."""
    confidence: float | None = None
    """Probability that it is the right film, 0..1."""
    evidence: str | None = None
    """What was aligned with: sidecar, embedded, identity, given."""
    scale: float | None = None
    """Media seconds per annotation second."""
    offset: float | None = None
    """Offset of the first piece, seconds."""
    reasons: Many[str] = ()
    """Reason codes."""
    message: str | None = None
    """What happened, in words."""
    files: Many[TitleFile] = ()
    """All files that were looked at, parts in order."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Dialogues by status."""
    track: TrackFact | None = None
    """The sound track that was taken."""
    speech: TitleSpeech | None = None
    """Whether the sound says the text, where that was checked."""
    seconds: float | None = None
    """Wall time spent on the title."""
