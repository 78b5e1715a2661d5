"""Parquet shards as a file system of `fsspec`: ``mmdia-parquet://ROW/MEMBER::SHARD``.

With it the references of ``--layout parquet`` open wherever those of tar shards do, such as in
`datasets` when a column is cast to a decoding feature. Named as an entry point of `fsspec`.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

from fsspec.spec import AbstractFileSystem

from mmdia.store.parquet_shards import read_row


class ParquetFiles(AbstractFileSystem):  # type: ignore[misc]
    """Files of one Parquet shard, to be read.

    Args:
        fo: The shard, a local path.
        options: Other arguments of `fsspec`.
    """

    protocol = "mmdia-parquet"
    root_marker = ""

    def __init__(self, fo: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._shard = Path(str(fo))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        """Bytes of a file.

        Raises:
            MediaNotFound: There is no such file.
            MediaUnreadable: The shard is damaged.
        """
        number, _slash, member = str(self._strip_protocol(path)).partition("/")
        return read_row(self._shard, int(number), member)[start:end]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name and size of a file."""
        return {"name": self._strip_protocol(path), "size": len(self.cat_file(path)), "type": "file"}

    def _open(self, path: str, mode: str = "rb", **_: Any) -> IO[bytes]:
        return io.BytesIO(self.cat_file(path))
