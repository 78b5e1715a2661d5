"""``load_dataset("mmdia")``: the release, and the clips of a rebuild, as a Hugging Face dataset.

`datasets` patches `open`, `os.path` and `Path` in the module of a builder, so nothing here touches
files: that is `mmdia.corpus`. Tables are written as Arrow, row by row encoding would import torch
for every path of an audio file.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import datasets
from datasets.builder import Key

from mmdia.errors import BrokenRow, ReleaseError, UsageError
from mmdia.schema.dialogue import SPLITS, Dialogue
from mmdia.schema.fields import FieldInfo, field_table
from mmdia.schema.title import Title
from mmdia.schema.vocab import Vocabulary

NAME = "mmdia"
VERSION = datasets.Version("1.0.0")
TAGS = ("bench", "hard", "ood", "task2", "task3")
TITLES = "titles"
_SCALARS = {"string": "string", "int": "int64", "float": "float64", "bool": "bool"}
OnBroken = Literal["raise", "skip"]


@dataclass
class MMDiaConfig(datasets.BuilderConfig):  # type: ignore[misc]
    """What to load.

    Attributes:
        annotations: Folder of the release; null means ``$MMDIA_ANNOTATIONS``, the installed
            release, or the bundled demo.
        on_broken: ``raise`` at a row that cannot be read, or ``skip`` it, counted.
    """

    annotations: str | None = None
    on_broken: OnBroken = "raise"


class MMDia(datasets.ArrowBasedBuilder):  # type: ignore[misc]
    """Builder of the dataset ``mmdia``.

    Configurations: ``default`` (splits train, validation, test), ``bench``, ``hard``, ``ood``,
    ``task2``, ``task3`` (one split ``test`` each: the dialogues with that tag), ``titles`` (one
    split ``all``). Splits without rows are left out.

    Args:
        cache_dir: Where prepared tables are kept.
        dataset_name: Name in the cache.
        config_name: The configuration.
        hash: Identity of the content; made of the release and the receipt when not given.
        annotations: Folder of the release (see `MMDiaConfig`).
        data_dir: Output folder of ``mmdia rebuild``, in any layout; adds the columns ``audio``,
            ``video``, ``keyframes``, ``clip``, ``clip_turns``, ``turn_clips``, ``quality`` and
            ``speech``.
        data_files: Not used.
        on_broken: ``raise`` or ``skip``.
        kwargs: Other arguments of `datasets.DatasetBuilder`.

    Raises:
        UsageError: An argument has no meaning here.
        ReleaseNotFound: There is no release, or no receipt, where the arguments point.
    """

    VERSION = VERSION
    BUILDER_CONFIG_CLASS = MMDiaConfig
    BUILDER_CONFIGS: ClassVar[list[MMDiaConfig]] = [
        MMDiaConfig(name=name, version=VERSION) for name in ("default", *TAGS, TITLES)
    ]
    DEFAULT_CONFIG_NAME = "default"
    # Columns of media hold paths here, so the small batches that `datasets` takes for them are waste.
    DEFAULT_WRITER_BATCH_SIZE = 1000
    _rows: Any = None

    def __init__(
        self,
        cache_dir: str | None = None,
        dataset_name: str | None = None,
        config_name: str | None = None,
        hash: str | None = None,
        *,
        annotations: Any = None,
        data_dir: Any = None,
        data_files: Any = None,
        on_broken: OnBroken = "raise",
        **kwargs: Any,
    ) -> None:
        from mmdia.corpus.clips import check_origin, open_clips
        from mmdia.corpus.locate import content_id, locate_release

        if data_files is not None:
            hint = "Name the release: annotations=..., and the rebuild: data_dir=..."
            raise UsageError("data_files is not used by mmdia", got=repr(data_files), hint=hint)
        if on_broken not in ("raise", "skip"):
            raise UsageError("on_broken has no such value", expected="raise | skip", got=repr(on_broken))
        handle, route = locate_release(_absolute(annotations))
        self._handle = handle
        self._receipt = None
        if data_dir is not None:
            clips = open_clips(data_dir)
            check_origin(data_dir, handle.head, clips)
            self._receipt = clips.identity
        # Only what differs from the default may reach the configuration: it names the cache folder.
        given = {"annotations": _absolute(annotations), "data_dir": _absolute(data_dir)}
        given["on_broken"] = None if on_broken == "raise" else on_broken
        kwargs |= {key: value for key, value in given.items() if value is not None}
        if hash is None:
            hash = _identity(content_id(handle), self._receipt, handle.head.vocab)
        super().__init__(cache_dir, dataset_name or NAME, config_name, hash, **kwargs)
        if route == "demo":
            warnings.warn(_demo_warning(), UserWarning, stacklevel=2)

    def _info(self) -> datasets.DatasetInfo:
        head = self._handle.head
        model = Title if self.config.name == TITLES else Dialogue
        return datasets.DatasetInfo(
            description=f"Release {head.name} {head.version}.",
            features=features(
                model, vocab=head.vocab, clips=model is Dialogue and self._receipt is not None
            ),
            license=head.license or "",
            citation="\n".join(source.citation for source in head.sources if source.citation),
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        # A stream checks rows as they come; a table that is prepared is checked whole, once.
        lazy = bool(getattr(dl_manager, "is_streaming", False))
        try:
            found, tags = self._find_splits(lazy)
        except BrokenRow as error:
            raise self._with_cure(error) from None
        if not found:
            raise ReleaseError(
                f"the release has no rows for the configuration {self.config.name!r}",
                path=self._handle.path,
                got=f"tags: {', '.join(tags) or 'none'}",
            )
        return [
            datasets.SplitGenerator(name=name, gen_kwargs={**kwargs, "lazy": lazy})
            for name, kwargs in found.items()
        ]

    def _find_splits(self, lazy: bool) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """Splits that have rows, with what `_generate_tables` needs; and the tags of the release."""
        from mmdia.corpus.check import survey_release, survey_titles
        from mmdia.corpus.shards import survey

        skip = self.config.on_broken == "skip"
        if self.config.name == TITLES:
            count = survey_titles(self._handle, skip_broken=skip)
            return ({"all": {"shards": [TITLES]}} if count else {}), []
        if lazy:
            seen = survey(self._handle, on_broken=_leave_to_reader if skip else "raise")
        else:
            seen = survey_release(self._handle, skip_broken=skip, rows=self._rows)
        tags = sorted({tag for counts in seen.tags for tag in counts})
        if self.config.name == "default":
            wanted = {split: {"split": split} for split in SPLITS}
        else:
            wanted = {"test": {"tag": self.config.name}}
        pieces = {name: seen.holding(**choice) for name, choice in wanted.items()}
        return {name: {"shards": pieces[name], **wanted[name]} for name in wanted if pieces[name]}, tags

    def _is_local(self) -> bool:
        return not datasets.filesystems.is_remote_filesystem(self._fs)

    def _with_cure(self, error: BrokenRow) -> BrokenRow:
        error.hint = (
            f"See all of them: mmdia release validate {self._handle.path}; "
            'or go on without such rows: on_broken="skip"'
        )
        return error

    def _download_and_prepare(self, dl_manager: Any, verification_mode: Any, **options: Any) -> None:
        from mmdia.corpus.prepare import rows_folder

        if self.config.name != TITLES:
            # Rows are parsed once, into this folder, and read from it for every split.
            with rows_folder(self._output_dir if self._is_local() else None) as self._rows:
                super()._download_and_prepare(dl_manager, verification_mode, **options)
            self._rows = None
            return
        # There, a split named "all" is refused, since it is the word for the union of all splits.
        # Where it is the only split, both are the same.
        splits = datasets.SplitDict(dataset_name=self.dataset_name)
        for generator in self._split_generators(dl_manager):
            splits.add(generator.split_info)
            self._prepare_split(generator, **options)
        self.info.splits = splits
        self.info.download_size = dl_manager.downloaded_size

    def _generate_more_gen_kwargs(
        self, shards: list[Any], split: str | None = None, tag: str | None = None, lazy: bool = False
    ) -> Iterator[dict[str, Any]]:
        """What ``IterableDataset.reshard`` of newer versions of `datasets` asks for."""
        from mmdia.corpus.shards import split_shard

        wanted = {name: value for name, value in (("split", split), ("tag", tag)) if value is not None}
        for shard in shards:
            finer = [shard] if shard == TITLES else split_shard(shard)
            yield {"shards": finer, **wanted, "lazy": lazy}

    def _generate_tables(
        self, shards: list[Any], split: str | None = None, tag: str | None = None, lazy: bool = False
    ) -> Iterator[tuple[Any, Any]]:
        from mmdia.corpus.check import warn_of_broken
        from mmdia.corpus.tables import RowSource

        source = RowSource(
            self._handle,
            rebuild=None if self._receipt is None else (self.config.data_dir, self._receipt),
            skip_broken=self.config.on_broken == "skip",
        )
        schema = self.info.features.arrow_schema
        try:
            number = 0
            for shard in shards:
                dialogues = shard != TITLES
                tables = source.dialogues(shard, split=split, tag=tag) if dialogues else source.titles()
                part = -1
                for part, table in enumerate(tables):
                    yield Key(number, part), datasets.table.table_cast(table, schema)
                # Older versions of `datasets` fail at a number that was left out, so pieces whose
                # rows were all broken or withdrawn get none.
                number += part >= 0
        except BrokenRow as error:
            raise self._with_cure(error) from None
        if lazy and source.broken:
            warn_of_broken(self._handle, source.broken)


def load_dataset(
    name: str | None = None,
    *,
    split: Any = None,
    annotations: Any = None,
    data_dir: Any = None,
    streaming: bool = False,
    num_proc: int | None = None,
    on_broken: OnBroken = "raise",
    cache_dir: str | None = None,
) -> Any:
    """Load the dataset; the same as ``datasets.load_dataset("mmdia", ...)``, without its hook.

    Args:
        name: The configuration: default, bench, hard, ood, task2, task3, or titles.
        split: One split, a slice such as ``train[:10%]``, or null for all splits.
        annotations: Folder of the release; null means ``$MMDIA_ANNOTATIONS``, the installed
            release, or the bundled demo.
        data_dir: Output folder of ``mmdia rebuild``, for the columns of clips.
        streaming: Read rows as they are asked for; prepare nothing.
        num_proc: Processes that prepare the tables.
        on_broken: ``raise`` at a row that cannot be read, or ``skip`` it.
        cache_dir: Where prepared tables are kept.

    Returns:
        `datasets.Dataset` or `IterableDataset` for one split, a dictionary of them for all.

    Raises:
        ReleaseError: The release cannot be found or read.
        ValueError: There is no such configuration or split.
    """
    builder = MMDia(
        cache_dir=cache_dir,
        config_name=name,
        annotations=annotations,
        data_dir=data_dir,
        on_broken=on_broken,
    )
    if streaming:
        return builder.as_streaming_dataset(split=split)
    builder.download_and_prepare(num_proc=num_proc)
    return builder.as_dataset(split=split)


def features(
    model: type[Dialogue] | type[Title], *, vocab: str | None = None, clips: bool = False
) -> datasets.Features:
    """The features of a record: categories as `ClassLabel` (null where unknown), the rest as it is.

    Args:
        model: The record.
        vocab: Name of the vocabulary.
        clips: Add the columns of a rebuild. Media is never decoded: its values are paths, or
            references into shards, which `mmdia.train.read_media` reads.
    """
    from mmdia.corpus.labels import vocabulary_or_default

    words = vocabulary_or_default(vocab)
    made = {field.name: _feature(field, words) for field in field_table(model)}
    if clips:
        number = datasets.Value("float64")
        made |= {
            "audio": datasets.Audio(decode=False),
            "video": datasets.Video(decode=False),
            "keyframes": datasets.List(datasets.Image(decode=False)),
            "clip": {
                "status": datasets.Value("string"),
                "reasons": datasets.List(datasets.Value("string")),
                **dict.fromkeys(("media_start", "media_end", "lead_in", "scale", "confidence"), number),
            },
            "clip_turns": datasets.List(dict.fromkeys(("start", "end", "end_extended"), number)),
            "turn_clips": datasets.List(
                {
                    "turns": datasets.List(datasets.Value("int64")),
                    "start": number,
                    "end": number,
                    "audio": datasets.Audio(decode=False),
                    "video": datasets.Video(decode=False),
                }
            ),
            "quality": datasets.List({"name": datasets.Value("string"), "value": number}),
            "speech": {
                "score": number,
                "n_words": datasets.Value("int64"),
                "engine": datasets.Value("string"),
            },
        }
    return datasets.Features(made)


def _feature(field: FieldInfo, words: Vocabulary) -> Any:
    if field.axis is not None:
        return datasets.ClassLabel(names=list(words.names(field.axis)))
    if field.kind == "struct":
        return {child.name: _feature(child, words) for child in field.children}
    if field.kind == "list":
        return datasets.List(_feature(field.children[0], words))
    return datasets.Value(_SCALARS[field.kind])


def _leave_to_reader(_: BrokenRow) -> None:
    """The stream meets the row again, and tells of it."""


def _absolute(path: Any) -> str | None:
    from pathlib import Path  # here, where `datasets` does not patch it

    return None if path is None else str(Path(path).expanduser().absolute())


def _identity(release: str, receipt: str | None, vocab: str | None) -> str:
    """Identity of the prepared tables: their content, and the columns it is put into."""
    columns = [str(features(model, vocab=vocab, clips=True)) for model in (Dialogue, Title)]
    text = "\n".join([str(VERSION), release, receipt or "", *columns])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _demo_warning() -> str:
    return (
        "No release of annotations is installed: this is the bundled demo, one short synthetic film. "
        "Install a release (mmdia release install) or name one: annotations=... or $MMDIA_ANNOTATIONS."
    )
