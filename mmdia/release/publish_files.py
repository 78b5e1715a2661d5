"""What a published release holds beside its tables: head, scenes, subtitles, papers, JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmdia.corpus.locate import HEAD_FILE, ReleaseHandle, release_files
from mmdia.corpus.read import iter_dialogues, iter_numbered, iter_scenes, load_titles, withdrawals
from mmdia.corpus.withdrawn import taken_back
from mmdia.errors import ReleaseError, UsageError
from mmdia.release.publish_guard import refuse_columns, refuse_document, refuse_files, refuse_row
from mmdia.release.publish_signs import is_media
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fingerprint import SUFFIX, Fingerprint
from mmdia.schema.names import safe_name, safe_names
from mmdia.schema.release import Counts, Release, Scene, Withdrawal
from mmdia.schema.title import Title
from mmdia.store.atomic import write_json, write_text

SUBTITLE_ENDINGS = frozenset({".srt", ".vtt", ".ass", ".ssa", ".sub", ".txt"})
#: Papers that are passed on; the cards are made anew.
_PAPERS = ("LICENSE", "NOTICE", "CITATION")
#: First line of a card that this program made.
MADE_MARK = "<!-- made by mmdia release card -->"
AUTHORS_NOTES = "NOTES.md"
SCHEMA_OF: dict[str, type[Record]] = {
    "release": Release,
    "title": Title,
    "dialogue": Dialogue,
    "scene": Scene,
    "withdrawal": Withdrawal,
}


def refuse_media(handle: ReleaseHandle) -> None:
    """Look for media in everything but the rows of the tables, which are looked at as they pass.

    Raises:
        ReleaseError: There is media, or a link out of the folder.
    """
    folder = handle.path
    refuse_files(folder)
    refuse_row(handle.head.to_row(), HEAD_FILE)
    for table in release_files(handle).present():
        if table.suffix == ".parquet":
            refuse_columns(table, folder)
    for path in (*papers(folder), *sorted(folder.glob("subtitles/*"))):
        if path.is_file():
            refuse_document(path, folder)


def text_licence(handle: ReleaseHandle, given: str | None) -> str | None:
    """Under which licence the words of the films are passed on; None where the release holds none.

    Args:
        handle: The release.
        given: What the user says; null takes ``text_license`` of release.json.

    Raises:
        UsageError: There are words and no licence for them, or it is no SPDX expression.
    """
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    named = given or handle.head.text_license
    if named is not None:
        try:
            return str(canonicalize_license_expression(named))
        except InvalidLicenseExpression as error:
            raise UsageError(
                "this is no licence by SPDX", got=named, expected="CC-BY-4.0, LicenseRef-NAME, ...",
                hint=f"https://spdx.org/licenses ({error})",
            ) from None  # fmt: skip
    if any(path.parent.name == "subtitles" for path in side_files(handle)[0]) or any(
        turn.text or turn.raw_text for row in iter_dialogues(handle) for turn in row.turns
    ):
        raise UsageError(
            "the release holds the words of its films, and nothing says that they may be passed on",
            path=handle.path, expected="--text-license SPDX, or text_license in release.json",
            hint="Without that right, import again with --withhold-text.",
        )  # fmt: skip
    return None


def papers(folder: Path) -> list[Path]:
    """Licence, notice, citation, and a README that a person wrote."""
    found = [p for p in sorted(folder.glob("*")) if p.is_file() and p.name.upper().startswith(_PAPERS)]
    readme = folder / "README.md"
    if readme.is_file() and MADE_MARK not in readme.read_text("utf-8", errors="replace"):
        found.append(readme)
    notes = folder / AUTHORS_NOTES
    if notes.is_file() and readme not in found:
        found.append(notes)
    return found


def side_files(handle: ReleaseHandle) -> tuple[list[Path], list[str]]:
    """Files of titles that are published, and names of those that are not, with why.

    Left out are files of withdrawn titles, and kinds of files whose content nobody can check.
    """
    gone = withdrawals(handle).titles
    withdrawn = {safe_name(t).lower() for t in gone}
    kept: list[Path] = []
    left: list[str] = []
    for path in sorted((*handle.path.glob("subtitles/*"), *handle.path.glob("fingerprints/*"))):
        name = path.relative_to(handle.path).as_posix()
        if not path.is_file() or path.name.startswith("."):
            continue
        subtitle = path.parent.name == "subtitles"
        if path.suffix.lower() not in (SUBTITLE_ENDINGS if subtitle else {SUFFIX}):
            left.append(f"{name}: not a kind of file that is published")
        elif path.name.split(".", 1)[0].lower() in withdrawn or path.stem in gone:
            left.append(f"{name}: its title is withdrawn")
        else:
            kept.append(path)
    return kept, left


def write_side_files(handle: ReleaseHandle, folder: Path) -> None:
    """Copy subtitles, fingerprints and papers.

    A track that holds a withdrawn dialogue is written without its cues, or left out where that cannot be.

    Raises:
        ReleaseError: A fingerprint is something else.
    """
    words = taken_back(handle)
    names = safe_names([*words.windows, *load_titles(handle, keep_withdrawn=True)])
    title_of = {name.lower(): title for title, name in names.items()}
    for path in side_files(handle)[0]:
        if path.parent.name == "fingerprints":
            _check_fingerprint(path)
        title = title_of.get(path.name.split(".", 1)[0].lower(), "")
        words.copy(path, folder / path.parent.name / path.name, title)
    for path in papers(handle.path):
        words.copy(path, folder / (AUTHORS_NOTES if path.name == "README.md" else path.name))
    if not list(folder.glob("LICENSE*")) and handle.head.license:
        text = f"The annotations of {handle.head.name} {handle.head.version} are licensed under:\n\n"
        write_text(folder / "LICENSE", f"{text}    {handle.head.license}\n")


def _check_fingerprint(path: Path) -> None:
    raw = path.read_bytes()
    # 1,000 bits a second, so a day of film stays far below this; and nothing but signs is in it.
    if len(raw) > 1 << 26 or is_media(raw[64:320]):
        raise ReleaseError("not a fingerprint", path=path, hint="Make it with: mmdia release fingerprint")
    Fingerprint.from_bytes(raw, where=path)


def write_lines(handle: ReleaseHandle, folder: Path) -> None:
    """Scenes (without those of withdrawn titles) and withdrawals, as JSONL."""
    _lines(folder / "scenes.jsonl", iter_scenes(handle))
    gone = release_files(handle).withdrawn
    if gone is not None:
        _lines(folder / "withdrawn.jsonl", (row for _, row in iter_numbered(gone, Withdrawal)))


def _lines(path: Path, records: Iterable[Record]) -> None:
    lines = []
    for record in records:
        row = record.to_row()
        refuse_row(row, path.name)
        lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    if lines:
        write_text(path, "".join(lines))


def write_head(handle: ReleaseHandle, folder: Path, counts: Counts, text: str | None) -> Release:
    """``release.json`` with the counts of what is published, and the licence of its text."""
    head = handle.head.model_copy(update={"counts": counts, "text_license": text})
    write_text(folder / HEAD_FILE, json.dumps(head.to_row(), ensure_ascii=False, indent=1) + "\n")
    return head


def write_schemas(folder: Path) -> None:
    """JSON Schema of every record, one file each."""
    (folder / "schema").mkdir()
    for name, model in SCHEMA_OF.items():
        schema = model.model_json_schema(by_alias=True)
        # Readers keep keys that they do not know.
        write_json(folder / "schema" / f"{name}.schema.json", _open(schema))


def _open(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {k: _open(v) for k, v in schema.items() if not (k == "additionalProperties" and v is False)}
    return [_open(item) for item in schema] if isinstance(schema, list) else schema
