"""What a paper says of the clips it used: release, coverage, and a digest that others can compare."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import mmdia
from mmdia.corpus.coverage import Share, cover
from mmdia.corpus.receipt_diff import (
    picture_identity,
    sound_identity,
    still_identities,
    turn_clip_identities,
)
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.receipt import Receipt
from mmdia.schema.release import Release, ReleaseSource

CITE_SCHEMA = "mmdia.cite/1"

#: The paper whose data set and measures this software follows.
PAPER = """\
@inproceedings{mmdia2026paper,
  title     = {From Natural Alignment to Conditional Controllability in Multimodal Dialogue},
  booktitle = {International Conference on Learning Representations (ICLR)},
  year      = {2026}
}"""


def receipt_digest(receipts: Iterable[Receipt]) -> str:
    """Identity of the clips that a rebuild made, 64 hexadecimal digits.

    It covers, for every built dialogue, its id and the content of samples, frames and stills. It
    does not change with the order of rows, names and places of files, layout, packing, wall time,
    or dialogues that were not built. Two rebuilds with one digest hold the same clips.
    """
    lines = sorted(json.dumps(_identity(r), ensure_ascii=False) for r in receipts if r.status == "built")
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8") + b"\n")
    return digest.hexdigest()


def _identity(receipt: Receipt) -> list[Any]:
    return [
        receipt.dialogue_id,
        sound_identity(receipt.audio),
        picture_identity(receipt.video),
        still_identities(receipt),
        turn_clip_identities(receipt),
    ]


def citation(
    head: Release, dialogues: Iterable[Dialogue], receipts: Mapping[str, Receipt] | None
) -> dict[str, Any]:
    """The document of ``mmdia cite --json`` (schema ``mmdia.cite/1``).

    Args:
        head: The release.
        dialogues: Its dialogues.
        receipts: Receipts of a rebuild by dialogue; None when there is none.
    """
    return {
        "schema": CITE_SCHEMA,
        "release": {"name": head.name, "version": head.version, "license": head.license},
        "mmdia_version": mmdia.__version__,
        "coverage": None
        if receipts is None
        else {n: p.to_row() for n, p in _coverage(dialogues, receipts)},
        "clips": None if receipts is None else sum(r.status == "built" for r in receipts.values()),
        "receipt_digest": None if receipts is None else receipt_digest(receipts.values()),
        "bibtex": bibtex(head),
    }


def _coverage(
    dialogues: Iterable[Dialogue], receipts: Mapping[str, Receipt]
) -> Iterable[tuple[str, Share]]:
    built = {i for i, receipt in receipts.items() if receipt.status == "built"}
    return cover(dialogues, built.__contains__).items()


def bibtex(head: Release) -> list[str]:
    """Entries for the paper, this software, the release, and each of its sources."""
    year = (head.created or "")[:4]
    release = _entry(
        "misc",
        _key(head.name, year),
        {
            "title": f"{head.name}, annotation release {head.version}",
            "year": year,
            "note": f"Licence: {head.license}" if head.license else "",
        },
    )
    software = _entry(
        "software", "mmdia", {"title": "mmdia", "version": mmdia.__version__, "license": "Apache-2.0"}
    )
    return [PAPER, software, release, *(_source(s, k) for k, s in enumerate(head.sources, 1))]


def _source(source: ReleaseSource, number: int) -> str:
    said = (source.citation or "").strip()
    if said.startswith("@"):
        return said
    title = source.name or said or source.url or f"source {number}"
    fields = {
        "title": title,
        "howpublished": rf"\url{{{source.url}}}" if source.url else "",
        "note": ". ".join(filter(None, [said, f"Licence: {source.license}" if source.license else ""])),
    }
    return _entry("misc", _key(source.name or f"source{number}", ""), fields, keep=("howpublished",))


def _entry(kind: str, key: str, fields: Mapping[str, str], keep: Iterable[str] = ()) -> str:
    plain = frozenset(keep)
    given = {name: text if name in plain else _escaped(text) for name, text in fields.items() if text}
    width = max(map(len, given))
    lines = [f"  {name:<{width}} = {{{text}}}" for name, text in given.items()]
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}"


def _escaped(text: str) -> str:
    """Text for a BibTeX field: what LaTeX takes for itself is escaped, braces go."""
    return re.sub(r"([&%$#_])", r"\\\1", re.sub(r"[{}\\]", "", text))


def _key(name: str, year: str) -> str:
    return (re.sub(r"[^a-z0-9]+", "", name.lower())[:24] or "release") + year
