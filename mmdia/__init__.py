"""Film dialogues for expressive speech and video: align, rebuild, load, train.

The door of the package: names only. Each opens its room when it is first used, so that
``import mmdia`` costs next to nothing and imports no other package.
"""

from __future__ import annotations

from mmdia import _datasets_hook

# mypy knows the name; importing it from `typing` would cost more than the rest of this file.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmdia.builder import MMDia, load_dataset
    from mmdia.cli.python import align, rebuild
    from mmdia.corpus.read import open_release
    from mmdia.errors import MmdiaError
    from mmdia.rebuild.attach import attach_media
    from mmdia.schema.cue import Cue
    from mmdia.schema.dialogue import Dialogue, Turn
    from mmdia.schema.receipt import Receipt
    from mmdia.schema.time import Segment, TimeMap
    from mmdia.schema.title import Title

__version__ = "0.1.0"

__all__ = [
    "Cue",
    "Dialogue",
    "MMDia",
    "MmdiaError",
    "Receipt",
    "Segment",
    "TimeMap",
    "Title",
    "Turn",
    "__version__",
    "align",
    "attach_media",
    "load_dataset",
    "open_release",
    "rebuild",
]

_HOMES = {
    "Cue": "mmdia.schema.cue",
    "Dialogue": "mmdia.schema.dialogue",
    "MMDia": "mmdia.builder",
    "MmdiaError": "mmdia.errors",
    "Receipt": "mmdia.schema.receipt",
    "Segment": "mmdia.schema.time",
    "TimeMap": "mmdia.schema.time",
    "Title": "mmdia.schema.title",
    "Turn": "mmdia.schema.dialogue",
    "align": "mmdia.align",  # a room that is called like a function (`mmdia._verbs`)
    "attach_media": "mmdia.rebuild.attach",
    "load_dataset": "mmdia.builder",
    "open_release": "mmdia.corpus.read",
    "rebuild": "mmdia.rebuild",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    room = importlib.import_module(home)
    value: object = room if home == f"{__name__}.{name}" else getattr(room, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_datasets_hook.install()
