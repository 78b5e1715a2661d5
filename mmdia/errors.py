"""One tree of errors.

Each error is also the builtin that a caller would expect, so ``except FileNotFoundError``
works as well as ``except MediaNotFound``.

    MmdiaError
    ├── UsageError            (ValueError)         an argument cannot be used
    ├── ReleaseError          (ValueError)         an annotation release cannot be read or written
    │   ├── ReleaseNotFound   (FileNotFoundError)
    │   └── BrokenRow         one row of a release does not parse
    ├── SubtitleError         (ValueError)         a subtitle file cannot be read at all
    ├── TimeMapError          (ValueError)         segments that are no monotone map
    ├── AlignmentError        (ValueError)         nothing to align (no cues, no audio)
    ├── MediaError            (ValueError)         a media file cannot be used
    │   ├── MediaNotFound     (FileNotFoundError)
    │   ├── MediaUnreadable   truncated, not a media file, a Git LFS pointer, ...
    │   └── WindowOutside     a window lies outside the media
    ├── StoreError            (OSError)            results cannot be written (disk full, read-only)
    ├── WorkerError           (RuntimeError)       a worker process crashed, hung or raised
    └── MissingDependency                          the cure is an install
        ├── MissingExtra      (ImportError)        a Python package of an extra
        └── MissingTool       (FileNotFoundError)  a program such as ffmpeg

A doubtful alignment is not an error: it is a verdict with reasons.
A rejected item (a dialogue not rebuilt) is not an error either: it has a reason code
(`mmdia.schema.reasons`), is counted, and is kept in the receipt.
"""

from __future__ import annotations

from typing import Any

#: Bytes of file names that are no UTF-8, as Python holds them and as they are shown.
LONE_BYTES = {n: f"\\x{n & 0xFF:02x}" for n in range(0xDC80, 0xDD00)}


class MmdiaError(Exception):
    """Base of all errors of this package.

    Args:
        message: What happened, as one sentence.
        path: The file or folder at fault.
        expected: What would have been right.
        got: What was found.
        hint: What to do about it.
        code: Reason code (`mmdia.schema.reasons`) for what fails by this error, where its kind has
            none or another one.

    The text of the error is built from all of them but the code; each stays readable as an attribute.
    """

    #: Exit status of a command that ends with this error.
    exit_code = 2
    #: Reason code for what fails by this error; None leaves it to whoever was at work.
    code: str | None = None

    def __init__(
        self,
        message: str,
        *,
        path: object = None,
        expected: object = None,
        got: object = None,
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.message = message
        self.path = None if path is None else str(path)
        self.expected = expected
        self.got = got
        self.hint = hint

    def __str__(self) -> str:
        parts = [self.message if self.path is None else f"{self.path}: {self.message}"]
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.got is not None:
            parts.append(f"got {self.got}")
        text = "; ".join(parts).translate(LONE_BYTES)
        return f"{text}. {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors travel between worker processes; the default reduce would lose the keywords.
        # `path` is named because ImportError keeps an attribute of that name outside __dict__.
        return (_rebuild, (type(self), self.message, {**self.__dict__, "path": self.path}))


def _rebuild(cls: type[MmdiaError], message: str, state: dict[str, Any]) -> MmdiaError:
    error = cls(message)
    for name, value in state.items():
        setattr(error, name, value)
    return error


class UsageError(MmdiaError, ValueError):
    """An argument, option or combination of them cannot be used."""


class ReleaseError(MmdiaError, ValueError):
    """An annotation release cannot be read or written."""


class ReleaseNotFound(ReleaseError, FileNotFoundError):
    """There is no annotation release at the place named."""


class BrokenRow(ReleaseError):
    """One row of a release does not parse; `path` is ``file:line``."""


class SubtitleError(MmdiaError, ValueError):
    """A subtitle file cannot be read at all (single bad cues are reported, not raised)."""


class TimeMapError(MmdiaError, ValueError):
    """Segments that do not form a monotone piecewise-affine map."""


class AlignmentError(MmdiaError, ValueError):
    """There is nothing to align: no cues, no speech, no audio."""


class MediaError(MmdiaError, ValueError):
    """A media file cannot be used for what was asked."""


class MediaNotFound(MediaError, FileNotFoundError):
    """There is no such media file or folder."""

    code = "missing_media"


class MediaUnreadable(MediaError):
    """The file is there but no media can be read from it."""


class WindowOutside(MediaError):
    """The window asked for lies outside the media."""

    code = "outside_media"


class StoreError(MmdiaError, OSError):
    """Results cannot be written: disk full, read-only folder, broken manifest."""

    exit_code = 1


class WorkerError(MmdiaError, RuntimeError):
    """A worker process crashed, hung or raised."""

    exit_code = 1


class MissingDependency(MmdiaError):
    """Something must be installed first; the hint is the command that does it."""

    exit_code = 3


class MissingExtra(MissingDependency, ImportError):
    """A Python package that belongs to an extra of mmdia is not installed."""

    @classmethod
    def of(cls, package: str, extra: str) -> MissingExtra:
        """The error for `package`, with the install command of `extra` as its cure."""
        return cls(f"{package} is not installed", hint=f"Run: pip install 'mmdia[{extra}]'")


class MissingTool(MissingDependency, FileNotFoundError):
    """A program such as ffmpeg is not found."""
