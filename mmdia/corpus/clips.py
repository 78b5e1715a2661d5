"""What a rebuild adds to dialogues: columns of paths and times, taken from its receipt.

They are worked out once and kept as an Arrow file in ``$MMDIA_HOME/cache/clips``, one for each
rebuild folder, which readers map into memory. It is made anew when the receipt has changed, or a
folder of clips has gained or lost files.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
import warnings
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mmdia.corpus.clip_columns import CLIP_SCHEMA
from mmdia.corpus.digests import REST_S
from mmdia.corpus.glance import HeadFacts
from mmdia.corpus.locate import mmdia_home
from mmdia.corpus.receipt_place import folder_stamp, receipt_content_id
from mmdia.errors import ReleaseError
from mmdia.store.atomic import part_path
from mmdia.store.filed import inside

if TYPE_CHECKING:
    from mmdia.schema.release import Release

_FORMAT = "mmdia.clips/1"
_FACTS = b"mmdia"


class Clips:
    """The receipt of a rebuild as columns.

    Args:
        batches: Columns of `CLIP_SCHEMA`, after ``dialogue_id``.
        facts: What is known of them.

    Attributes:
        origins: Releases that the clips were rebuilt from, name and version.
        identity: Identity of the columns' content.
    """

    def __init__(self, batches: list[pa.RecordBatch], facts: dict[str, Any]) -> None:
        self.origins = frozenset(str(origin) for origin in facts["origins"])
        self.identity = str(facts["identity"])
        self.facts = facts
        self._batches = batches
        self._places: dict[str, tuple[int, int]] | None = None
        none = {"clip": {"status": None, "reasons": ["no_receipt"]}}
        self._none = pa.RecordBatch.from_pylist([none], schema=CLIP_SCHEMA)

    def __len__(self) -> int:
        """Rows of the receipt."""
        return sum(batch.num_rows for batch in self._batches)

    def of(self, dialogue_ids: list[str]) -> pa.RecordBatch:
        """The columns for these dialogues, in this order."""
        if self._places is None:
            # Of several rows of a dialogue the last counts.
            self._places = {
                name: (k, i)
                for k, batch in enumerate(self._batches)
                for i, name in enumerate(batch.column(0).to_pylist())
            }
        nowhere = (len(self._batches), 0)
        places = [self._places.get(name, nowhere) for name in dialogue_ids]
        parts, order, base = [], [0] * len(places), 0
        for k in sorted({k for k, _ in places}):
            mine = [n for n, place in enumerate(places) if place[0] == k]
            source = self._batches[k].select(CLIP_SCHEMA.names) if k < len(self._batches) else self._none
            parts.append(source.take(pa.array([places[n][1] for n in mine], pa.int64())))
            for j, n in enumerate(mine):
                order[n] = base + j
            base += len(mine)
        if not parts:
            return self._none.slice(0, 0)
        table = pa.Table.from_batches(parts).combine_chunks()
        whole = table.to_batches()[0]
        return whole if len(parts) == 1 else whole.take(pa.array(order, pa.int64()))


def check_origin(folder: str | Path, head: Release | HeadFacts, clips: Clips | None = None) -> None:
    """Make sure that a rebuild's clips belong to the release whose rows they are joined to.

    Args:
        folder: The output folder of the rebuild.
        head: The release's head, or what a glance told of it.
        clips: Its columns, where they are open already.

    Raises:
        ReleaseError: The clips were rebuilt from a release of another name.

    Warns:
        UserWarning: They were rebuilt from another version of it.
    """
    origins = (open_clips(folder) if clips is None else clips).origins
    wanted = f"{head.name} {head.version}"
    if not origins or wanted in origins:
        return
    if head.name not in {origin.rsplit(" ", 1)[0] for origin in origins}:
        raise ReleaseError(
            "these clips were rebuilt from another release",
            path=folder,
            expected=wanted,
            got=", ".join(sorted(origins)),
            hint="Name the release that they belong to: annotations=...",
        )
    text = f"the clips in {folder} were rebuilt from {', '.join(sorted(origins))}, not from {wanted}"
    warnings.warn(f"{text}; run mmdia rebuild again", UserWarning, stacklevel=4)


def open_clips(folder: str | Path) -> Clips:
    """The columns of a rebuild's output folder, as it is now.

    Raises:
        ReleaseNotFound: The folder holds no receipt.
        ReleaseError: The receipt is of a version we do not know.
        BrokenRow: A row of the receipt cannot be read.
    """
    place = Path(folder).expanduser().absolute()
    content = receipt_content_id(place)
    name = hashlib.blake2b(str(place).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    kept = mmdia_home() / "cache" / "clips" / f"{name}.arrow"
    found = _mapped(kept)
    if found is None or not _is_current(found.facts, content, place):
        found = _make(kept, content, place)
    return found


@lru_cache(maxsize=2)
def load_clips(folder: str, identity: str) -> Clips:
    """The columns of a rebuild's output folder, read once by a process.

    Args:
        folder: The output folder, absolute.
        identity: `Clips.identity`, so that a new rebuild is read anew.
    """
    del identity
    return open_clips(folder)


def _is_current(facts: dict[str, Any], content: str, place: Path) -> bool:
    if facts["content"] != content or facts["folder"] != str(place):
        return False
    if not facts["rested"]:
        return False
    return all(folder_stamp(inside(place, name)) == stamp for name, stamp in facts["stamps"].items())


def _mapped(kept: Path) -> Clips | None:
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(kept)))
        last = reader.num_record_batches - 1
        _, told = reader.get_batch_with_custom_metadata(last)
        facts = json.loads(told[_FACTS])
        if facts["format"] != _FORMAT:
            return None
        return Clips([reader.get_batch(i) for i in range(last)], facts)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None


def _make(kept: Path, content: str, place: Path) -> Clips:
    """Work the columns out, into `kept` where that can be written, else into a temporary file."""
    part = part_path(kept)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        _write(part, content, place)
        os.replace(part, kept)
        found = _mapped(kept)
    except OSError:
        found = None
    finally:
        with suppress(OSError):
            part.unlink()
    if found is not None and found.facts["content"] == content and found.facts["folder"] == str(place):
        return found
    # What is mapped lives on until nobody reads it.
    with tempfile.TemporaryDirectory(prefix="mmdia-", ignore_cleanup_errors=True) as scratch:
        path = Path(scratch) / "clips.arrow"
        _write(path, content, place)
        found = _mapped(path)
    if found is None:
        raise ReleaseError("the columns of the clips cannot be read back", path=place)
    return found


def _write(path: Path, content: str, place: Path) -> None:
    """Write the columns; the last batch is empty and carries what is known of them."""
    # Here, since it needs the records and columns that are kept already do not.
    from mmdia.corpus.receipt_table import Folders, receipt_batches

    begun = time.time()
    folders, origins = Folders(place), set[str]()
    schema = pa.schema([pa.field("dialogue_id", pa.string()), *CLIP_SCHEMA])
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch, found in receipt_batches(place, folders):
            origins |= found
            writer.write_batch(batch)
        facts = {
            "format": _FORMAT,
            "content": content,
            "folder": str(place),
            "identity": f"{content}-{folders.missing.hexdigest()[:16]}",
            "origins": sorted(origins),
            "stamps": folders.stamps,
            "rested": max(folders.stamps.values(), default=0) / 1e9 < begun - REST_S,
        }
        nothing = pa.RecordBatch.from_pylist([], schema=schema)
        writer.write_batch(nothing, custom_metadata={_FACTS: json.dumps(facts).encode("utf-8")})
