"""Fetch the media of titles whose release says where it may lawfully be had (`source_url`).

A film gets its name in the media folder when it is complete; until then it lies in
``.fetch.part``, from where a later run goes on. Names are those that `mmdia rebuild` recognises.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import load_titles, withdrawals
from mmdia.errors import BrokenRow, MediaError, MediaUnreadable, StoreError, UsageError
from mmdia.media.graph import find_ffmpeg
from mmdia.media.probe import is_media_name, probe
from mmdia.release.fetch_licence import judge
from mmdia.release.ytdlp import Download, Limits, Refused, download, require_ytdlp, tidy
from mmdia.schema.names import safe_name, safe_names
from mmdia.schema.reasons import tally
from mmdia.schema.title import Title
from mmdia.store.atomic import commit, is_disk_full, make_folder
from mmdia.store.digest import params_hash
from mmdia.store.lock import exclusive

FETCH_SCHEMA = "mmdia.fetch/1"
#: Folder of unfinished downloads; hidden, so that no search for films looks into it.
SCRATCH = ".fetch.part"

FetchStatus = Literal["fetched", "present", "no_source", "refused", "failed"]
#: Called with the title, the bytes that are there, and how many there will be when that is known.
OnProgress = Callable[[str, int, "int | None"], None]


@dataclass(frozen=True, slots=True)
class TitleFetch:
    """What became of one title.

    Attributes:
        title_id: The title.
        status: fetched, present (a file was there), no_source, refused (by its licence), or failed.
        reason: Reason code, when there is no file.
        message: What went wrong.
        path: The film's file, relative to the media folder.
        subtitles: Subtitle files that came with it, relative to the media folder.
        bytes: Size of the film.
        license: Its licence, as the release names it.
        terms: What that licence asks of whoever has the film, in words.
    """

    title_id: str
    status: FetchStatus
    reason: str | None = None
    message: str | None = None
    path: str | None = None
    subtitles: tuple[str, ...] = ()
    bytes: int | None = None
    license: str | None = None
    terms: str = ""


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What a run fetched.

    Attributes:
        media_dir: The media folder.
        titles: One entry a title, in the order of the release.
        broken: Rows of the release that cannot be read.
    """

    media_dir: Path
    titles: tuple[TitleFetch, ...]
    broken: tuple[str, ...] = ()

    @property
    def statuses(self) -> dict[str, int]:
        """How many titles have each status."""
        return tally(t.status for t in self.titles)

    @property
    def complete(self) -> bool:
        """Whether nothing failed or was refused; titles without a source are no failure."""
        return not (self.broken or self.statuses.get("failed") or self.statuses.get("refused"))

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (``mmdia.fetch/1``)."""
        return {
            "schema": FETCH_SCHEMA,
            "complete": self.complete,
            "statuses": self.statuses,
            "titles": [asdict(t) for t in self.titles],
            "broken": list(self.broken),
            "media_dir": str(self.media_dir),
        }


def fetch_titles(
    handle: ReleaseHandle,
    media_dir: str | Path,
    *,
    titles: Sequence[str] = (),
    on_progress: OnProgress | None = None,
    limits: Limits | None = None,
    vouched: Collection[str] = (),
) -> FetchReport:
    """Download what is missing of a release's public media. It is for media you may lawfully fetch.

    A title is fetched to ``<media_dir>/<safe name of the title>.<ending>``, its subtitles beside it.
    Titles that have a file of that name, whatever the ending, are left alone. Withdrawn titles are
    never fetched, nor those whose licence is not open (`fetch_licence.judge`). A title that fails
    does not stop the others.

    Args:
        handle: The release.
        media_dir: Folder for the films; it is made when it is not there.
        titles: Only these; empty means all.
        on_progress: Told of the bytes of each title.
        limits: How much, and how fast.
        vouched: Licences, or titles, that the user has checked: they count as open.

    Raises:
        UsageError: The release has no such title, or has withdrawn it.
        MissingExtra: Something is to be fetched and yt-dlp is not installed.
        MissingTool: Something is to be fetched and no ffmpeg program is found.
        StoreError: The folder cannot be made, or another run is fetching into it.
    """
    broken: list[BrokenRow] = []
    known = load_titles(handle, on_broken=broken.append)
    wanted = _wanted(handle, known, titles)
    folder = make_folder(Path(media_dir).expanduser())
    names = safe_names(t for t in known if t)
    there = _films(folder)
    results: dict[str, TitleFetch] = {}
    missing: list[Title] = []
    for title in wanted:
        film = there.get(names[title.title_id].casefold()) or there.get(title.title_id.casefold())
        known_facts = partial(TitleFetch, title.title_id, license=title.license)
        word = judge(title.license, title.title_id, vouched)
        if film is not None:
            size = film.stat().st_size
            results[title.title_id] = known_facts("present", path=film.name, bytes=size, terms=word.terms)
        elif not (title.source_url or "").strip():
            results[title.title_id] = known_facts("no_source", "no_source")
        elif not word.allowed:
            results[title.title_id] = known_facts("refused", word.reason)
        else:
            missing.append(title)
    if missing:
        require_ytdlp()
        job = _Job(folder, find_ffmpeg(), limits or Limits(), vouched)
        with exclusive(job.scratch / ".lock"):
            for k, title in enumerate(missing):
                if k:
                    time.sleep(job.limits.sleep_s)
                tell = partial(on_progress, title.title_id) if on_progress is not None else None
                results[title.title_id] = job.fetch(title, names[title.title_id], tell)
        with suppress(OSError):
            job.scratch.rmdir()  # stays when it holds what a later run can go on with
    rows = tuple(results[t.title_id] for t in wanted)
    return FetchReport(folder, rows, tuple(str(e) for e in broken))


def _wanted(handle: ReleaseHandle, known: dict[str, Title], titles: Sequence[str]) -> list[Title]:
    gone = withdrawals(handle, on_broken=lambda _: None).titles
    for title_id in titles:
        if title_id in gone:
            raise UsageError("the release has withdrawn this title", got=repr(title_id))
    unknown = [t for t in titles if t not in known]
    if unknown:
        raise UsageError("the release has no such title", got=", ".join(unknown))
    return [t for i, t in known.items() if i and (not titles or i in titles)]


def _films(folder: Path) -> dict[str, Path]:
    """Media files of the folder by their names without ending, in lower case."""
    return {p.stem.casefold(): p for p in sorted(folder.iterdir()) if is_media_name(p) and p.is_file()}


@dataclass(frozen=True, slots=True)
class _Job:
    """What every title of a run shares."""

    folder: Path
    ffmpeg: Path
    limits: Limits
    vouched: Collection[str]

    @property
    def scratch(self) -> Path:
        return self.folder / SCRATCH

    def fetch(self, title: Title, name: str, tell: Callable[[int, int | None], None] | None) -> TitleFetch:
        """Fetch one title; whatever goes wrong is told in the result."""
        url = (title.source_url or "").strip()
        # The address is in the name: bytes of another address must not be continued.
        room = self.scratch / f"{name}-{params_hash([url])[:8]}"
        failed = partial(TitleFetch, title.title_id, "failed", license=title.license)
        try:
            make_folder(room)
            got = download(url, room, ffmpeg=self.ffmpeg, on_bytes=tell, limits=self.limits)
            _check(got)
            return self._keep(title, name, got, room)
        except Refused as error:
            # Nothing of it is wanted, so there is nothing to go on with.
            shutil.rmtree(room, ignore_errors=True)
            return failed(error.code, error.message)
        except MediaUnreadable as error:
            # Complete, but no film: going on with these bytes would never make one.
            shutil.rmtree(room, ignore_errors=True)
            return failed("fetch_failed", error.message)
        except StoreError as error:
            return failed("disk_full" if is_disk_full(error) else "unwritable", str(error))
        except Exception as error:
            return failed("disk_full" if is_disk_full(error) else "fetch_failed", tidy(str(error)))
        finally:
            with suppress(OSError):
                room.rmdir()

    def _keep(self, title: Title, name: str, got: Download, room: Path) -> TitleFetch:
        subtitles = []
        for tag, path in got.subtitles:
            target = self.folder / f"{name}.{safe_name(tag)}{path.suffix.lower()}"
            commit(path, target)
            subtitles.append(target.name)
        # The film last: its name says that the title is complete.
        film = self.folder / f"{name}{got.film.suffix.lower()}"
        commit(got.film, film)
        shutil.rmtree(room, ignore_errors=True)
        return TitleFetch(
            title.title_id,
            "fetched",
            path=film.name,
            subtitles=tuple(subtitles),
            bytes=film.stat().st_size,
            license=title.license,
            terms=judge(title.license, title.title_id, self.vouched).terms,
        )


def _check(got: Download) -> None:
    """Whether a film came, and not a web page or an archive under a film's name."""
    if not is_media_name(got.film):
        raise MediaError(f"what came is no media file: {got.film.suffix or 'no ending'}")
    probe(got.film)
