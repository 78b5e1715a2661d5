"""The media side of an alignment: which lines this copy of the film shows, and when.

Sources, best first: what the user names (subtitles, words of a recogniser); subtitle files beside
the film and text tracks inside it, in the language of the annotation or in one that is not told;
``FILM.words.json`` beside it; a speech recogniser, where one is asked for; subtitles in other languages;
and the sound itself. Picture subtitles hold no text; that they are there is said. Sound is not
decoded here: an `Evidence` only knows where to listen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mmdia.align.result import Mode
from mmdia.errors import MediaNotFound, SubtitleError, UsageError
from mmdia.media.probe import MediaInfo, is_media_name, probe
from mmdia.media.subtitles import read_text_track
from mmdia.schema.cue import Cue
from mmdia.store.digest import params_hash
from mmdia.subtitles.clean import clean_cue
from mmdia.subtitles.identify import find_sidecars
from mmdia.subtitles.read import read_subtitles
from mmdia.sync.cues import cue_facts
from mmdia.sync.hearing import Sound
from mmdia.sync.language import plain_tag, same_language

SUBTITLE_SUFFIXES = frozenset({".srt", ".vtt", ".ass", ".ssa"})

#: A recogniser's words beside a film: ``FILM.words.json``.
WORDS_SUFFIX = ".words.json"

#: Picture subtitles as files of their own.
_PICTURE_SUFFIXES = (".sup", ".idx")

#: Markup of embedded text tracks, by codec; what is not here reads like SRT.
_FORMS = {"ass": "ass", "ssa": "ass", "webvtt": "vtt"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one source tells of the user's copy.

    Attributes:
        kind: given or words (named by the user), asr, sidecar, embedded, or audio.
        name: Where it came from.
        cues: Lines on the player's timeline; none for audio alone.
        language: Their language, when known; a two-letter code where there is one, whatever the
            file or the container wrote.
        digest: Identity of the content.
        sound: The sound of the copy, when it may be listened to: for speech activity where there
            are no cues, and for the annotation's fingerprint.
        span_ms: The part of the copy that counts, when not all of it; either end may be None.
        film_s: Length of the copy, seconds, where it is known.
    """

    kind: str
    name: str
    cues: tuple[Cue, ...]
    language: str | None
    digest: str
    sound: Sound | None = None
    span_ms: tuple[int | None, int | None] = (None, None)
    film_s: float | None = None

    @property
    def tells(self) -> bool:
        """Whether there is anything to compare with."""
        return bool(self.cues) or self.sound is not None

    def within(self, low_ms: int | None, high_ms: int | None) -> Evidence:
        """Only what lies in [low, high) of the copy (a part of a file); None leaves an end open."""
        if low_ms is None and high_ms is None:
            return self
        cues = tuple(
            c
            for c in self.cues
            if (low_ms is None or c.end_ms > low_ms) and (high_ms is None or c.start_ms < high_ms)
        )
        digest = params_hash([self.digest, low_ms, high_ms])
        return replace(self, cues=cues, digest=digest, span_ms=(low_ms, high_ms))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which evidence to look for.

    Attributes:
        mode: As of `align`: text and timing need cues, audio and fingerprint need sound.
        subs: Subtitle file named by the user; no other subtitles are then looked at.
        words: Words file named by the user; likewise.
        asr: Speech recogniser to run on the sound when there is neither.
        vad: Detector of speech activity.
        language: Language of the annotation; tracks in it come first.
        cache: Folder for what was heard; None keeps nothing.
        track: Number or language of the sound track to listen to; None for the file's default.

    Raises:
        UsageError: At birth, when lines are named for a mode that has no use for lines.
    """

    mode: Mode = "auto"
    subs: Path | None = None
    words: Path | None = None
    asr: str | None = None
    vad: str = "auto"
    language: str | None = None
    cache: Path | None = None
    track: str | int | None = None

    def __post_init__(self) -> None:
        named = self.subs or self.words
        if named is not None and self.mode in ("audio", "fingerprint"):
            raise UsageError(
                f"--mode {self.mode} listens to the sound only, and lines of the copy are named",
                path=named,
                hint="Leave --mode out, or the subtitles or words.",
            )


@dataclass(frozen=True, slots=True)
class Collected:
    """What was found, best first, and the codes of what was looked for in vain."""

    evidences: tuple[Evidence, ...]
    missing: tuple[str, ...] = ()


def gather(media: Path, *, subs: Path | None = None, language: str | None = None) -> tuple[Evidence, ...]:
    """The evidence of `collect` with its defaults: subtitles, best first, then the sound.

    Args:
        media: A media file, or a subtitle file that stands for one.
        subs: Subtitle file named by the user; nothing else is then looked at.
        language: Language of the annotation; tracks in it come first.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: The media cannot be opened.
        SubtitleError: The file that the user named cannot be read.
    """
    return collect(media, Wanted(subs=subs, language=language)).evidences


def collect(media: Path, wanted: Wanted) -> Collected:
    """Everything there is to align this copy with, best first.

    Args:
        media: A media file, or a subtitle file that stands for one.
        wanted: What to look for.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: The media cannot be opened.
        SubtitleError: A file that the user named cannot be read.
        UsageError: Sound is wanted of a file that is a subtitle.
        MissingExtra: The recogniser or detector named is not installed.
    """
    if not media.exists():
        raise MediaNotFound("no such file", path=media)
    if media.suffix.lower() in SUBTITLE_SUFFIXES:
        return _stand_in(media, wanted)
    info = probe(media) if is_media_name(media) else None
    sound = (
        Sound(media, wanted.vad, wanted.cache, wanted.track) if info is not None and info.audio else None
    )
    missing = [] if sound is not None else ["no_audio"]
    found: list[Evidence] = []
    if wanted.mode in ("auto", "text", "timing"):
        found = _lines(media, info, wanted, missing, sound)
    named = wanted.subs is not None or wanted.words is not None
    if sound is not None and wanted.mode in ("audio", "fingerprint", "auto") and not named:
        found.append(Evidence("audio", str(media), (), None, params_hash("audio"), sound))
    film_s = None if info is None else info.duration_s
    return Collected(tuple(replace(e, film_s=film_s) for e in found), tuple(missing))


def _stand_in(media: Path, wanted: Wanted) -> Collected:
    """A subtitle file that stands for a media file: it has lines, and no sound."""
    if wanted.mode in ("audio", "fingerprint") or wanted.asr is not None:
        raise UsageError(
            "MEDIA is a subtitle file, which has no sound",
            path=media,
            hint="Name the film itself, or leave --mode and --asr out.",
        )
    named = [_from_file("given", wanted.subs or media)] if wanted.words is None else [_words(wanted.words)]
    found = tuple(e for e in named if e is not None)
    return Collected(found, () if found else ("no_subtitles",))


def _lines(
    media: Path, info: MediaInfo | None, wanted: Wanted, missing: list[str], sound: Sound | None
) -> list[Evidence]:
    """Evidence that has lines; each may bring the sound along, for the annotation's fingerprint."""
    if wanted.words is not None:
        found = [_words(wanted.words)]
    elif wanted.subs is not None:
        found = [e for e in [_from_file("given", wanted.subs)] if e is not None]
    else:
        found = []
    named = wanted.words is not None or wanted.subs is not None
    ours, others = (found, []) if named else _unnamed(media, info, wanted.language)
    if wanted.asr is not None and sound is not None and not ours:
        from mmdia.sync.hearing import recognised

        cues = recognised(media, wanted.asr, plain_tag(wanted.language), wanted.cache, wanted.track)
        ours = [_of("asr", f"{media} ({wanted.asr})", cues, wanted.language)] if cues else []
    found = ours + others
    if not found:
        missing.insert(0, "no_subtitles")
        if _has_pictures(media, info):
            missing.insert(1, "image_subtitles")
    listen = sound if wanted.mode == "auto" else None
    return [replace(e, sound=listen) for e in found]


def _unnamed(
    media: Path, info: MediaInfo | None, language: str | None
) -> tuple[list[Evidence], list[Evidence]]:
    """Lines that nobody named: those that may be in the annotation's language, and the others."""
    beside = [e for e in map(_sidecar, find_sidecars(media)) if e is not None]
    inside = [] if info is None else list(_embedded(media, info))
    lines = _language_first(beside, language) + _language_first(inside, language)
    ours = [e for e in lines if not _is_other(e, language)]
    words = media.with_name(f"{media.stem}{WORDS_SUFFIX}")
    if words.is_file() and (heard := _words_beside(words)) is not None:
        ours.append(heard)
    return ours, [e for e in lines if _is_other(e, language)]


def _is_other(item: Evidence, language: str | None) -> bool:
    known = item.language is not None and language is not None
    return known and not same_language(item.language, language)


def _words_beside(path: Path) -> Evidence | None:
    try:
        return _words(path)
    except SubtitleError:
        return None  # as an unreadable subtitle beside a film


def _has_pictures(media: Path, info: MediaInfo | None) -> bool:
    inside = info is not None and any(not s.is_text for s in info.subtitles)
    return inside or any(media.with_suffix(suffix).is_file() for suffix in _PICTURE_SUFFIXES)


def _of(kind: str, name: str, cues: tuple[Cue, ...], language: str | None) -> Evidence:
    return Evidence(kind, name, cues, plain_tag(language), params_hash(cue_facts(cues)))


def _words(path: Path) -> Evidence:
    from mmdia.subtitles.words import read_words

    track = read_words(path)
    return _of("words", str(path), track.cues, track.language)


def _from_file(kind: str, path: Path) -> Evidence | None:
    track = read_subtitles(path)
    if track.kind != "dialogue" or not track.cues:
        return None  # chapters and audio descriptions are no dialogue
    return _of(kind, str(path), track.cues, track.language)


def _language_first(found: list[Evidence], language: str | None) -> list[Evidence]:
    if language is None:
        return found

    def rank(item: Evidence) -> int:
        if item.language is None:
            return 1
        return 0 if same_language(item.language, language) else 2

    return sorted(found, key=rank)


def _sidecar(path: Path) -> Evidence | None:
    try:
        return _from_file("sidecar", path)
    except SubtitleError:
        return None  # one unreadable file beside a film must not hide the others


def _embedded(media: Path, info: MediaInfo) -> Iterator[Evidence]:
    for stream in info.subtitles:
        if not stream.is_text:
            continue
        cues = tuple(
            clean_cue(Cue(start, end, raw, raw_text=raw), form=_FORMS.get(stream.codec, "srt"))
            for start, end, raw in read_text_track(media, stream.index)
        )
        if cues:
            yield _of("embedded", f"{media}#{stream.index}", cues, stream.language)
