"""The copies of the bundled film that the demo takes for users' own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from mmdia.corpus.locate import demo_release
from mmdia.errors import MissingDependency
from mmdia.media.graph import change_speed, find_ffmpeg, load_ffmpeg, other_film, prepend_logo, recut
from mmdia.media.probe import probe
from mmdia.schema.cue import Cue
from mmdia.schema.time import TimeMap, s_to_ms
from mmdia.store.atomic import make_folder, write_text
from mmdia.subtitles.read import read_subtitles
from mmdia.subtitles.write import write_srt

TITLE = "mmdia_demo_01"

#: Frames of the distributor's logo: 12.5125 s at 24000/1001.
LOGO_FRAMES = 300
#: PAL transfers play 24000/1001 film at 25 frames a second.
PAL = Fraction(25025, 24000)
#: The re-cut loses the platform scene and gains an advertisement in the tea room.
REMOVED_S = (50.133, 77.661)
ADVERT = (119.7, 15.0)


@dataclass(frozen=True)
class DemoCopySpec:
    """One copy.

    Attributes:
        name: Name of its folders.
        label: Name in the table.
        description: What was done to the film.
        make: Writes the film to a path; returns where the annotated film went, or None when it
            is not in there at all.
        speed: Film seconds that pass in a second of the copy.
        expects: Verdict that is right.
        cut_out: Span of the annotation that the copy lacks, seconds.
    """

    name: str
    label: str
    description: str
    make: Callable[[Path, Path], TimeMap | None]
    expects: str
    speed: float = 1.0
    cut_out: tuple[float, float] | None = None


def film_path() -> Path:
    """The bundled film."""
    return demo_release().parent / "media" / f"{TITLE}.mp4"


def _as_is(src: Path, dst: Path) -> TimeMap:
    shutil.copyfile(src, dst)
    return TimeMap.identity()


def _logo(src: Path, dst: Path) -> TimeMap:
    return prepend_logo(src, dst, n_frames=LOGO_FRAMES)


def _pal(src: Path, dst: Path) -> TimeMap:
    return change_speed(src, dst, PAL)


def _recut(src: Path, dst: Path) -> TimeMap:
    end = probe(src).duration_s or 0.0
    return recut(src, dst, keep=[(0.0, REMOVED_S[0]), (REMOVED_S[1], end)], insert=[ADVERT])


def _other(src: Path, dst: Path) -> None:
    other_film(dst, probe(src).duration_s or 130.0)


COPIES: tuple[DemoCopySpec, ...] = (
    DemoCopySpec("as_is", "as it is", "the annotated copy itself", _as_is, "identity"),
    DemoCopySpec("logo", "logo in front", f"{LOGO_FRAMES} frames before the film", _logo, "translation"),
    DemoCopySpec("pal", "PAL speed", "25 frames a second instead of 23.976", _pal, "speed", float(PAL)),
    DemoCopySpec(
        "recut",
        "re-cut",
        "a scene removed, an advert inserted",
        _recut,
        "segments",
        cut_out=REMOVED_S,
    ),
    DemoCopySpec("other", "another film", "a different film under the same name", _other, "wrong_film"),
)


def _subtitles(copy: DemoCopySpec, where: TimeMap | None) -> tuple[Cue, ...]:
    """The subtitles that the user has for this copy: retimed, without the lines it lacks."""
    release = demo_release()
    if where is None:
        return read_subtitles(release.parent / "other" / "other.srt").cues
    cues = []
    for cue in read_subtitles(release / "subtitles" / f"{TITLE}.srt").cues:
        span = where.apply_span(cue.start_s, cue.end_s)
        if span is not None:
            cues.append(replace(cue, start_ms=s_to_ms(span[0]), end_ms=s_to_ms(span[1])))
    return tuple(cues)


def lacks_ffmpeg() -> str | None:
    """What is missing to make any copy but the first, and its cure; None when nothing is."""
    try:
        load_ffmpeg()
        find_ffmpeg()
    except MissingDependency as error:
        return str(error)
    return None


def derive(copy: DemoCopySpec, folder: Path) -> Path:
    """Make a copy with its subtitles; returns its media folder.

    A copy that is there already is made anew: the demo shows what happens now.

    Raises:
        MissingDependency: See `lacks_ffmpeg`.
        MediaError: The copy cannot be made.
        StoreError: It cannot be written.
    """
    place = make_folder(folder / copy.name)
    where = copy.make(film_path(), place / f"{TITLE}.mp4")
    write_text(place / f"{TITLE}.en.srt", write_srt(_subtitles(copy, where)))
    return place
