"""The annotation side of an alignment: cues of a subtitle file, or of a title of a release."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmdia.errors import AlignmentError
from mmdia.schema.cue import Cue
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fingerprint import Fingerprint
from mmdia.schema.names import safe_name
from mmdia.schema.title import Title
from mmdia.store.digest import params_hash
from mmdia.subtitles.read import read_subtitles
from mmdia.sync.cues import cue_facts
from mmdia.sync.language import plain_tag

#: Separates a release from a title in ``RELEASE::title_id``.
TITLE_MARK = "::"


@dataclass(frozen=True, slots=True)
class LineRef:
    """One line that the result reports: a cue, or a turn of a dialogue. Milliseconds."""

    start_ms: int
    end_ms: int
    dialogue_id: str | None = None
    turn: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class AnnotationTrack:
    """What is aligned, and what is reported.

    Attributes:
        cues: Cues on the annotation timeline: the evidence.
        lines: Lines to place on the media timeline. For a subtitle file they are its cues; for a
            title they are its turns in disk order.
        name: The file, or ``RELEASE::title_id``.
        language: Language of the cues, when known.
        digest: Identity of the content.
        fingerprint: Fingerprint of the annotated copy's sound, when there is one.
        lines_are_cues: Whether line i is cue i, as in a subtitle file; the turns of a title (which
            may have none with times) are not.
    """

    cues: tuple[Cue, ...]
    lines: tuple[LineRef, ...]
    name: str
    language: str | None
    digest: str
    fingerprint: Fingerprint | None = None
    lines_are_cues: bool = False


def _digest(cues: Sequence[Cue], lines: Sequence[LineRef], fingerprint: Fingerprint | None) -> str:
    content: list[object] = [
        cue_facts(cues),
        [(x.start_ms, x.end_ms, x.dialogue_id, x.turn) for x in lines],
    ]
    if fingerprint is not None:
        content.append(hashlib.sha256(fingerprint.to_bytes()).hexdigest())
    return params_hash(content)


def track_of_file(path: Path | str, *, fingerprint: Path | None = None) -> AnnotationTrack:
    """The cues of a subtitle file.

    Args:
        path: The file.
        fingerprint: Fingerprint of the copy that the file belongs to.

    Raises:
        SubtitleError: The file cannot be read.
        AlignmentError: It holds no cue.
        ReleaseError: The fingerprint cannot be read.
    """
    printed = None
    if fingerprint is not None:
        from mmdia.sync.fingerprint import read_fingerprint

        printed = read_fingerprint(fingerprint)
    subtitles = read_subtitles(Path(path))
    if not subtitles.cues:
        raise AlignmentError("no cues in this subtitle file", path=path)
    lines = tuple(LineRef(c.start_ms, c.end_ms, text=c.text) for c in subtitles.cues)
    digest = _digest(subtitles.cues, lines, printed)
    return AnnotationTrack(
        subtitles.cues,
        lines,
        str(path),
        plain_tag(subtitles.language),
        digest,
        printed,
        lines_are_cues=True,
    )


def _turn_cues(dialogues: Sequence[Dialogue]) -> tuple[Cue, ...]:
    """Turns as cues; a line that several dialogues share counts once."""
    seen: dict[tuple[int, int, str], Cue] = {}
    for dialogue in dialogues:
        for turn in dialogue.turns:
            if turn.start_ms is None or turn.end_ms is None:
                continue
            text = turn.text or ""
            key = (turn.start_ms, turn.end_ms, text)
            if key not in seen:
                seen[key] = Cue(*key, raw_text=text, speakers=turn.speakers)
    return tuple(sorted(seen.values(), key=lambda c: (c.start_ms, c.end_ms)))


def track_of_title(
    release: Path, title: Title, dialogues: Sequence[Dialogue], *, file_name: str | None = None
) -> AnnotationTrack:
    """The track of one title: its whole subtitle when the release has it, else its turns.

    The release's fingerprint of the title comes along, when there is one.

    Args:
        release: Folder of the release; its ``subtitles/`` are read.
        title: The title.
        dialogues: Its dialogues, in disk order.
        file_name: The title's file-safe name, where it is not that of the title alone (titles whose
            names differ in case only).

    Raises:
        AlignmentError: The title has neither subtitles nor turns with times.
        ReleaseError: Its fingerprint is damaged.
    """
    lines = tuple(
        LineRef(t.start_ms, t.end_ms, d.dialogue_id, i, t.text or "")
        for d in dialogues
        for i, t in enumerate(d.turns)
        if t.start_ms is not None and t.end_ms is not None
    )
    stem = file_name or safe_name(title.title_id)
    path = release / "subtitles" / f"{stem}.srt"
    cues = read_subtitles(path).cues if path.is_file() else _turn_cues(dialogues)
    name = f"{release}{TITLE_MARK}{title.title_id}"
    if not cues:
        raise AlignmentError("the title has no lines with times to align", path=name)
    printed = None
    if (release / "fingerprints").is_dir():
        from mmdia.sync.fingerprint import release_fingerprint

        printed = release_fingerprint(release, stem)
    digest = _digest(cues, lines, printed)
    return AnnotationTrack(cues, lines, name, plain_tag(title.language), digest, printed)
