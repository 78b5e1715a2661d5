"""Import annotations of another maker as a release."""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from mmdia.corpus.history import with_step
from mmdia.corpus.locate import HEAD_FILE, ReleaseHandle, open_release
from mmdia.corpus.side_files import copy_side_files
from mmdia.corpus.write import write_release
from mmdia.errors import ReleaseError
from mmdia.release.importers.ledger import Entry, Ledger, failed
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer, importer, recognise
from mmdia.release.importers.shape import bare_title
from mmdia.release.importers.sources import list_files, passed_over, take
from mmdia.release.importers.withhold import withheld
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.names import nearest, safe_names
from mmdia.schema.release import Release, Scene, Withdrawal
from mmdia.schema.time import format_rate
from mmdia.schema.title import Title
from mmdia.store.atomic import PART, make_folder, store_error, write_text

IMPORT_SCHEMA = "mmdia.import/1"
_NULL_WORDS = frozenset({"<na>", "n/a", "na", "nan", "none", "null"})


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        format: The format that was read.
        out: Folder of the release; None after a dry run.
        head: Its head, counts included.
        titles: Titles written.
        dialogues: Dialogues written.
        turns: Turns written.
        scenes: Scenes written.
        files: Names of the files that were read.
        passed_over: Names of files in the folders that are of other kinds.
        rows_read: Rows in the source.
        rows_imported: Rows that are in the release.
        lost: The others, by reason.
        notes: What was changed or guessed, by reason.
    """

    format: str
    out: str | None
    head: Release
    titles: int
    dialogues: int
    turns: int
    scenes: int
    files: tuple[str, ...]
    passed_over: tuple[str, ...]
    rows_read: int
    rows_imported: int
    lost: dict[str, Entry] = field(default_factory=dict)
    notes: dict[str, Entry] = field(default_factory=dict)

    @property
    def rows_lost(self) -> int:
        """Rows that are not in the release."""
        return sum(entry.count for entry in self.lost.values())

    @property
    def complete(self) -> bool:
        """Whether every row that was wanted is in the release."""
        return not failed(self.lost)

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (``mmdia.import/1``)."""
        return {
            "schema": IMPORT_SCHEMA,
            "format": self.format,
            "out": self.out,
            "name": self.head.name,
            "version": self.head.version,
            "titles": self.titles,
            "dialogues": self.dialogues,
            "turns": self.turns,
            "scenes": self.scenes,
            "files": list(self.files),
            "files_passed_over": list(self.passed_over),
            "rows": {"read": self.rows_read, "imported": self.rows_imported, "lost": self.rows_lost},
            "complete": self.complete,
            "lost": [entry.to_row(code) for code, entry in self.lost.items()],
            "notes": [entry.to_row(code) for code, entry in self.notes.items()],
        }


def import_release(
    format: str,
    sources: Sequence[str | Path],
    out: str | Path | None,
    *,
    options: ImportOptions | None = None,
    head: dict[str, Any] | None = None,
    replace: bool = False,
) -> ImportReport:
    """Read annotations of another maker and write them as a release.

    The release appears whole or not at all. Rows that cannot be imported are counted by reason.

    Args:
        format: A format of `registry.names`, or ``auto``.
        sources: Files and folders.
        out: Folder of the release; None reads and reports only.
        options: What the source does not say itself.
        head: Fields of `Release` (name, version, license, ...).
        replace: Take the place of a release that is in `out`.

    Raises:
        UsageError: The format is unknown or cannot be told, or an option is missing.
        ReleaseNotFound: A source is not there.
        ReleaseError: A source cannot be read, nothing could be imported, or `out` holds something.
        StoreError: The release cannot be written.
    """
    options = options or ImportOptions()
    files = list_files(sources)
    reader = _reader(format, files, options)
    taken = take(files, sources, reader, is_named=format != "auto")
    place = None if out is None else Path(out).expanduser()
    if place is not None:
        _refuse_taken(place, replace)
    ledger = Ledger()
    with tempfile.TemporaryFile() as store:
        gathered = _Gathered(store, ledger, options)
        for item in reader.read(taken, options, ledger):
            gathered.add(item)
        gathered.add_titles()
        if not gathered.n_dialogues and not gathered.titles:
            raise ReleaseError("nothing could be imported", path=sources[0], got=_why(ledger))
        whole = _head(reader, gathered, head or {}, options)
        if place is not None:
            whole = _write(place, whole, gathered, taken).head
    return ImportReport(
        reader.name,
        None if place is None else str(place),
        whole,
        len(gathered.titles),
        gathered.n_dialogues,
        gathered.n_turns,
        len(gathered.scenes),
        tuple(path.name for path in taken),
        tuple(path.name for path in passed_over(files, taken)),
        ledger.n_read,
        ledger.n_kept,
        ledger.lost,
        ledger.notes,
    )


def _reader(format: str, files: Sequence[Path], options: ImportOptions) -> Importer:
    """The importer that was named; for ``auto`` the one of a mapping, or that the files look like."""
    if format != "auto":
        return importer(format)
    return importer("mapping") if options.mapping is not None else recognise(files)


def _why(ledger: Ledger) -> str:
    if not ledger.n_read:
        return "no rows"
    found = [
        f"{entry.count} {code}" + (f" ({entry.examples[0]})" if entry.examples else "")
        for code, entry in ledger.lost.items()
    ]
    return ", ".join(found) or "no dialogues"


def _refuse_taken(place: Path, replace: bool) -> None:
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not (place / HEAD_FILE).is_file():
        raise ReleaseError(
            "this place holds something else than a release", path=place, hint="Choose another folder."
        )
    if not replace:
        raise ReleaseError("a release is there already", path=place, hint="To take its place: --replace")


class _Gathered:
    """Items as they come: dialogues wait in a file, everything else is small and kept."""

    def __init__(self, store: IO[bytes], ledger: Ledger, options: ImportOptions) -> None:
        self._store = store
        self._ledger = ledger
        self._options = options
        self._ids: set[str] = set()
        self._named: set[str] = set()
        self._speakers: dict[tuple[str | None, str], str] = {}
        self._facts = {title.title_id: title for title in options.titles}
        self.titles: dict[str, Title] = {}
        self.scenes: dict[tuple[str, str], Scene] = {(s.title_id, s.scene_id): s for s in options.scenes}
        self.withdrawn: list[Withdrawal] = []
        self.subtitles: dict[str, str] = {}
        self.heads: list[Release] = []
        self.n_dialogues = 0
        self.n_turns = 0

    def add_titles(self) -> None:
        """A bare row for every title that dialogues name and the source does not list."""
        for title_id in sorted(self._named - set(self.titles)):
            self._ledger.note("title_added", what=title_id)
            self.titles[title_id] = _merged(bare_title(title_id), self._facts.get(title_id))
        for title_id in self._facts:
            if title_id not in self.titles:
                self._ledger.note("unknown_title", what=f"{title_id}{nearest(title_id, self.titles)}")
        for scene in self.scenes.values():
            if scene.title_id not in self.titles:
                self._ledger.note("no_title", what=f"scene {scene.scene_id} of {scene.title_id}")

    @property
    def withholds(self) -> bool:
        """Whether what is said stays behind."""
        return self._options.withhold_text

    def add(self, item: Item) -> None:
        """Take one item; a second title or dialogue of the same name is counted, not taken."""
        if isinstance(item, Dialogue):
            self._add_dialogue(item)
        elif isinstance(item, Title):
            self.titles.setdefault(item.title_id, _merged(item, self._facts.get(item.title_id)))
        elif isinstance(item, Scene):
            self.scenes.setdefault((item.title_id, item.scene_id), item)
        elif isinstance(item, Withdrawal):
            self.withdrawn.append(item)
        elif isinstance(item, Release):
            self.heads.append(item)
        elif not self.withholds:
            self.subtitles.setdefault(item.title_id, item.text)

    def _add_dialogue(self, dialogue: Dialogue) -> None:
        if dialogue.dialogue_id in self._ids:
            n = max(1, len(dialogue.turns))
            self._ledger.unkeep("duplicate_row", n, what=dialogue.dialogue_id)
            return
        self._ids.add(dialogue.dialogue_id)
        if dialogue.title_id:
            self._named.add(dialogue.title_id)
        if self.withholds:
            dialogue = withheld(dialogue, self._ledger)
        self._note_words(dialogue)
        self._store.write(dialogue.to_json().encode("utf-8", "surrogatepass") + b"\n")
        self.n_dialogues += 1
        self.n_turns += len(dialogue.turns)

    def _note_words(self, dialogue: Dialogue) -> None:
        """Note words that stand for nothing, and names of a title that differ in form only."""
        for turn in dialogue.turns:
            for word in (*turn.speakers, turn.text or ""):
                if word.strip().lower() in _NULL_WORDS:
                    self._ledger.note("null_word", where=dialogue.dialogue_id, what=word)
            for name in turn.speakers:
                folded = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
                first = self._speakers.setdefault((dialogue.title_id, folded), name)
                if first != name:
                    what = f"{ascii(name)[1:-1]}, {ascii(first)[1:-1]}"
                    self._ledger.note("speaker_forms", where=dialogue.dialogue_id, what=what)

    def dialogues(self) -> Iterator[Dialogue]:
        """The dialogues in the order in which they came."""
        self._store.seek(0)
        for line in self._store:
            yield Dialogue.from_json(line)

    def known_scenes(self) -> Iterable[Scene]:
        """Scenes of titles that are here."""
        return [scene for scene in self.scenes.values() if scene.title_id in self.titles]


def _merged(title: Title, facts: Title | None) -> Title:
    """A title with what the user said of it; that goes before the source."""
    return title if facts is None else title.model_copy(update=_given(facts))


def _given(record: Record) -> dict[str, Any]:
    return {
        name: getattr(record, name)
        for name in record.model_fields_set
        if getattr(record, name) not in (None, ())
    }


def _head(reader: Importer, gathered: _Gathered, given: dict[str, Any], options: ImportOptions) -> Release:
    """The head: what the user says, else what the source's head says, else the format's own source."""
    base: dict[str, Any] = {"name": reader.name, "version": "1.0.0", "vocab": "paper-15"}
    if reader.source is not None:
        base["sources"] = (reader.source,)
        base["citation"] = reader.source.citation
    if len(gathered.heads) == 1:
        del base["vocab"]  # a release that names no vocabulary still names none
        base.update(_given(gathered.heads[0]))
    base.update({key: value for key, value in given.items() if value is not None})
    base.pop("counts", None)
    step = {
        "format": reader.name,
        "withhold_text": options.withhold_text,
        "max_gap_s": options.max_gap_s,
        "scenes": bool(options.scenes),
        "fps": format_rate(options.fps) if options.fps else None,
        "language": options.language,
        "encoding": options.encoding,
        "split": options.split,
    }
    return with_step(Release(**base), "import", {k: v for k, v in step.items() if v not in (None, False)})


def _write(place: Path, head: Release, gathered: _Gathered, files: Sequence[Path]) -> ReleaseHandle:
    """Write beside the place, then take it: a reader sees the old release or the new one."""
    part = place.with_name(f"{place.name}.{os.getpid():x}{PART}")
    shutil.rmtree(part, ignore_errors=True)
    make_folder(part)
    try:
        handle = write_release(
            part,
            head,
            gathered.titles.values(),
            gathered.dialogues(),
            scenes=gathered.known_scenes(),
            withdrawn=gathered.withdrawn,
        )
        for source in (path.parent for path in files if path.name == HEAD_FILE and gathered.heads):
            copy_side_files(open_release(source), part, list(gathered.titles))
        if gathered.withholds:
            shutil.rmtree(part / "subtitles", ignore_errors=True)
        names = safe_names(gathered.titles)
        for title_id, text in gathered.subtitles.items():
            write_text(part / "subtitles" / f"{names[title_id]}.srt", text)
        if place.exists():
            old = place.with_name(f"{place.name}.{os.getpid():x}.old{PART}")
            place.replace(old)
            part.replace(place)
            shutil.rmtree(old, ignore_errors=True)
        else:
            part.replace(place)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise store_error(error, place) from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return ReleaseHandle(place, handle.head)
