"""The media side of an alignment: which lines this copy of the film shows, and when.

Sources, best first: the file that the user names, subtitle files beside the film, text tracks
inside it. Picture subtitles hold no text and are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmdia.errors import MediaNotFound, SubtitleError
from mmdia.media.probe import is_media_name, probe
from mmdia.media.subtitles import read_text_track
from mmdia.schema.cue import Cue
from mmdia.store.digest import params_hash
from mmdia.subtitles.clean import clean_cue
from mmdia.subtitles.identify import find_sidecars
from mmdia.subtitles.read import read_subtitles

SUBTITLE_SUFFIXES = frozenset({".srt", ".vtt", ".ass", ".ssa"})

#: Markup of embedded text tracks, by codec; what is not here reads like SRT.
_FORMS = {"ass": "ass", "ssa": "ass", "webvtt": "vtt"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Cues of the user's copy.

    Attributes:
        kind: given (named by the user), sidecar, or embedded.
        name: Where they came from.
        cues: The cues, on the player's timeline.
        language: Their language, when known.
        digest: Identity of the content.
    """

    kind: str
    name: str
    cues: tuple[Cue, ...]
    language: str | None
    digest: str


def _of(kind: str, name: str, cues: tuple[Cue, ...], language: str | None) -> Evidence:
    digest = params_hash([(c.start_ms, c.end_ms, c.text) for c in cues])
    return Evidence(kind, name, cues, language, digest)


def _from_file(kind: str, path: Path) -> Evidence | None:
    track = read_subtitles(path)
    if track.kind != "dialogue" or not track.cues:
        return None  # chapters and audio descriptions are no dialogue
    return _of(kind, str(path), track.cues, track.language)


def _language_first(found: list[Evidence], language: str | None) -> list[Evidence]:
    if language is None:
        return found
    wanted = language.split("-")[0].lower()

    def rank(item: Evidence) -> int:
        if item.language is None:
            return 1
        return 0 if item.language.split("-")[0].lower() == wanted else 2

    return sorted(found, key=rank)


def gather(media: Path, *, subs: Path | None = None, language: str | None = None) -> tuple[Evidence, ...]:
    """Everything there is to align this copy with, best first.

    Args:
        media: A media file, or a subtitle file that stands for one.
        subs: Subtitle file named by the user; nothing else is then looked at.
        language: Language of the annotation; tracks in it come first.

    Returns:
        Evidence, possibly none.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: The media cannot be opened.
        SubtitleError: The file that the user named cannot be read.
    """
    if not media.exists():
        raise MediaNotFound("no such file", path=media)
    named = subs if subs is not None else media if media.suffix.lower() in SUBTITLE_SUFFIXES else None
    if named is not None:
        found = _from_file("given", named)
        return (found,) if found else ()
    beside = [e for e in map(_sidecar, find_sidecars(media)) if e is not None]
    inside = list(_embedded(media))
    return tuple(_language_first(beside, language) + _language_first(inside, language))


def _sidecar(path: Path) -> Evidence | None:
    try:
        return _from_file("sidecar", path)
    except SubtitleError:
        return None  # one unreadable file beside a film must not hide the others


def _embedded(media: Path) -> Iterator[Evidence]:
    if not is_media_name(media):
        return
    for stream in probe(media).subtitles:
        if not stream.is_text:
            continue
        cues = tuple(
            clean_cue(Cue(start, end, raw, raw_text=raw), form=_FORMS.get(stream.codec, "srt"))
            for start, end, raw in read_text_track(media, stream.index)
        )
        if cues:
            yield _of("embedded", f"{media}#{stream.index}", cues, stream.language)
