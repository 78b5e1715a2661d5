"""A folder of calibrated subtitles with speaker labels: one file a title, one cue a turn.

Labels are ``NAME:``, ``Name:``, ``(Name):``, ``[Name] text`` and ``<v Name>``; they leave the text and
become the turn's speaker. A cue in which two people speak becomes two turns whose times divide the
cue's in proportion to what they say. Cues without words and without a speaker (a noise, music) are no
turns and are counted. The name of the file, without its language, is the title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from mmdia.errors import SubtitleError, UsageError
from mmdia.release.importers.grouping import groups
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item, SubtitleText
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.shape import bare_title, build, split_option
from mmdia.release.importers.text import count_words
from mmdia.schema.cue import Cue, Mark
from mmdia.schema.dialogue import NonVerbal, Source, Turn
from mmdia.schema.title import SubtitleFact
from mmdia.subtitles.clean import split_dashes
from mmdia.subtitles.identify import guess_language_from_name
from mmdia.subtitles.read import read_subtitles
from mmdia.subtitles.track import SubtitleTrack
from mmdia.subtitles.write import write_srt

SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")


def accepts(files: Sequence[Path]) -> bool:
    """Whether all files are subtitles."""
    return bool(files) and all(path.suffix.lower() in SUFFIXES for path in files)


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each file, with its cue track and its dialogues.

    Raises:
        UsageError: Several files are of one title, and nothing says which to take.
    """
    by_title: dict[str, list[Path]] = {}
    for path in files:
        by_title.setdefault(title_of(path), []).append(path)
    for title_id, paths in by_title.items():
        tracks = [track for path in paths if (track := _track(path, options, ledger)) is not None]
        if len({track.language for track in tracks}) == 1:
            tracks = _one_copy(tracks, ledger)
        if len(tracks) > 1:
            found = ", ".join(sorted(Path(track.path or "").name for track in tracks))
            raise UsageError(
                f"several subtitles are of the title {title_id!r}", got=found,
                hint="Name the language of the one to take: --language en",
            )  # fmt: skip
        if tracks:
            yield from _items(title_id, tracks[0], options, ledger)


def _one_copy(tracks: list[SubtitleTrack], ledger: Ledger) -> list[SubtitleTrack]:
    """Of copies in several formats, the one in the format that holds least but words and times."""
    first, *others = sorted(
        tracks, key=lambda t: (SUFFIXES.index(Path(t.path or "").suffix.lower()), str(t.path))
    )
    for other in others:
        name = Path(other.path or "").name
        ledger.lose(
            "other_copy", len(other.cues), where=name, what=f"{Path(first.path or '').name} is taken"
        )
    return [first]


def title_of(path: Path) -> str:
    """The name of a file without endings that say format, language or kind.

    >>> title_of(Path("tt0059742.en.srt")), title_of(Path("tv_04 S01E21.srt"))
    ('tt0059742', 'tv_04 S01E21')
    """
    stem = path.stem
    language = guess_language_from_name(path.name)
    while "." in stem:
        head, last = stem.rsplit(".", 1)
        is_language = language is not None and guess_language_from_name(f"x.{last}.srt") is not None
        if not head or not (
            is_language or re.fullmatch(r"sdh|hi|cc|forced|official|calibrated", last.lower())
        ):
            break
        stem = head
    return stem


def _track(path: Path, options: ImportOptions, ledger: Ledger) -> SubtitleTrack | None:
    """The track of a file, or None when it is not taken (counted)."""
    try:
        track = read_subtitles(path, encoding=options.encoding)
    except SubtitleError as error:
        ledger.read()
        ledger.lose("unreadable_subtitle", where=path.name, what=error.message)
        return None
    n_rows = max(1, len(track.cues) + len(track.lost))
    ledger.read(n_rows)
    if track.kind != "dialogue":
        ledger.lose("not_dialogue", n_rows, where=path.name, what=track.kind)
        return None
    if options.language and track.language and not _same_language(track.language, options.language):
        ledger.lose("other_language", n_rows, where=path.name, what=track.language)
        return None
    for problem in track.lost:
        ledger.lose("unreadable_cue", where=f"{path.name}:{problem.line}", what=problem.text)
    if not track.cues and not track.lost:
        ledger.lose("no_lines", where=path.name)
    for problem in track.problems:
        if problem not in track.lost and problem.code != "encoding_guessed":
            ledger.note("subtitle_problem", where=f"{path.name}:{problem.line}", what=problem.code)
        elif problem.code == "encoding_guessed":
            ledger.note("encoding_guessed", where=path.name, what=track.encoding)
    return track


def _same_language(found: str, asked: str) -> bool:
    left, right = found.lower(), asked.lower()
    return left == right or left.startswith(f"{right}-")


def _items(title_id: str, track: SubtitleTrack, options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    path = Path(track.path or title_id)
    fact = SubtitleFact(kind="calibrated")
    title = bare_title(title_id, language=options.language or track.language, subtitle=fact)
    # Files of films are named like this one, whether the name bears a year or not.
    yield (
        title
        if title.imdb_id or title.name or title.series
        else title.model_copy(update={"name": title_id})
    )
    yield SubtitleText(title_id, write_srt(track.cues))
    turns = _with_next(_turns(track, path.name, ledger))
    for name, scene, group in groups(turns, title_id, options):
        yield build(
            name,
            group,
            title_id=title_id,
            scene_id=scene,
            split=split_option(options),
            source=Source(dataset="subtitles", id=path.name),
        )


def _turns(track: SubtitleTrack, name: str, ledger: Ledger) -> list[Turn]:
    turns = []
    for cue in sorted(track.cues, key=lambda cue: cue.start_ms):
        where = f"{name}:{cue.line}"
        parts = split_dashes(cue, form=track.format)
        spoken = [part for part in parts if part.text.strip() or part.speakers]
        if not spoken:
            ledger.lose("marks_only", where=where, what=cue.raw_text)
            continue
        ledger.keep()
        if len(parts) > 1:
            ledger.note("speech_split", where=where, what=cue.raw_text)
        for part in spoken:
            if not part.speakers:
                ledger.note("no_speaker", where=where)
            turns.append(_turn(part, cue.raw_text if len(parts) == 1 else None))
    return turns


def _turn(cue: Cue, raw: str | None) -> Turn:
    text = " ".join(cue.text.split())
    return Turn(
        start_ms=cue.start_ms,
        end_ms=cue.end_ms,
        speakers=tuple(dict.fromkeys(" ".join(name.split()) for name in cue.speakers)),
        text=text,
        n_words=count_words(text),
        raw_text=raw,
        nonverbal=tuple(_event(mark, cue) for mark in cue.marks),
    )


def _event(mark: Mark, cue: Cue) -> NonVerbal:
    who = cue.speakers[0] if mark.kind == "vocal" and len(cue.speakers) == 1 else None
    return NonVerbal(
        kind=mark.kind,
        label=mark.label or None,
        raw=mark.raw,
        speaker_id=" ".join(who.split()) if who else None,
        char_offset=min(mark.char_offset, len(" ".join(cue.text.split()))),
    )


def _with_next(turns: list[Turn]) -> list[Turn]:
    """Each turn with the start of the film's next line, to which the paper's A.2 extends the sound."""
    later = {id(a): b.start_ms for a, b in pairwise(turns) if (b.start_ms or 0) >= (a.start_ms or 0)}
    return [turn.model_copy(update={"next_start_ms": later.get(id(turn))}) for turn in turns]


IMPORTER = Importer(
    "subtitles", "subtitles with speaker labels, one file a title", SUFFIXES, accepts, read, any_suffix=True
)
