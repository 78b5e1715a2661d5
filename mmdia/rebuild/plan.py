"""The plan: the release's dialogues sorted by title, and the files that may hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from mmdia.corpus.locate import ReleaseHandle, locate_release, mmdia_home
from mmdia.corpus.read import iter_dialogues, load_titles, withdrawals
from mmdia.errors import BrokenRow, UsageError
from mmdia.jobs.supervise import Task
from mmdia.rebuild.config import RebuildConfig, TitleJob
from mmdia.rebuild.identify import identify_files, refused_files, with_identified
from mmdia.rebuild.ledger import FOLDERS, Ledger
from mmdia.rebuild.match import Matches, match_media
from mmdia.rebuild.rows import plain_row
from mmdia.rebuild.source import open_source
from mmdia.schema.names import nearest, safe_names
from mmdia.schema.title import Title
from mmdia.sync.identify import Catalogue
from mmdia.sync.timemap import AlignParams


class Stored(Protocol):
    """Who knows what a remote output holds."""

    def stored(self, title_name: str) -> dict[str, int]:
        """Sizes by path of what is there of a title."""
        ...


@dataclass
class Plan:
    """What a run would do.

    Attributes:
        handle: The release.
        route: Where the release came from (argument, environment, installed, demo).
        titles: Its titles.
        by_title: Dialogues with a film, by title, as JSON text.
        ids: Their ids, by title.
        order: All dialogue ids, in disk order.
        settled: Rows that need no work: scripts, withdrawals, titles left out.
        matches: Files by title.
        work: Titles to work on, in order.
        all_ids: Dialogue ids by title, whether they are worked on or not: file names hang on all.
        broken: Rows of the release that cannot be read.
    """

    handle: ReleaseHandle
    route: str
    titles: dict[str, Title]
    matches: Matches
    by_title: dict[str, list[str]] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    settled: list[dict[str, Any]] = field(default_factory=list)
    work: list[str] = field(default_factory=list)
    all_ids: dict[str, list[str]] = field(default_factory=dict)
    broken: list[BrokenRow] = field(default_factory=list)

    @cached_property
    def work_set(self) -> frozenset[str]:
        """The titles to work on, for asking."""
        return frozenset(self.work)

    @property
    def annotation_version(self) -> str:
        """Name and version of the release."""
        return f"{self.handle.head.name} {self.handle.head.version}"


def make_plan(config: RebuildConfig) -> Plan:
    """Read the release and match the media folder; nothing is written.

    Raises:
        ReleaseNotFound, ReleaseError: The release cannot be used.
        MediaNotFound: No such media folder.
        UsageError: `titles` or the media map name what the release does not have.
    """
    handle, route = locate_release(config.annotations)
    broken: list[BrokenRow] = []
    titles = load_titles(handle, on_broken=broken.append)
    unknown = [t for t in config.titles if t not in titles]
    if unknown:
        told = ", ".join(f"{t}{nearest(t, titles)}" for t in unknown)
        raise UsageError("the release has no such title", got=told)
    if config.timemap not in ("align", "identity") and not Path(config.timemap).is_dir():
        raise UsageError("no such folder of time maps", path=config.timemap)
    ours = frozenset((config.out / name).resolve() for name in FOLDERS)
    matches = _match(config, handle, titles, ours)
    plan = Plan(handle, route, titles, matches, broken=broken)
    _sort_dialogues(plan, config)
    return plan


def refuse_other_release(plan: Plan, out: Path, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Make sure that an output holds clips of this release, not of another one.

    A version of one name may have other dialogues, and a release of another name may be a part of it.

    Raises:
        UsageError: It holds rows of another one.
    """
    ours = frozenset(plan.order)
    foreign = [row for i, row in rows.items() if i not in ours]
    versions = {str(row.get("annotation_version") or "") for row in foreign}
    same_name = plan.handle.head.name in {version.rpartition(" ")[0] for version in versions}
    # Releases that nobody named share a name and a version, and no dialogue.
    other = plan.annotation_version in versions and len(foreign) == len(rows)
    if foreign and (other or not (same_name or ours <= rows.keys())):
        told = ", ".join(sorted(versions))
        raise UsageError(
            "this folder holds the clips of another release", path=out,
            expected=plan.annotation_version, got=told,
            hint="Give another --out, or the release: --annotations.",
        )  # fmt: skip


def _match(
    config: RebuildConfig, handle: ReleaseHandle, titles: dict[str, Title], ours: frozenset[Path]
) -> Matches:
    """Match files to titles, by names and, when that was asked for, by what they hold."""
    source = open_source(config.media_dir, config.scratch)
    try:
        matches = match_media(
            config.media_dir, titles, media_map=config.media_map, skip=ours, source=source
        )
        refused = refused_files(config.out)  # a wrong film for one title may be another's
        open_files = list(dict.fromkeys([*matches.unmatched, *matches.ambiguous, *refused]))
        if not (config.identify and config.timemap == "align" and open_files):
            return matches
        params = AlignParams(policy=config.policy, min_confidence=config.min_confidence)
        # Rows that cannot be read are told when the dialogues are sorted.
        catalogue = Catalogue.of(handle.path, titles, iter_dialogues(handle, on_broken=lambda _: None))
        found = identify_files(open_files, source, catalogue, cache=mmdia_home(), params=params)
        return with_identified(matches, found)
    finally:
        source.close()


def _sort_dialogues(plan: Plan, config: RebuildConfig) -> None:
    gone = withdrawals(plan.handle, on_broken=plan.broken.append)
    version = plan.annotation_version
    seen: set[str] = set()
    for dialogue in iter_dialogues(plan.handle, on_broken=plan.broken.append, keep_withdrawn=True):
        title_id = dialogue.title_id
        if dialogue.dialogue_id in seen:
            plan.broken.append(
                BrokenRow("a dialogue_id comes twice; the first counts", got=dialogue.dialogue_id)
            )
            continue
        seen.add(dialogue.dialogue_id)
        plan.order.append(dialogue.dialogue_id)
        if title_id is not None:
            plan.all_ids.setdefault(title_id, []).append(dialogue.dialogue_id)
        row: tuple[str, tuple[str, ...]] | None = None
        if gone.covers(dialogue.dialogue_id, title_id):
            row = ("withdrawn", ("withdrawn",))
        elif title_id is None:
            row = ("no_media", ("no_media",))
        elif (config.titles and title_id not in config.titles) or not config.shard.holds(title_id):
            row = ("not_selected", ("not_selected",))
        if row is not None:
            settled = plain_row(dialogue.dialogue_id, title_id, *row, annotation_version=version)
            plan.settled.append(settled)
        elif title_id is not None:
            plan.by_title.setdefault(title_id, []).append(dialogue.to_json())
            plan.ids.setdefault(title_id, []).append(dialogue.dialogue_id)
    plan.work = list(plan.by_title)


def title_jobs(
    plan: Plan, config: RebuildConfig, ledger: Ledger, sink: Stored | None = None
) -> Iterator[Task]:
    """One task a title that has a file, made as it is asked for.

    Args:
        plan: The plan.
        config: The run.
        ledger: The receipt; rows of earlier runs are read from it.
        sink: The remote output, which says what it has of a title.
    """
    previous = ledger.rows()
    title_names = safe_names([*plan.titles, *(t for t in plan.all_ids if t not in plan.titles)])
    for title_id in plan.work:
        candidates = plan.matches.by_title.get(title_id, ())
        if not candidates:
            continue
        names = safe_names(plan.all_ids[title_id])
        title = plan.titles.get(title_id) or Title(title_id=title_id)
        yield Task(
            title_id,
            TitleJob(
                title=title.to_row(),
                dialogues=tuple(plan.by_title[title_id]),
                candidates=candidates,
                release=str(plan.handle.path),
                annotation_version=plan.annotation_version,
                media_dir=str(config.media_dir),
                out=str(config.out),
                clip=config.clip,
                names=names,
                title_name=title_names[title_id],
                previous={i: previous[i] for i in names if i in previous},
                timemap=config.timemap,
                policy=config.policy,
                min_confidence=config.min_confidence,
                cache=str(mmdia_home() / "media-index"),
                layout=config.layout,
                check_speech=config.check_speech,
                min_speech=config.min_speech,
                quality=config.quality,
                proof=config.proof,
                asr=config.asr,
                scratch=None if config.scratch is None else str(config.scratch),
                out_url=config.out_url,
                stored=None if sink is None else sink.stored(title_names[title_id]),
            ),
        )
