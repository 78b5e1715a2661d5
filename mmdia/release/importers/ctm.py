"""CTM: timed words (NIST sclite), joined into turns.

``file channel start duration word [confidence [type [speaker]]]``, times in seconds. A turn ends where
the speaker's pause is longer than ``word_gap_s``. Without a speaker column the speaker is the channel;
where several files hold the same recording, each file is a speaker of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.speech import (
    Regions,
    Segment,
    end_ms,
    fields_of,
    items,
    joined,
    seconds_ms,
    split_uem,
)

_NOTHING = frozenset({"<NA>", "NA", "<na>", "null", ""})


@dataclass(frozen=True, slots=True)
class _Word:
    file: str
    recording: str
    channel: str
    speaker: str
    start_ms: int
    end_ms: int
    text: str
    where: str


def accepts(files: Sequence[Path]) -> bool:
    """Whether one of the files is a CTM."""
    return any(path.suffix.lower() == ".ctm" for path in files)


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each recording that the lines name."""
    tables, regions = split_uem(files, options, ledger)
    words: list[_Word] = []
    for path in tables:
        inside, further = False, False
        for where, line in fields_of(path, options, ledger):
            ledger.read()
            cells = line.split()
            if len(cells) < 5:
                ledger.lose("broken_row", where=where, what=line)
                continue
            mark = cells[4].upper()
            if mark in ("<ALT_BEGIN>", "<ALT>", "<ALT_END>"):
                inside = mark != "<ALT_END>"
                further = mark == "<ALT>"
                ledger.lose("other_row", where=where, what=cells[4])
                continue
            if inside and further:
                ledger.lose("alternative_word", where=where, what=cells[4])
                continue
            start, end = seconds_ms(cells[2]), end_ms(cells[2], cells[3])
            if start is None or end is None:
                ledger.lose("bad_time", where=where, what=f"{cells[2]} + {cells[3]}")
                continue
            speaker = cells[7] if len(cells) > 7 and cells[7] not in _NOTHING else ""
            words.append(_Word(path.stem, cells[0], cells[1], speaker, start, end, cells[4], where))
    # Regions hold for words: a turn that crosses a border keeps the words within.
    kept = [word for word in words if _is_within(word, regions, ledger)]
    yield from items(_turns(kept, options), None, options, ledger, dataset="CTM")


def _is_within(word: _Word, regions: Regions, ledger: Ledger) -> bool:
    """Whether a word begins in a region that was annotated (else it is counted)."""
    if regions is None or any(a <= word.start_ms < b for a, b in regions.get(word.recording, ())):
        return True
    ledger.lose("outside_regions", where=word.where, what=word.text)
    return False


def _turns(words: Sequence[_Word], options: ImportOptions) -> list[Segment]:
    """Words of one speaker, joined where the pause is short; every word is in one turn."""
    files: dict[str, set[str]] = defaultdict(set)
    channels: dict[tuple[str, str], set[str]] = defaultdict(set)
    for word in words:
        files[word.recording].add(word.file)
        channels[word.recording, word.file].add(word.channel)
    voices: dict[tuple[str, str], list[Segment]] = {}
    for word in words:
        name = word.speaker or _voice(
            word, len(files[word.recording]), len(channels[word.recording, word.file])
        )
        spoken = Segment(word.recording, name, word.start_ms, word.end_ms, word.text, word.where)
        voices.setdefault((word.recording, name), []).append(spoken)
    return [turn for spoken in voices.values() for turn in joined(spoken, options.word_gap_s)]


def _voice(word: _Word, n_files: int, n_channels: int) -> str:
    if n_files == 1:
        return word.channel
    return f"{word.file}_{word.channel}" if n_channels > 1 else word.file


IMPORTER = Importer(
    "ctm",
    "CTM (timed words, joined into turns), with UEM",
    (".ctm", ".uem"),
    accepts,
    read,
    any_suffix=True,
)
