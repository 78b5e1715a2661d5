"""Makes the bundled demo title: `python tools/make_demo [--check] [--out DIR]`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import annotate
import other_film
from cast import TITLE_ID
from encode import versions, write_film
from frames import Director, frames
from hashes import keyframe_hashes
from screenplay import SCENES
from soundtrack import mix
from timeline import lay_out

HOME = Path(__file__).resolve().parents[2] / "mmdia" / "demo"
LIMIT = 1_500_000
MADE_WITH = "made_with.json"


def make(out: Path) -> None:
    """Writes the film, its release and the other screenplay."""
    film = lay_out(SCENES)
    media = out / "media" / f"{TITLE_ID}.mp4"
    write_film(media, frames(Director(film)), mix(film))
    numbers = {annotate.keyframe_number(p) for p in film.lines}
    for name, text in annotate.release(film, keyframe_hashes(media, numbers)).items():
        _write(out / "release" / name, text)
    _write(out / "other" / "other.srt", annotate.srt(other_film.cues()))
    _write(out / MADE_WITH, json.dumps(versions(), indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def check(home: Path) -> int:
    """Makes everything again and compares; the film's bytes only with the same programs."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        make(fresh)
        same_tools = (home / MADE_WITH).read_bytes() == (fresh / MADE_WITH).read_bytes()
        wrong = []
        for path in sorted(p for p in fresh.rglob("*") if p.is_file()):
            name = path.relative_to(fresh)
            if name.suffix == ".mp4" and not same_tools:
                print(f"{name}: not compared, made with other programs")
            elif not (home / name).is_file() or (home / name).read_bytes() != path.read_bytes():
                wrong.append(str(name))
        for name in wrong:
            print(f"{name}: differs", file=sys.stderr)
        return 1 if wrong else 0


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="make_demo", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="make again and compare with the committed files"
    )
    parser.add_argument("--out", type=Path, default=HOME, help="folder to write to")
    options = parser.parse_args()
    if options.check:
        return check(options.out)
    make(options.out)
    total = 0
    for path in sorted(p for p in options.out.rglob("*") if p.is_file()):
        total += path.stat().st_size
        print(f"{path.stat().st_size:>9}  {path.relative_to(options.out)}")
    print(f"{total:>9}  of {LIMIT}")
    return 0 if total <= LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
