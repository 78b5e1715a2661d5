"""An out-of-domain set: rows of another release, which must share no title with train (paper 5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import dialogue_batches, iter_dialogues, load_titles
from mmdia.errors import ReleaseError
from mmdia.release.split_choose import by_chance, chances
from mmdia.release.split_facts import TAGS
from mmdia.release.split_options import Overlap
from mmdia.release.split_speakers import folded
from mmdia.schema.dialogue import Dialogue, Source
from mmdia.schema.title import Title


@dataclass(frozen=True, slots=True)
class TitleOverlap:
    """A title of the other release that is also a title here.

    Attributes:
        title_id: Identifier there.
        same_as: Identifier here, or the name of the series.
        by: What is the same: title_id, imdb_id, name_and_year, series.
        in_train: Whether train has dialogues of it.
        dialogues: Dialogues of it that would be brought in.
    """

    title_id: str
    same_as: str
    by: str
    in_train: bool
    dialogues: int

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "title_id": self.title_id,
            "same_as": self.same_as,
            "by": self.by,
            "in_train": self.in_train,
            "dialogues": self.dialogues,
        }


@dataclass(slots=True)
class OodPlan:
    """What is brought in from another release.

    Attributes:
        handle: The other release.
        ids: Identifiers of its dialogues to bring.
        titles: Titles to add.
        overlaps: Titles that both have.
        dropped: Dialogues that stay behind because of an overlap.
        clashes: Dialogues that stay behind because their identifier is taken.
    """

    handle: ReleaseHandle
    ids: frozenset[str] = frozenset()
    titles: list[Title] = field(default_factory=list)
    overlaps: tuple[TitleOverlap, ...] = ()
    dropped: int = 0
    clashes: int = 0

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "release": f"{self.handle.head.name} {self.handle.head.version}",
            "dialogues": len(self.ids),
            "titles_added": len(self.titles),
            "dropped_for_overlap": self.dropped,
            "dropped_for_taken_id": self.clashes,
            "overlaps": [overlap.to_row() for overlap in self.overlaps],
        }


def plan_ood(
    handle: ReleaseHandle,
    titles: Sequence[Title],
    train_titles: frozenset[str],
    taken: Iterable[str],
    *,
    size: int | None = None,
    seed: int = 0,
    overlap: Overlap = "refuse",
) -> OodPlan:
    """Choose what to bring in from another release.

    Args:
        handle: The other release; its withdrawn rows do not count.
        titles: Titles here.
        train_titles: Those of them that train has dialogues of.
        taken: Identifiers of the dialogues here.
        size: How many dialogues to bring at most, chosen by chance; None for all.
        seed: Decides the choice.
        overlap: What to do with titles of train: refuse the whole, drop their rows, or only report.

    Raises:
        ReleaseError: A title of train or an identifier is in both, and that is to be refused.
    """
    theirs = load_titles(handle)
    counts: dict[str | None, int] = {}
    rows: list[tuple[str, str | None]] = []
    for batch in dialogue_batches(handle):
        for row in zip(
            batch.column("dialogue_id").to_pylist(), batch.column("title_id").to_pylist(), strict=True
        ):
            rows.append(row)
            counts[row[1]] = counts.get(row[1], 0) + 1
    met = tuple(_overlaps(theirs, titles, train_titles, counts))
    in_train = frozenset(o.title_id for o in met if o.in_train)
    if in_train and overlap == "refuse":
        raise _refusal(met)
    plan = OodPlan(handle, overlaps=met)
    if overlap != "report":
        plan.dropped = sum(counts[title] for title in in_train)
        rows = [row for row in rows if row[1] not in in_train]
    mine = set(taken)
    clashing = [row for row in rows if row[0] in mine]
    if clashing and overlap == "refuse":
        raise ReleaseError(
            "both releases have a dialogue of this identifier", path=handle.path, got=repr(clashing[0][0]),
            hint=f"{len(clashing)} in all; --ood-overlap drop leaves them behind.",
        )  # fmt: skip
    plan.clashes = len(clashing)
    rows = [row for row in rows if row[0] not in mine]
    if size is not None and size < len(rows):
        names = [row[0] for row in rows]
        rows = [rows[i] for i in by_chance(chances(seed, names), names)[:size]]
    plan.ids = frozenset(row[0] for row in rows)
    here = {title.title_id for title in titles}
    wanted = {row[1] for row in rows} - here
    plan.titles = [title for name, title in theirs.items() if name in wanted]
    return plan


def _refusal(met: Sequence[TitleOverlap]) -> ReleaseError:
    bad = [o for o in met if o.in_train]
    first = bad[0]
    return ReleaseError(
        "the out-of-domain release shares titles with train",
        expected="titles that train has no dialogue of",
        got=f"{len(bad)} shared, such as {first.title_id!r} (same {first.by} as {first.same_as!r})",
        hint="Use --ood-overlap drop to leave their rows behind, or --ood-overlap report to keep them.",
    )


def _overlaps(
    theirs: dict[str, Title], titles: Sequence[Title], train: frozenset[str], counts: dict[str | None, int]
) -> Iterator[TitleOverlap]:
    here: dict[tuple[str, str], str] = {}
    series_in_train: set[str] = set()
    for title in sorted(titles, key=lambda t: (t.title_id not in train, t.title_id)):
        for key in _keys(title):
            here.setdefault(key, title.title_id)
        if title.title_id in train and title.series:
            series_in_train.add(folded(title.series))
    for name in sorted(theirs):
        if not counts.get(name):
            continue
        title = theirs[name]
        met = []
        for key in _keys(title):
            if key in here:
                series = key[0] == "series"
                same = title.series or name if series else here[key]
                in_train = key[1] in series_in_train if series else here[key] in train
                met.append(TitleOverlap(name, same, key[0], in_train, counts[name]))
        if met:
            yield next((o for o in met if o.in_train), met[0])


def _keys(title: Title) -> Iterator[tuple[str, str]]:
    """What tells that two titles are the same film, or of the same series; the surest first."""
    yield "title_id", title.title_id
    if title.imdb_id:
        yield "imdb_id", title.imdb_id
    if title.name and title.year is not None and not title.series:
        yield "name_and_year", f"{folded(title.name)} {title.year}"
    if title.series:
        yield "series", folded(title.series)


def ood_dialogues(plan: OodPlan) -> Iterator[Dialogue]:
    """The dialogues to bring in, as they will be written: tag ood, no split, their source named."""
    head = plan.handle.head
    for dialogue in iter_dialogues(plan.handle):
        if dialogue.dialogue_id in plan.ids:
            strays = tuple(tag for tag in dialogue.subsets if tag not in TAGS)
            source = dialogue.source or Source(
                dataset=f"{head.name} {head.version}", id=dialogue.dialogue_id
            )
            yield dialogue.model_copy(
                update={"split": None, "subsets": (*strays, "ood"), "control_set": None, "source": source}
            )
