"""Which files a published release may hold: whatever a list of checksums says, nothing else is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from mmdia.corpus.parquet import parquet_rows
from mmdia.errors import ReleaseError
from mmdia.release.publish_guard import refuse_batch, refuse_columns, refuse_document
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.title import Title

_MADE = re.compile(
    r"""
    (release\.json | titles\.parquet | scenes\.jsonl | withdrawn\.jsonl | checksums\.json | croissant\.json
    | (README|BENCH|DATASHEET|NOTES)\.md | (LICENSE|NOTICE|CITATION)[^/]*
    | [a-z0-9_-]+/[a-z0-9_-]+-\d{5}-of-\d{5}\.parquet
    | figures/[a-z0-9_-]+\.svg | schema/[a-z]+\.schema\.json
    | subtitles/[^/]+ | fingerprints/[^/]+\.mmfp)
    """,
    re.VERBOSE,
)
_TEXTS = frozenset({".md", ".json", ".jsonl", ".svg", ".srt", ".vtt", ".ass", ".ssa", ".txt", ""})


def refuse_foreign(folder: Path, names: Iterable[str]) -> None:
    """Refuse files that publishing does not make, and media within those that it does.

    Args:
        folder: The published folder.
        names: Files that its list names.

    Raises:
        ReleaseError: There is one.
    """
    for name in sorted(names):
        path = folder / name
        if _MADE.fullmatch(name) is None:
            raise ReleaseError(
                "a file that no published release holds", path=path,
                hint="Publish into another folder, or remove this one.",
            )  # fmt: skip
        if path.suffix == ".parquet":
            _refuse_table(path, folder, name)
        elif path.suffix.lower() in _TEXTS:
            refuse_document(path, folder)


def _refuse_table(path: Path, folder: Path, name: str) -> None:
    refuse_columns(path, folder)
    for rows in parquet_rows(path, Title if name == "titles.parquet" else Dialogue, "raise"):
        refuse_batch(rows.batch, name)
