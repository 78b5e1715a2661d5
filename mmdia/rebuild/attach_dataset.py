"""A dataset with media: what its columns allow, and a word for what a transform cannot do.

Media is added by a transform, which `datasets` drops or stumbles over: a format takes its place in
silence, its column has no name, and it cannot be saved. Here each of these works or says why not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import datasets

from mmdia.errors import UsageError
from mmdia.rebuild.attach_view import MediaTransform

#: What gives other rows of the same dataset: these carry the media along.
_SAME_ROWS = ("select", "shuffle", "sort", "filter", "map", "shard", "take", "skip", "flatten_indices")


class MediaColumn(Sequence[Any]):
    """A column that is made as rows are read."""

    def __init__(self, rows: datasets.Dataset, name: str) -> None:
        self._rows, self._name = rows, name

    def __getitem__(self, key: Any) -> Any:
        """What one row holds, or a list of what several hold."""
        return self._rows[key][self._name]

    def __iter__(self) -> Iterator[Any]:
        return (row[self._name] for row in self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class AttachedDataset(datasets.Dataset):  # type: ignore[misc]
    """A `datasets.Dataset` whose rows have media; ``with_format(None)`` is the one without."""

    @classmethod
    def of(cls, rows: datasets.Dataset) -> datasets.Dataset:
        """The same rows, as this class where they have media."""
        if type(rows) is datasets.Dataset and _attached(rows) is not None:
            rows.__class__ = cls
        return rows

    def __getitem__(self, key: Any) -> Any:
        """As `datasets` does; a column of media by its name as well."""
        if isinstance(key, str) and key in _media_columns(self):
            return MediaColumn(self, key)
        return super().__getitem__(key)

    def set_format(self, type: str | None = None, *args: Any, **kwargs: Any) -> None:
        """As `datasets` does, but no format takes the place of media unasked.

        Raises:
            UsageError: The rows have media, and the format would drop it.
        """
        stays = isinstance(kwargs.get("transform"), MediaTransform)
        # Arrow is what `datasets` itself asks for on its way, to map, filter and write.
        if _attached(self) is not None and not stays and type not in (None, "arrow"):
            raise UsageError(
                "this format would take the place of the media", got=type,
                hint="Make tensors in your collate_fn; transforms are set before media is attached; "
                "ds.with_format(None) is the dataset without media.",
            )  # fmt: skip
        super().set_format(type, *args, **kwargs)

    def save_to_disk(self, *args: Any, **kwargs: Any) -> None:
        """As `datasets` does, for rows without media.

        Raises:
            UsageError: The rows have media.
        """
        if _attached(self) is not None:
            raise UsageError(
                "media is made as rows are read and is not saved",
                hint="ds.with_format(None).save_to_disk(...), and attach_media again after loading.",
            )
        super().save_to_disk(*args, **kwargs)

    def to_iterable_dataset(self, num_shards: int | None = 1) -> Any:
        """As `datasets` does; the media is in its rows too."""
        attached = _attached(self)
        if attached is None:
            return super().to_iterable_dataset(num_shards)
        return attached.stream(self.with_format(None).to_iterable_dataset(num_shards))


def _attached(rows: datasets.Dataset) -> MediaTransform | None:
    found = (rows.format["format_kwargs"] or {}).get("transform")
    return found if isinstance(found, MediaTransform) else None


def _media_columns(rows: datasets.Dataset) -> set[str]:
    names: set[str] = set()
    step: Any = _attached(rows)
    while isinstance(step, MediaTransform):
        names |= {step.column, f"{step.column}_reasons"}
        step = step.before
    return names


def _carrying(name: str) -> Any:
    plain = getattr(datasets.Dataset, name)

    def method(self: AttachedDataset, *args: Any, **kwargs: Any) -> Any:
        return AttachedDataset.of(plain(self, *args, **kwargs))

    method.__name__, method.__doc__ = name, plain.__doc__
    return method


for _name in _SAME_ROWS:
    setattr(AttachedDataset, _name, _carrying(_name))
