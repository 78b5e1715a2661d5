"""Several releases as one. What they say differently is decided by a rule, counted and named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mmdia.corpus.history import with_step
from mmdia.corpus.locate import ReleaseHandle, release_files
from mmdia.corpus.read import Withdrawals, iter_dialogues, iter_numbered, iter_scenes, iter_titles
from mmdia.corpus.withdrawn import TakenBack
from mmdia.corpus.write import copy_side_files, write_release
from mmdia.errors import ReleaseError, UsageError
from mmdia.release.diff import row_digest
from mmdia.release.merge_titles import TitleClash, united
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.names import safe_name
from mmdia.schema.release import Release, ReleaseSource, Scene, Withdrawal
from mmdia.schema.title import Title

MERGE_SCHEMA = "mmdia.release-merge/1"
#: What to do where two releases hold different rows under one identifier.
Clash = Literal["refuse", "first", "last", "rename"]
CLASHES: tuple[Clash, ...] = ("refuse", "first", "last", "rename")
#: Facts of a title that its annotation timeline stands on: where they differ, times do not fit.
TIMELINE = ("duration_ms", "fps", "edition")
#: Most places that a refusal names.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What `merge` did.

    Attributes:
        path: Folder of the new release.
        name: Its name.
        version: Its version.
        dialogues: Its dialogues.
        titles: Its titles.
        taken: Dialogues that came from each release, in order.
        same: Dialogues that an earlier release held already, equal in every field.
        clashes: Identifiers under which releases hold different dialogues.
        renamed: New identifiers of dialogues, by the old one, where they were renamed.
        title_clashes: Facts of titles that releases state differently.
        scene_clashes: Scenes whose times or source differ; the first is kept.
        split_clashes: Titles that have dialogues in more than one split only now.
        withdrawn: Rows of the united ``withdrawn.jsonl``.
    """

    path: Path
    name: str
    version: str
    dialogues: int
    titles: int
    taken: tuple[int, ...]
    same: int
    clashes: tuple[str, ...]
    renamed: dict[str, str]
    title_clashes: tuple[TitleClash, ...]
    scene_clashes: tuple[str, ...]
    split_clashes: tuple[str, ...]
    withdrawn: int

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (``mmdia.release-merge/1``)."""
        return {
            "schema": MERGE_SCHEMA,
            "path": str(self.path),
            "name": self.name,
            "version": self.version,
            "dialogues": self.dialogues,
            "titles": self.titles,
            "taken": list(self.taken),
            "same": self.same,
            "clashes": list(self.clashes),
            "renamed": self.renamed,
            "title_clashes": [clash.to_row() for clash in self.title_clashes],
            "scene_clashes": list(self.scene_clashes),
            "split_clashes": list(self.split_clashes),
            "withdrawn": self.withdrawn,
        }


@dataclass
class _Plan:
    """Which row of which release is kept, and under which identifier."""

    skip: list[set[str]]
    rename: list[dict[str, str]]
    same: int = 0
    clashes: list[str] = field(default_factory=list)


def merge(
    releases: Sequence[ReleaseHandle],
    out: str | Path,
    *,
    name: str,
    version: str,
    license: str | None = None,
    clash: Clash = "refuse",
) -> MergeReport:
    """Unite releases into a new one.

    Dialogues that are equal in every field count once. Titles of one identifier are one title: the
    first release that states a fact is believed, what it leaves open the others fill in, character
    banks are united. Withdrawals of any release hold for all, and no word of theirs is kept. Rows are
    read twice and never held.

    Args:
        releases: Two or more, in the order in which they are believed.
        out: Folder of the new release; a release in it is replaced.
        name: Its name.
        version: Its version.
        license: Its licence; needed where those of the releases differ.
        clash: Where releases hold different dialogues under one identifier, or a title with another
            timeline (`TIMELINE`): ``refuse``; keep the ``first`` or the ``last`` dialogue; or
            ``rename`` the later dialogues to ``<id>@<release>``. A title with another timeline is
            never united but by ``first``.

    Raises:
        UsageError: Fewer than two releases, no licence where one is needed, or different
            vocabularies.
        ReleaseError: Rows clash, with ``refuse``.
        BrokenRow: A row cannot be read.
        StoreError: `out` cannot be written.
    """
    if len(releases) < 2:
        raise UsageError("merging needs two releases or more", got=str(len(releases)))
    target = Path(out).expanduser()
    for handle in releases:
        if handle.path.resolve() == target.resolve():
            raise UsageError("a release cannot be merged into its own folder", path=target)
    head = _head(releases, name, version, license)
    plan = _plan(releases, clash)
    withdrawn = _withdrawn(releases, plan)
    gone = Withdrawals.of(withdrawn)
    titles, title_clashes = _titles(releases, clash, gone)
    taken = [0] * len(releases)
    splits = _Splits()
    scenes, scene_clashes = _scenes(releases, gone)
    options = {"releases": [f"{h.head.name} {h.head.version}" for h in releases], "clash": clash}
    handle = write_release(
        target,
        with_step(head, "merge", options),
        titles.values(),
        _kept(releases, plan, gone, taken, splits),
        scenes=scenes,
        withdrawn=withdrawn,
    )
    _side_files(releases, target, plan, gone, titles)
    return MergeReport(
        handle.path, name, version, sum(taken), len(titles), tuple(taken), plan.same, tuple(plan.clashes),
        {old: new for names in plan.rename for old, new in names.items()}, tuple(title_clashes),
        tuple(scene_clashes), splits.mixed(), len(withdrawn),
    )  # fmt: skip


def _side_files(
    releases: Sequence[ReleaseHandle],
    target: Path,
    plan: _Plan,
    gone: Withdrawals,
    titles: dict[str, Title],
) -> None:
    words = TakenBack()
    for number, release in enumerate(releases) if gone else ():
        rows = iter_dialogues(release, keep_withdrawn=True)
        words.add(row for row in rows if _is_gone(row, plan.rename[number], gone))
    # Backwards, so that the files of the first release stay.
    for release in reversed(releases):
        copy_side_files(release, target, titles if gone.titles else None, gone=words)


def _head(releases: Sequence[ReleaseHandle], name: str, version: str, license: str | None) -> Release:
    heads = [handle.head for handle in releases]
    vocabs = sorted({head.vocab for head in heads if head.vocab is not None})
    if len(vocabs) > 1:
        raise UsageError(
            "the releases use different vocabularies", got=", ".join(vocabs),
            hint="Place their labels anew first: mmdia release categorise",
        )  # fmt: skip
    licenses = sorted({str(head.license) for head in heads})
    if license is None and len(licenses) > 1:
        raise UsageError(
            "the releases have different licences", got=", ".join(licenses),
            hint="Say under which licence the whole may be given away: --license",
        )  # fmt: skip
    parts = [
        ReleaseSource(
            name=f"{head.name} {head.version}", kind="dataset", url=head.homepage,
            license=head.license, citation=head.citation,
        )
        for head in heads
    ]  # fmt: skip
    sources = dict.fromkeys((*parts, *(source for head in heads for source in head.sources)))
    return Release(
        name=name,
        version=version,
        license=license if license is not None else heads[0].license,
        contact=next((head.contact for head in heads if head.contact), None),
        sources=tuple(sources),
        vocab=vocabs[0] if vocabs else None,
    )


def _titles(
    releases: Sequence[ReleaseHandle], clash: Clash, gone: Withdrawals
) -> tuple[dict[str, Title], list[TitleClash]]:
    titles: dict[str, Title] = {}
    found: list[TitleClash] = []
    for handle in releases:
        for title in iter_titles(handle, keep_withdrawn=True):
            known = titles.get(title.title_id)
            if title.title_id in gone.titles:
                continue
            if known is None:
                titles[title.title_id] = title
            else:
                titles[title.title_id], more = united(known, title)
                found += more
    grave = [c for c in found if c.field in TIMELINE]
    if grave and clash != "first":
        named = "; ".join(f"{c.title_id}: {c.field} {c.first!r} and {c.other!r}" for c in grave[:_NAMED])
        raise ReleaseError(
            f"{len({c.title_id for c in grave})} titles stand on different timelines",
            got=named,
            hint="Give one of them another title_id, or believe the first release: --clash first",
        )
    return titles, found


def _plan(releases: Sequence[ReleaseHandle], clash: Clash) -> _Plan:
    """Read all identifiers and digests once; decide about every row that meets another."""
    plan = _Plan([set() for _ in releases], [{} for _ in releases])
    holder: dict[str, tuple[int, bytes]] = {}
    for number, handle in enumerate(releases):
        own: set[str] = set()
        for row in iter_dialogues(handle, keep_withdrawn=True):
            key = row.dialogue_id
            if key in own:
                raise ReleaseError(
                    "two dialogues share one identifier", path=handle.path, got=repr(key),
                    hint="Run: mmdia release validate",
                )  # fmt: skip
            own.add(key)
            digest = row_digest(row)
            before = holder.get(key)
            if before is None:
                holder[key] = number, digest
            elif before[1] == digest:
                plan.skip[number].add(key)
                plan.same += 1
            else:
                plan.clashes.append(key)
                if clash == "last":
                    plan.skip[before[0]].add(key)
                    holder[key] = number, digest
                elif clash == "rename":
                    plan.rename[number][key] = f"{key}@{safe_name(handle.head.name)}"
                else:
                    plan.skip[number].add(key)
    if plan.clashes and clash == "refuse":
        raise ReleaseError(
            f"{len(plan.clashes)} identifiers stand for different dialogues",
            got=", ".join(plan.clashes[:_NAMED]),
            hint="Choose what holds: --clash first, last or rename",
        )
    _refuse_taken_names(plan, holder)
    return plan


def _refuse_taken_names(plan: _Plan, holder: dict[str, tuple[int, bytes]]) -> None:
    new = Counter(name for names in plan.rename for name in names.values())
    taken = sorted(name for name, n in new.items() if n > 1 or name in holder)
    if taken:
        raise ReleaseError(
            "renamed dialogues meet others of that name", got=", ".join(taken[:_NAMED]),
            hint="Give the releases different names.",
        )  # fmt: skip


class _Splits:
    """Which titles have dialogues in which splits, within each release and over all."""

    def __init__(self) -> None:
        self._by_title: dict[str, dict[int, set[str]]] = {}

    def see(self, number: int, row: Dialogue) -> None:
        if row.title_id is not None and row.split is not None:
            self._by_title.setdefault(row.title_id, {}).setdefault(number, set()).add(row.split)

    def mixed(self) -> tuple[str, ...]:
        """Titles whose splits differ from one release to the next."""
        return tuple(
            sorted(
                title
                for title, seen in self._by_title.items()
                if len(set().union(*seen.values())) > max(len(splits) for splits in seen.values())
            )
        )


def _is_gone(row: Dialogue, rename: dict[str, str], gone: Withdrawals) -> bool:
    return gone.covers(rename.get(row.dialogue_id, row.dialogue_id), row.title_id)


def _kept(
    releases: Sequence[ReleaseHandle], plan: _Plan, gone: Withdrawals, taken: list[int], splits: _Splits
) -> Iterator[Dialogue]:
    for number, handle in enumerate(releases):
        for row in iter_dialogues(handle, keep_withdrawn=True):
            if row.dialogue_id in plan.skip[number] or _is_gone(row, plan.rename[number], gone):
                continue
            taken[number] += 1
            splits.see(number, row)
            new = plan.rename[number].get(row.dialogue_id)
            yield row if new is None else row.model_copy(update={"dialogue_id": new})


def _scenes(releases: Sequence[ReleaseHandle], gone: Withdrawals) -> tuple[list[Scene], list[str]]:
    scenes: dict[tuple[str, str], Scene] = {}
    clashes: dict[str, None] = {}
    for handle in releases:
        for scene in iter_scenes(handle, keep_withdrawn=True):
            if scene.title_id in gone.titles:
                continue
            if scenes.setdefault((scene.title_id, scene.scene_id), scene) != scene:
                clashes[f"{scene.title_id}::{scene.scene_id}"] = None
    return list(scenes.values()), list(clashes)


def _withdrawn(releases: Sequence[ReleaseHandle], plan: _Plan) -> list[Withdrawal]:
    """What any release has taken back; a dialogue that is renamed here is so there, too."""
    rows: dict[Withdrawal, None] = {}
    for number, handle in enumerate(releases):
        path = release_files(handle).withdrawn
        for _, row in iter_numbered(path, Withdrawal) if path is not None else ():
            new = plan.rename[number].get(row.dialogue_id or "")
            rows[row if new is None else row.model_copy(update={"dialogue_id": new})] = None
    return list(rows)
