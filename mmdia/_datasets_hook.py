"""Makes ``datasets.load_dataset("mmdia")`` find the builder of this package.

`datasets` has no plug-ins, so its one function that turns a name into a builder module,
``datasets.load.dataset_module_factory``, is wrapped: the name ``mmdia`` leads to
`mmdia.builder`, every other name goes on as before. `datasets` itself is never imported from
here: a finder waits until somebody else imports it.

Three ways lead here: ``import mmdia``; the line that the wheel puts into ``site-packages``
(``mmdia_datasets_hook.pth``), for programs that never import mmdia; `install`. The environment
variable ``MMDIA_NO_AUTOREGISTER=1`` turns all of them off. Standard library only.
"""

from __future__ import annotations

import sys

# mypy knows the name; importing it from `typing` would slow every interpreter start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

NAME = "mmdia"
OFF = "MMDIA_NO_AUTOREGISTER"
_TARGET = "datasets.load"
_FACTORY = "dataset_module_factory"
_MARK = "_mmdia_original"


def enabled() -> bool:
    """Whether the user allows the hook (``MMDIA_NO_AUTOREGISTER`` unset, empty or 0)."""
    import os

    return os.environ.get(OFF, "") in ("", "0")


def status() -> str:
    """What the hook is doing: ``off``, ``registered``, ``waiting`` (for datasets), or ``absent``."""
    load = sys.modules.get(_TARGET)
    if load is not None:
        if hasattr(getattr(load, _FACTORY, None), _MARK):
            return "registered"
        return "absent" if enabled() else "off"
    if not enabled():
        return "off"
    return (
        "waiting"
        if any(type(f).__name__ in ("_Waiting", "_MmdiaHook") for f in sys.meta_path)
        else "absent"
    )


def install() -> None:
    """Register now when `datasets` is loaded, else when it is; again is harmless."""
    if not enabled():
        return
    load = sys.modules.get(_TARGET)
    # A module without its factory is still being imported: the finder has it in hand.
    if load is not None and hasattr(load, _FACTORY):
        register(load)
    elif load is None and not any(isinstance(f, _Waiting) for f in sys.meta_path):
        sys.meta_path.insert(0, _Waiting())


def register(load: ModuleType) -> None:
    """Wrap the factory of the loaded module ``datasets.load``, once, wherever it was imported to."""
    original = getattr(load, _FACTORY, None)
    if original is None or hasattr(original, _MARK):
        return
    wrapped = _wrap(load, original)
    for name, module in list(sys.modules.items()):
        if name.split(".", 1)[0] == "datasets" and getattr(module, _FACTORY, None) is original:
            setattr(module, _FACTORY, wrapped)


def unregister() -> None:
    """Undo `register` and stop waiting (for tests and for the curious)."""
    sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, _Waiting)]
    wrapped = getattr(sys.modules.get(_TARGET), _FACTORY, None)
    original = getattr(wrapped, _MARK, None)
    if original is None:
        return
    for name, module in list(sys.modules.items()):
        if name.split(".", 1)[0] == "datasets" and getattr(module, _FACTORY, None) is wrapped:
            setattr(module, _FACTORY, original)


def find(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    """The spec of ``datasets.load``, with `register` run after it; None for all other modules."""
    if name != _TARGET or not enabled():
        return None
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec(name, path)
    if spec is not None and spec.loader is not None:
        spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
    return spec


def _wrap(load: ModuleType, original: Any) -> Any:
    import functools

    @functools.wraps(original)
    def dataset_module_factory(path: str, *args: Any, **kwargs: Any) -> Any:
        if path != NAME:
            return original(path, *args, **kwargs)
        if kwargs.get("revision") is not None:
            from mmdia.errors import UsageError

            raise UsageError(
                "a release of mmdia has no revisions",
                got=f"revision={kwargs['revision']!r}",
                hint="Name the release folder: annotations=...",
            )
        # No hash: the builder puts the identity of its content there.
        return load.DatasetModule("mmdia.builder", None, {"dataset_name": NAME})

    setattr(dataset_module_factory, _MARK, original)
    return dataset_module_factory


class _Waiting:
    """A finder that takes notice of one module only."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        return find(name, path) if name == _TARGET else None


class _Loader:
    """Runs the module's own loader, then `register`; afterwards the own loader is back in place."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._own.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        self._own.exec_module(module)
        register(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)
