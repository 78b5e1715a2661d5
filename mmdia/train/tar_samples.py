"""Training from tar shards by WebDataset (``mmdia rebuild --layout webdataset``).

Members of a shard: ``TITLE/DIALOGUE.flac``, ``.mp4``, ``.kNNN.jpg`` (the keyframe of turn NNN),
``.tNNN.flac`` and ``.tNNN.mp4`` (sentence clips), and ``.json`` with the dialogue's receipt and
annotation rows. So a WebDataset sample has the keys ``flac``, ``mp4``, ``k000.jpg``, ..., ``json``::

    import webdataset
    from mmdia.train import DialogueCollator, row_of_sample, shard_files

    rows = webdataset.WebDataset(shard_files("out"), shardshuffle=100).map(row_of_sample)
    rows = rows.select(lambda row: row["split"] == "train")
    loader = torch.utils.data.DataLoader(rows, batch_size=8, collate_fn=DialogueCollator())
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdia.errors import MediaNotFound, UsageError


def shard_files(out_dir: str | Path) -> list[str]:
    """Tar shards of a rebuild, in order: those that its manifest names.

    Raises:
        MediaNotFound: There is no manifest, or a rebuild in another layout.
    """
    import pyarrow.parquet as pq

    path = Path(out_dir).expanduser() / "manifest.parquet"
    if not path.is_file():
        raise MediaNotFound("no manifest here", path=path, hint="Run: mmdia rebuild --layout webdataset")
    shards = set(pq.read_table(path, columns=["shard"]).column("shard").to_pylist())
    found = sorted(str(path.parent / s) for s in shards if s is not None and s.endswith(".tar"))
    if not found:
        hint = "Run again, nothing is cut anew: mmdia rebuild --layout webdataset"
        raise MediaNotFound("this rebuild has no tar shards", path=path.parent, hint=hint)
    return found


def row_of_sample(sample: Mapping[str, Any]) -> dict[str, Any]:
    """A WebDataset sample as a row that `DialogueCollator` takes.

    Args:
        sample: Members by ending, as bytes; ``json`` may be parsed already.

    Returns:
        The annotation row, with the columns ``audio``, ``video``, ``keyframes``, ``clip``,
        ``clip_turns``, ``turn_clips``, ``quality`` and ``speech`` as `load_dataset` gives them;
        files come as bytes, categories as words.

    Raises:
        UsageError: The sample is not of such a shard.
    """
    text = sample.get("json")
    try:
        document: Any = json.loads(text) if isinstance(text, (bytes, str)) else text
        receipt, annotation = document["receipt"], document["annotation"] or {}
    except (ValueError, KeyError, TypeError) as error:
        got = f"keys {', '.join(map(str, sample))}"
        raise UsageError(
            "not a sample of a rebuild's shard", expected="json with receipt", got=got
        ) from error

    def media(fact: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if not fact:
            return None
        ending = fact["path"].rpartition("/")[2].partition(".")[2]
        return {"bytes": sample.get(ending), "path": fact["path"]}

    stills = {still["turn"]: media(still) for still in receipt.get("keyframes") or ()}
    turns = receipt.get("turns") or ()
    count = max(len(turns), max(stills, default=-1) + 1)
    clip = {"status": receipt["status"], "reasons": receipt.get("reasons") or []}
    quality = receipt.get("quality") or {}
    return {
        **annotation,
        "dialogue_id": document["dialogue_id"],
        "title_id": document["title_id"],
        "audio": media(receipt.get("audio")),
        "video": media(receipt.get("video")),
        "keyframes": [stills.get(n) for n in range(count)] if stills else None,
        "clip": clip | (receipt.get("clip") or {}),
        "clip_turns": turns,
        "turn_clips": [
            {**part, "audio": media(part.get("audio")), "video": media(part.get("video"))}
            for part in receipt.get("turn_clips") or ()
        ]
        or None,
        "quality": [{"name": n, "value": v} for n, v in sorted(quality.items())] or None,
        "speech": receipt.get("speech"),
    }
