"""``load_dataset("mmdia")``: the release, and the clips of a rebuild, as a Hugging Face dataset.

`datasets` patches `open`, `os.path` and `Path` in the module of a builder, so nothing here touches
files: that is `mmdia.corpus`. Tables are written as Arrow, row by row encoding would import torch
for every path of an audio file.

A table that is prepared opens without the records (and pydantic), whose import would take several
times as long as all the rest: what reads rows is imported where rows are read.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import datasets
from datasets.builder import Key

from mmdia import __version__
from mmdia.corpus.layout import AXIS, UNSPLIT, TableName, Words, chosen, layout, vocabulary_or_default
from mmdia.errors import BrokenRow, ReleaseError, UsageError
from mmdia.schema.vocab import Vocabulary

if TYPE_CHECKING:
    from mmdia.corpus.locate import ReleaseHandle

NAME = "mmdia"
VERSION = datasets.Version("1.0.0")
TAGS = ("bench", "hard", "ood", "task2", "task3")
TITLES = "titles"
# `datasets` would put its readers of remote files into this module, which reads none, and import
# scipy to do so. Where this is set it takes that for done.
_patched_for_streaming = True
OnBroken = Literal["raise", "skip"]
_MEDIA = {"audio": datasets.Audio, "video": datasets.Video, "image": datasets.Image}
#: What a rebuild adds, in the words of `mmdia.corpus.layout`; the values are paths.
CLIP_COLUMNS: dict[str, Words] = {
    "audio": "audio",
    "video": "video",
    "keyframes": ["image"],
    "clip": {
        "status": "string",
        "reasons": ["string"],
        **dict.fromkeys(("media_start", "media_end", "lead_in", "scale", "confidence"), "float64"),
    },
    "clip_turns": [dict.fromkeys(("start", "end", "end_extended"), "float64")],
    "turn_clips": [
        {"turns": ["int64"], "start": "float64", "end": "float64", "audio": "audio", "video": "video"}
    ],
    "quality": [{"name": "string", "value": "float64"}],
    "speech": {"score": "float64", "n_words": "int64", "engine": "string"},
}


@dataclass
class MMDiaConfig(datasets.BuilderConfig):  # type: ignore[misc]
    """What to load.

    Attributes:
        annotations: Folder of the release; null means ``$MMDIA_ANNOTATIONS``, the installed
            release, or the bundled demo.
        on_broken: ``raise`` at a row that cannot be read, or ``skip`` it, counted.
        columns: Only these columns; null means all.
    """

    annotations: str | None = None
    on_broken: OnBroken = "raise"
    columns: list[str] | None = None


class MMDia(datasets.ArrowBasedBuilder):  # type: ignore[misc]
    """Builder of the dataset ``mmdia``.

    Configurations: ``default`` (splits train, validation, test; the one split ``unsplit`` where no
    row has one of them), ``unsplit`` (the rows without a split), ``bench``, ``hard``, ``ood``,
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
        columns: See `load_dataset`.
        kwargs: Other arguments of `datasets.DatasetBuilder`.

    Raises:
        UsageError: An argument has no meaning here.
        ReleaseNotFound: There is no release, or no receipt, where the arguments point.
    """

    VERSION = VERSION
    BUILDER_CONFIG_CLASS = MMDiaConfig
    BUILDER_CONFIGS: ClassVar[list[MMDiaConfig]] = [
        MMDiaConfig(name=name, version=VERSION) for name in ("default", UNSPLIT, *TAGS, TITLES)
    ]
    DEFAULT_CONFIG_NAME = "default"
    # Columns of media hold paths here, so the small batches that `datasets` takes for them are waste.
    DEFAULT_WRITER_BATCH_SIZE = 1000
    _handle: ReleaseHandle | None = None
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
        columns: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        from mmdia.corpus.glance import facts_of, glance_at_release
        from mmdia.corpus.locate import folder_content_id, locate_release, release_place

        if data_files is not None:
            hint = "Name the release: annotations=..., and the rebuild: data_dir=..."
            raise UsageError("data_files is not used by mmdia", got=repr(data_files), hint=hint)
        if on_broken not in ("raise", "skip"):
            raise UsageError("on_broken has no such value", expected="raise | skip", got=repr(on_broken))
        place, route = release_place(_absolute(annotations))
        facts = glance_at_release(place)
        if facts is None:
            self._handle, route = locate_release(_absolute(annotations))
            facts = facts_of(self._handle)
        self._facts = facts
        self._receipt = None
        if data_dir is not None:
            from mmdia.corpus.clips import check_origin, open_clips

            clips = open_clips(data_dir)
            check_origin(data_dir, facts, clips)
            self._receipt = clips.identity
        # Only what differs from the default may reach the configuration: it names the cache folder.
        given: dict[str, Any] = {"annotations": _absolute(annotations), "data_dir": _absolute(data_dir)}
        given["on_broken"] = None if on_broken == "raise" else on_broken
        given["columns"] = columns if columns is None or isinstance(columns, str) else list(columns)
        kwargs |= {key: value for key, value in given.items() if value is not None}
        if hash is None:
            hash = _identity(folder_content_id(facts.path), self._receipt, facts.vocab)
        super().__init__(cache_dir, dataset_name or NAME, config_name, hash, **kwargs)
        if self.info is self._own_info:
            # Nothing is prepared of this content: a head that cannot be used is refused here.
            self._opened()
        if route == "demo":
            warnings.warn(_demo_warning(), UserWarning, stacklevel=2)

    def _opened(self) -> ReleaseHandle:
        """The release, with its head checked."""
        from mmdia.corpus.locate import open_release

        if self._handle is None:
            self._handle = open_release(self._facts.path)
        return self._handle

    def _info(self) -> datasets.DatasetInfo:
        facts = self._facts
        table: TableName = "titles" if self.config.name == TITLES else "dialogues"
        clips = table == "dialogues" and self._receipt is not None
        self._own_info = datasets.DatasetInfo(
            description=f"Release {facts.name} {facts.version}.",
            features=features(table, vocab=facts.vocab, clips=clips, columns=self.config.columns),
            license=facts.license or "",
            citation="\n".join(facts.citations),
        )
        return self._own_info

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        # A stream checks rows as they come; a table that is prepared is checked whole, once.
        lazy = bool(getattr(dl_manager, "is_streaming", False))
        try:
            found, has = self._find_splits(lazy)
        except BrokenRow as error:
            raise self._with_cure(error) from None
        if not found:
            raise ReleaseError(
                f"the release has no rows for the configuration {self.config.name!r}",
                path=self._facts.path,
                got=", ".join(f"{name} ({n})" for name, n in has.items()) or "nothing",
                hint="Splits and tags are given by: mmdia release split",
            )
        return [
            datasets.SplitGenerator(name=name, gen_kwargs={**kwargs, "lazy": lazy})
            for name, kwargs in found.items()
        ]

    def _find_splits(self, lazy: bool) -> tuple[dict[str, dict[str, Any]], Counter[str]]:
        """Splits that have rows, with what `_generate_tables` needs; and all rows by split and tag."""
        from mmdia.corpus.check import survey_release, survey_titles
        from mmdia.corpus.shards import survey
        from mmdia.schema.dialogue import SPLITS

        skip = self.config.on_broken == "skip"
        if self.config.name == TITLES:
            count = survey_titles(self._opened(), skip_broken=skip)
            return ({"all": {"shards": [TITLES]}} if count else {}), Counter()
        if lazy:
            seen = survey(self._opened(), on_broken=_leave_to_reader if skip else "raise")
        else:
            seen = survey_release(self._opened(), skip_broken=skip, rows=self._rows)
        has = sum([*seen.splits, *seen.tags], Counter[str]())
        if self.config.name in ("default", UNSPLIT):
            own = any(has[split] for split in SPLITS) and self.config.name == "default"
            wanted = {split: {"split": split} for split in (SPLITS if own else [UNSPLIT])}
        else:
            wanted = {"test": {"tag": self.config.name}}
        pieces = {name: seen.holding(**choice) for name, choice in wanted.items()}
        return {name: {"shards": pieces[name], **wanted[name]} for name in wanted if pieces[name]}, has

    def _is_local(self) -> bool:
        return not datasets.filesystems.is_remote_filesystem(self._fs)

    def _with_cure(self, error: BrokenRow) -> BrokenRow:
        error.hint = (
            f"See all of them: mmdia release validate {self._facts.path}; "
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
        from mmdia.corpus.columns import pick
        from mmdia.corpus.tables import RowSource

        schema, columns = self.info.features.arrow_schema, self.config.columns
        wants_clips = not CLIP_COLUMNS.keys().isdisjoint(schema.names)
        source = RowSource(
            self._opened(),
            rebuild=(self.config.data_dir, self._receipt) if self._receipt and wants_clips else None,
            skip_broken=self.config.on_broken == "skip",
            columns=columns and chosen(layout("dialogues") | CLIP_COLUMNS, columns),
        )
        try:
            number = 0
            for shard in shards:
                dialogues = shard != TITLES
                tables = source.dialogues(shard, split=split, tag=tag) if dialogues else source.titles()
                part = -1
                for part, table in enumerate(
                    tables if columns is None else (pick(t, schema) for t in tables)
                ):
                    yield Key(number, part), datasets.table.table_cast(table, schema)
                # Older versions of `datasets` fail at a number that was left out, so pieces whose
                # rows were all broken or withdrawn get none.
                number += part >= 0
        except BrokenRow as error:
            raise self._with_cure(error) from None
        if lazy and source.broken:
            warn_of_broken(self._opened(), source.broken)


def load_dataset(
    name: str | None = None,
    *,
    split: Any = None,
    annotations: Any = None,
    data_dir: Any = None,
    streaming: bool = False,
    num_proc: int | None = None,
    on_broken: OnBroken = "raise",
    columns: Sequence[str] | None = None,
    cache_dir: str | None = None,
) -> Any:
    """Load the dataset; the same as ``datasets.load_dataset("mmdia", ...)``, without its hook.

    Args:
        name: The configuration: default, unsplit, bench, hard, ood, task2, task3, or titles.
        split: One split, a slice such as ``train[:10%]``, or null for all splits.
        annotations: Folder of the release; null means ``$MMDIA_ANNOTATIONS``, the installed
            release, or the bundled demo.
        data_dir: Output folder of ``mmdia rebuild``, for the columns of clips.
        streaming: Read rows as they are asked for; prepare nothing.
        num_proc: Processes that prepare the tables.
        on_broken: ``raise`` at a row that cannot be read, or ``skip`` it.
        columns: Only these columns, at any depth: ``["dialogue_id", "turns.text"]``. A stream reads
            no others, and so does not see what is wrong in them.
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
        columns=columns,
    )
    if streaming:
        return builder.as_streaming_dataset(split=split)
    builder.download_and_prepare(num_proc=num_proc)
    return builder.as_dataset(split=split)


def features(
    table: TableName, *, vocab: str | None = None, clips: bool = False, columns: Sequence[str] | None = None
) -> datasets.Features:
    """The features of a table: categories as `ClassLabel` (null where unknown), the rest as it is.

    Args:
        table: "dialogues" or "titles".
        vocab: Name of the vocabulary.
        clips: Add the columns of a rebuild. Media is never decoded: its values are paths, or
            references into shards, which `mmdia.train.read_media` reads.
        columns: Only these; null means all.

    """
    whole = layout(table) | (CLIP_COLUMNS if clips else {})
    words = vocabulary_or_default(vocab)
    wanted = whole if columns is None else chosen(whole, columns)
    return datasets.Features({name: _feature(column, words) for name, column in wanted.items()})


def _feature(column: Words, words: Vocabulary) -> Any:
    if isinstance(column, dict):
        return {name: _feature(child, words) for name, child in column.items()}
    if isinstance(column, list):
        return datasets.List(_feature(column[0], words))
    if column.startswith(AXIS):
        return datasets.ClassLabel(names=list(words.names(column.removeprefix(AXIS))))
    if column in _MEDIA:
        return _MEDIA[column](decode=False)
    return datasets.Value(column)


def _leave_to_reader(_: BrokenRow) -> None:
    """The stream meets the row again, and tells of it."""


def _absolute(path: Any) -> str | None:
    from pathlib import Path  # here, where `datasets` does not patch it

    return None if path is None else str(Path(path).expanduser().absolute())


def _identity(release: str, receipt: str | None, vocab: str | None) -> str:
    """Identity of the prepared tables: content, the columns it is put into, and who prepares them."""
    words = vocabulary_or_default(vocab)
    axes = [words.names("relationship"), words.names("interaction")]
    columns = [layout("dialogues"), layout("titles"), CLIP_COLUMNS, *axes]
    text = "\n".join([str(VERSION), __version__, release, receipt or "", *map(repr, columns)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _demo_warning() -> str:
    return (
        "No release of annotations is installed: this is the bundled demo, one short synthetic film. "
        "Install a release (mmdia release install) or name one: annotations=... or $MMDIA_ANNOTATIONS."
    )
