"""Read the receipts that a rebuild left."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mmdia.corpus.jsonl import line_blocks
from mmdia.corpus.receipt_place import RECEIPT_FILE, receipt_content_id, receipt_path
from mmdia.errors import ReleaseError
from mmdia.schema.receipt import RECEIPT_SCHEMA, Receipt

__all__ = [
    "RECEIPT_FILE",
    "PlacedReceipt",
    "check_version",
    "merge_receipts",
    "read_receipts",
    "receipt_content_id",
    "receipt_path",
]
#: Statuses that say nothing about the media; any other row of another folder goes before them.
_IDLE = frozenset({"not_selected"})


@dataclass(frozen=True, slots=True)
class PlacedReceipt:
    """A receipt and the folder that its paths are relative to."""

    folder: Path
    receipt: Receipt


def read_receipts(out_dir: str | Path) -> dict[str, Receipt]:
    """Receipts of a rebuild folder by dialogue; of several rows of a dialogue the last counts.

    The receipt is appended to while a rebuild runs, so lines torn by a crash are passed over.

    Raises:
        ReleaseNotFound: The folder holds no receipt.
        ReleaseError: It is of a version we do not know.
        BrokenRow: A whole row is no receipt.
    """
    path = receipt_path(out_dir)
    receipts: dict[str, Receipt] = {}
    for block in line_blocks(path):
        for i, line in enumerate(block.lines):
            row = _whole(line)
            if row is None:
                continue
            check_version(row, block.where(i))
            receipt = Receipt.from_row(row, where=block.where(i))
            # Taken out first, so that the order is that of the rows that count.
            receipts.pop(receipt.dialogue_id, None)
            receipts[receipt.dialogue_id] = receipt
    return receipts


def check_version(row: Mapping[str, object], where: str) -> None:
    """Refuse a row of another version.

    Raises:
        ReleaseError: It is of a version we do not know.
    """
    if row.get("schema", RECEIPT_SCHEMA) != RECEIPT_SCHEMA:
        raise ReleaseError(
            "a receipt of another version", path=where, expected=RECEIPT_SCHEMA,
            got=repr(row["schema"]), hint="Upgrade: pip install --upgrade mmdia",
        )  # fmt: skip


def _whole(line: bytes) -> dict[str, object] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def merge_receipts(out_dirs: Iterable[str | Path]) -> dict[str, PlacedReceipt]:
    """Receipts of several folders (shards of one rebuild, say) as one.

    A built clip goes before every other outcome, and any outcome before ``not_selected``; among
    equals the later folder counts.

    Raises:
        ReleaseNotFound: A folder holds no receipt.
        ReleaseError: A receipt cannot be read.
    """
    merged: dict[str, PlacedReceipt] = {}
    for out_dir in out_dirs:
        folder = Path(out_dir).expanduser()
        for dialogue_id, receipt in read_receipts(folder).items():
            before = merged.get(dialogue_id)
            if before is None or _rank(receipt) >= _rank(before.receipt):
                merged[dialogue_id] = PlacedReceipt(folder, receipt)
    return merged


def _rank(receipt: Receipt) -> int:
    if receipt.status in _IDLE:
        return 0
    return 2 if receipt.status == "built" else 1
