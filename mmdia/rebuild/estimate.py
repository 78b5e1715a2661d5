"""What a rebuild will need, before it starts: bytes on disk and CPU seconds.

The figures are estimates from headers alone (nothing is decoded): good to a factor of two, which
tells an evening from a week and a stick from a disk. Constants were measured on one core with
`COSTS_FROM`; they scale with pixels and seconds.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.errors import MediaError, StoreError
from mmdia.media.probe import probe
from mmdia.rebuild.config import ClipParams, RebuildConfig
from mmdia.rebuild.kept import as_asked, options_hash
from mmdia.rebuild.plan import Plan
from mmdia.schema.dialogue import Dialogue, nominal_span_ms
from mmdia.store.atomic import write_json
from mmdia.store.remote import is_url

#: Where the constants below come from.
COSTS_FROM = "benchmarks/RESULTS.md, rebuild: a 20 minute film, 854x480, 40 dialogues"

#: FLAC of speech in 16 bits takes this share of plain samples.
FLAC_SHARE = 0.55
#: Bytes a second of x264 at CRF 18 (`veryfast`), for each pixel of a frame, with AAC beside it.
VIDEO_BYTES_PER_PIXEL_S, AAC_BYTES_S = 0.22, 24_000
#: Bytes of a JPEG keyframe (quality 95), for each pixel.
STILL_BYTES_PER_PIXEL = 0.25

#: CPU seconds for each second of the film: the index, the sound decoded once, the speech heard or
#: subtitles read for the time map.
INDEX_CPU, SOUND_CPU, ALIGN_CPU = 0.0005, 0.0035, 0.0005
#: CPU seconds for each second of clips: samples resampled and stored; a copied second of picture.
RENDER_CPU, COPY_CPU = 0.006, 0.005
#: The same of the proof: sound decoded a second time; copied pictures decoded.
PROVE_SOUND_CPU, PROVE_COPY_CPU = 0.0025, 0.0045
#: CPU seconds for each million pixels: of a decoded and encoded second of picture (24 frames), and
#: of a second of film that is gone through for stills.
ENCODE_CPU, STILLS_CPU = 0.80, 0.020
#: CPU seconds a title costs whatever its length: a process, imports, matching.
TITLE_CPU = 1.5
#: CPU seconds for each second of a clip: measured (nearly all of it DNSMOS), or listened to (sphinx).
QUALITY_CPU, LISTEN_CPU = 0.2, 0.05

#: Assumed where the header of a file, or the release, says nothing.
_LENGTH_S, _PIXELS, _ASPECT = 6000.0, 1920 * 1080, 16 / 9

#: A run is refused only when this much more would be written than fits, and it is no small matter.
_CLEARLY, _SMALL = 2.0, 1 << 30

_KEPT = "state/estimate.json"


@dataclass(frozen=True, slots=True)
class Look:
    """What the header of a file says.

    Attributes:
        length_s: Its length in seconds; None when that is not known.
        width: Pixels across; None without a picture.
        height: Pixels down.
        size: Bytes.
    """

    length_s: float | None = None
    width: int | None = None
    height: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class TitleEstimate:
    """What one title will need.

    Attributes:
        title_id: The title.
        dialogues: Dialogues still to be built.
        clip_s: What they last, seconds.
        bytes: What will be written.
        cpu_s: CPU seconds.
        measured: Clips whose sound is to be measured.
        heard: Clips that are to be listened to.
    """

    title_id: str
    dialogues: int
    clip_s: float
    bytes: int
    cpu_s: float
    measured: int = 0
    heard: int = 0


@dataclass(frozen=True)
class Estimate:
    """What a run will need.

    Attributes:
        titles: By title, those that have a file.
        workers: Titles worked on at a time.
        free_bytes: Free space where the output lies; None when it cannot be told.
    """

    titles: tuple[TitleEstimate, ...]
    workers: int
    free_bytes: int | None

    @property
    def bytes(self) -> int:
        """What will be written."""
        return sum(t.bytes for t in self.titles)

    @property
    def cpu_s(self) -> float:
        """CPU seconds of all titles."""
        return sum(t.cpu_s for t in self.titles)

    @property
    def wall_s(self) -> float:
        """Seconds until the end: the work shared by the workers, or the longest title."""
        return max([self.cpu_s / max(1, self.workers), *(t.cpu_s for t in self.titles)])

    @property
    def fits(self) -> bool:
        """Whether the output fits the free space, as far as that is known."""
        return self.free_bytes is None or self.bytes <= self.free_bytes

    def to_row(self) -> dict[str, Any]:
        """The part ``estimate`` of the plan's document."""
        return {
            "dialogues": sum(t.dialogues for t in self.titles),
            "measured": sum(t.measured for t in self.titles),
            "heard": sum(t.heard for t in self.titles),
            "clip_hours": round(sum(t.clip_s for t in self.titles) / 3600, 4),
            "bytes": self.bytes,
            "cpu_s": round(self.cpu_s, 1),
            "wall_s": round(self.wall_s, 1),
            "workers": self.workers,
            "free_bytes": self.free_bytes,
            "fits": self.fits,
            "source": COSTS_FROM,
        }


def look_at(path: Path) -> Look:
    """Read a file's header; a file that cannot be read says nothing."""
    try:
        info = probe(path)
    except MediaError:
        return Look()
    picture = info.video[0] if info.video else None
    if picture is None:
        return Look(info.duration_s, size=info.size)
    turned = picture.rotation in (90, 270)
    wide, high = (picture.height, picture.width) if turned else (picture.width, picture.height)
    return Look(info.duration_s, wide, high, info.size)


def clip_bytes(clip: ClipParams, look: Look, clip_s: float, stills: int) -> int:
    """Bytes of clips that last `clip_s` seconds together, with that many stills."""
    film, out = _pixels(look, None), _pixels(look, clip.height)
    times = (clip.wants_whole + clip.wants_turns) if clip.wants_turns else 1
    total = 0.0
    if clip.wants_audio:
        channels = {"mono": 1, "stereo": 2}.get(clip.channels, 6)
        total += clip_s * clip.sample_rate * 2 * channels * FLAC_SHARE * times
    if clip.lossless and look.size is not None:
        total += clip_s * look.size / (look.length_s or _LENGTH_S) * times
    elif clip.wants_video:
        total += clip_s * (out * VIDEO_BYTES_PER_PIXEL_S + AAC_BYTES_S) * times
    if clip.wants_stills:
        total += stills * film * STILL_BYTES_PER_PIXEL
    return round(total)


def title_cpu(clip: ClipParams, look: Look, length_s: float, clip_s: float, *, proof: bool = True) -> float:
    """CPU seconds of one title of that length, whose clips last `clip_s` seconds together."""
    film, out = _pixels(look, None) / 1e6, _pixels(look, clip.height) / 1e6
    times = (clip.wants_whole + clip.wants_turns) if clip.wants_turns else 1
    cpu = TITLE_CPU + length_s * (INDEX_CPU + ALIGN_CPU)
    if clip.wants_audio:
        cpu += length_s * SOUND_CPU + clip_s * (RENDER_CPU * times + PROVE_SOUND_CPU * proof)
    if clip.lossless:
        cpu += clip_s * (COPY_CPU + PROVE_COPY_CPU * proof) * times
    elif clip.wants_video:
        # A third of the work is decoding at the film's size, the rest encoding at that of the clip.
        cpu += clip_s * ENCODE_CPU * (film / 3 + out * 2 / 3 * times)
    if clip.wants_stills and not clip.wants_video:
        cpu += length_s * STILLS_CPU * film
    return cpu


def _pixels(look: Look, height: int | None) -> float:
    if look.width is None or look.height is None:
        return _PIXELS if height is None else height * height * _ASPECT
    share = 1.0 if height is None else min(1.0, height / max(1, look.height))
    return look.width * look.height * share * share


def _stays(row: Mapping[str, Any] | None, options: str) -> bool:
    return row is not None and row.get("status") == "built" and as_asked(row, options)


def estimate(
    plan: Plan,
    config: RebuildConfig,
    built: Mapping[str, Mapping[str, Any]],
    look: Callable[[Path], Look] = look_at,
) -> Estimate:
    """Estimate what a run will need.

    Args:
        plan: The plan.
        config: The run.
        built: Receipt rows of an earlier run; what was built by these options is not built again.
        look: Reads a file's header (`look_at`).
    """
    options = options_hash(config.clip, config.policy, config.min_confidence)
    titles = []
    for title_id in plan.work:
        found = plan.matches.by_title.get(title_id, ())
        dialogues = [Dialogue.from_json(text) for text in (plan.by_title[title_id] if found else ())]
        left = [d for d in dialogues if not _stays(built.get(d.dialogue_id), options)]
        fresh = {d.dialogue_id for d in left}
        there = {i: built[i] for d in dialogues if (i := d.dialogue_id) not in fresh}
        measured = _unchecked(dialogues, there, "quality", -1 if config.quality else 0)
        heard = _unchecked(dialogues, there, "speech", config.check_speech or 0)
        if not (left or measured or heard):
            continue
        title = plan.titles.get(title_id)
        known = None if title is None or title.duration_ms is None else title.duration_ms / 1000
        seen = _first_look(config, [c.path for c in found], look)
        length = seen.length_s or known or _LENGTH_S
        clip_s = sum(_lasts(d, config.clip) for d in left)
        stills = sum(len(d.turns) for d in left)
        cost = title_cpu(config.clip, seen, length, clip_s, proof=config.proof)
        size = clip_bytes(config.clip, seen, clip_s, stills)
        for asked, cpu in ((measured, QUALITY_CPU), (heard, LISTEN_CPU)):
            cost += cpu * sum(_lasts(d, config.clip) for d in asked)
        counts = len(measured), len(heard)
        titles.append(TitleEstimate(title_id, len(left), clip_s, size, cost, *counts))
    return Estimate(tuple(titles), _workers(config.jobs), free_space(config.out))


def _unchecked(
    dialogues: list[Dialogue], there: Mapping[str, Mapping[str, Any]], key: str, most: int
) -> list[Dialogue]:
    """Those of a title that a check has not seen yet, of so many as it is to see (-1: all)."""
    bare = [d for d in dialogues if not there.get(d.dialogue_id, {}).get(key)]
    wanted = len(dialogues) if most < 0 else min(most, len(dialogues))
    return bare[: max(0, wanted - (len(dialogues) - len(bare)))]


class FewLooks:
    """Looks at a few files and takes the others for like them, for a release of thousands."""

    def __init__(self, most: int = 24, look: Callable[[Path], Look] = look_at) -> None:
        self.most, self.look = most, look
        self.seen: list[Look] = []

    def __call__(self, path: Path) -> Look:
        """What a file's header says, or what the middle one of those seen said."""
        if len(self.seen) < self.most:
            self.seen.append(self.look(path))
            return self.seen[-1]
        return sorted(self.seen, key=lambda s: (s.width or 0) * (s.height or 0))[len(self.seen) // 2]


def _workers(jobs: int | None) -> int:
    return (os.cpu_count() or 1) if jobs is None else max(1, jobs)


def _first_look(config: RebuildConfig, paths: Iterable[str], look: Callable[[Path], Look]) -> Look:
    """The first file that can be read; remote files are not opened for an estimate."""
    if is_url(config.media_dir):
        return Look()
    for path in paths:
        seen = look(Path(config.media_dir) / path)
        if seen != Look():
            return seen
    return Look()


def _lasts(dialogue: Dialogue, clip: ClipParams) -> float:
    span = nominal_span_ms(dialogue, extend_to_next=clip.extend_to_next)
    return 0.0 if span is None else (span[1] - span[0]) / 1000 + 2 * clip.pad_s


def keep_estimate(needed: Estimate, out: Path) -> None:
    """Keep an estimate in the output folder, for the report to compare with what came out.

    Raises:
        StoreError: The folder cannot be written.
    """
    if needed.titles:
        write_json(out / _KEPT, needed.to_row())


def kept_estimate(out: Path) -> dict[str, Any] | None:
    """The estimate of the last run that had something to do; None when there is none."""
    try:
        row = json.loads((out / _KEPT).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return row if isinstance(row, dict) else None


def free_space(out: Path) -> int | None:
    """Bytes free where a folder lies or would lie; None when that cannot be told."""
    place = Path(out).absolute()
    for folder in (place, *place.parents):
        if folder.is_dir():
            try:
                return shutil.disk_usage(folder).free
            except OSError:
                return None
    return None


def check_room(needed: Estimate, out: Path) -> None:
    """Refuse a run that clearly cannot end.

    An estimate may be wrong by half, and a full disk harms nothing (the run stops, and the next one
    goes on), so only what takes twice the free space and more than a gibibyte is refused.

    Raises:
        StoreError: There is clearly too little room.
    """
    free = needed.free_bytes
    if free is None or needed.bytes < _SMALL or needed.bytes <= _CLEARLY * free:
        return
    raise StoreError(
        "clearly too little room for the clips",
        path=out,
        expected=f"about {needed.bytes / 1e9:.1f} GB",
        got=f"{free / 1e9:.1f} GB free",
        hint="Choose another --out, --profile audio, a lower --height, or fewer --titles.",
    )
