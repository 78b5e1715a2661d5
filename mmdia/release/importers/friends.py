"""What the two emotion sets on Friends have in common: a table a split, one line of speech a row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmdia.release.importers.clock import clock_ms
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.shape import build, extras, split_named, split_option, whole_number
from mmdia.release.importers.tables import Row, csv_rows, header_of
from mmdia.release.importers.text import count_words, listed, repair
from mmdia.schema.dialogue import Source, Turn
from mmdia.schema.title import Title


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns of one data set, and how it counts.

    Attributes:
        dataset: Its name.
        prefix: Start of its dialogues' identifiers.
        dialogue: Column with the number of the dialogue.
        start: Column with the start of the line.
        end: Column with its end.
        first_number: Number of a dialogue's first line.
        sentiment: Column with the sentiment, if there is one.
        dropped: Columns that say nothing but the place in the file.
        per_episode: The dialogue's number is unique within the episode only.
    """

    dataset: str
    prefix: str
    dialogue: str
    start: str
    end: str
    first_number: int
    sentiment: str | None = None
    dropped: tuple[str, ...] = ()
    per_episode: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns without which it is another table."""
        return ("Speaker", self.dialogue, "Utterance_ID", "Season", "Episode", self.start, self.end)

    @property
    def placed(self) -> frozenset[str]:
        """Columns that have a place of their own in a release."""
        own = {"Utterance", "n_words", "Emotion", *self.needs, *self.dropped}
        return frozenset(own | ({self.sentiment} if self.sentiment else set()))


def accepts_columns(files: Sequence[Path], columns: Columns) -> bool:
    """Whether all CSV files of `files` (there is one) have the columns."""
    tables = [path for path in files if path.suffix.lower() == ".csv"]
    return bool(tables) and all(set(columns.needs) <= set(header_of(path)) for path in tables)


def read_tables(
    files: Sequence[Path], options: ImportOptions, ledger: Ledger, columns: Columns
) -> Iterator[Item]:
    """Titles and dialogues of the tables, dialogues in the order of their first lines."""
    titles: set[str] = set()
    for path in files:
        split = split_option(options) or split_named(path.name)
        word = split_word(path)
        known: dict[tuple[str, ...], list[tuple[Row, Turn]]] = {}
        # A table of one split is small: MELD's largest has 10,000 rows.
        for row in csv_rows(path, ledger, encoding=options.encoding, needs=columns.needs):
            turn = _turn(row, ledger, columns)
            if turn is not None:
                known.setdefault(_key(row, columns), []).append((row, turn))
        for rows in known.values():
            first = rows[0][0]
            title_id = _title_id(first)
            if title_id not in titles:
                titles.add(title_id)
                yield _title(first, title_id, options)
            kept: list[Turn] = []
            numbers: set[int | str] = set()
            for row, turn in rows:
                number = _whole(row, "Utterance_ID")
                if number in numbers:
                    ledger.note("duplicate_utterance", where=row.where, what=number)
                numbers.add(number)
                if _title_id(row) == title_id:
                    kept.append(turn)
                else:
                    ledger.lose("other_title", where=row.where, what=f"{_title_id(row)}, not {title_id}")
            ledger.keep(len(kept))
            yield build(
                _dialogue_id(first, columns, word),
                kept,
                title_id=title_id,
                split=split,
                source=Source(dataset=columns.dataset, id="/".join((word, *_key(first, columns)))),
            )


def split_word(path: Path) -> str:
    """The file's own word for its split ("dev"), else its name: numbers start again in each file."""
    words = re.split(r"[^A-Za-z]+", path.name)
    return next((word.lower() for word in words if split_named(word)), path.name.split(".")[0])


def _key(row: Row, columns: Columns) -> tuple[str, ...]:
    names = ("Season", "Episode", columns.dialogue) if columns.per_episode else (columns.dialogue,)
    return tuple(str(_whole(row, name)) for name in names)


def _whole(row: Row, column: str) -> int | str:
    """A number that pandas may have written as 0.0; else the text itself."""
    found = whole_number(row.text(column))
    return row.text(column) if found is None else found


def _dialogue_id(row: Row, columns: Columns, word: str) -> str:
    number = _whole(row, columns.dialogue)
    if columns.per_episode:
        return f"{columns.prefix}_{word}_{_episode(row)}_scene_{number}"
    # The dyadic files cut MELD's dialogues anew and count from 0 again.
    dyadic = "_dyadic" if "Old_Dialogue_ID" in row.cells else ""
    return f"{columns.prefix}{dyadic}_{word}_{number}"


def _episode(row: Row) -> str:
    return f"s{whole_number(row.text('Season')) or 0:02d}e{whole_number(row.text('Episode')) or 0:02d}"


def _title_id(row: Row) -> str:
    return f"friends_{_episode(row)}"


def _title(row: Row, title_id: str, options: ImportOptions) -> Title:
    return Title(
        title_id=title_id,
        kind="episode",
        series="Friends",
        season=whole_number(row.text("Season")),
        episode=whole_number(row.text("Episode")),
        language=options.language or "en",
        audio_language="en",
    )


def _turn(row: Row, ledger: Ledger, columns: Columns) -> Turn | None:
    """The turn of a row, or None when it is lost."""
    for column in (columns.dialogue, "Season", "Episode"):
        if not row.text(column):
            ledger.lose("missing_field", where=row.where, what=column)
            return None
        if column != columns.dialogue and whole_number(row.text(column)) is None:
            ledger.lose("bad_number", where=row.where, what=f"{column} {row.text(column)!r}")
            return None
    start, end = (clock_ms(row.text(column)) for column in (columns.start, columns.end))
    if start is None or end is None:
        ledger.lose(
            "bad_time", where=row.where, what=f"{row.text(columns.start)} to {row.text(columns.end)}"
        )
        return None
    text, n_words = _words(row, ledger)
    names = tuple(listed(_mended(row, "Speaker", ledger)))
    if not names:
        ledger.note("no_speaker", where=row.where)
    more = {key: value for key, value in row.cells.items() if key and key not in columns.placed}
    return Turn(
        start_ms=start,
        end_ms=end,
        speakers=tuple(dict.fromkeys(names)),
        text=text,
        n_words=n_words,
        emotion=row.text("Emotion") or None,
        sentiment=(row.text(columns.sentiment) or None) if columns.sentiment else None,
        extra=extras({**more, "utterance_id": _whole(row, "Utterance_ID")}),
    )


def _words(row: Row, ledger: Ledger) -> tuple[str | None, int | None]:
    """What is said, and how many words it has."""
    if row.cells.get("Utterance") is None:
        return None, whole_number(row.text("n_words"))
    text = _mended(row, "Utterance", ledger)
    return text, count_words(text)


def _mended(row: Row, column: str, ledger: Ledger) -> str:
    raw = row.text(column)
    text = repair(raw)
    if text != raw:
        ledger.note("text_repaired", where=row.where)
    return text
