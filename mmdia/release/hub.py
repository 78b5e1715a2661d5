"""Download a release from a dataset repository of the Hugging Face Hub; nothing is ever uploaded."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmdia.corpus.locate import HEAD_FILE
from mmdia.errors import MmdiaError, ReleaseError, ReleaseNotFound, UsageError
from mmdia.store.atomic import is_disk_full, make_folder, store_error

#: Files of a repository that are downloaded; films that may lie beside them are not.
RELEASE_PATTERNS = (
    HEAD_FILE,
    *(f"{t}.{e}" for t in ("titles", "dialogues", "scenes", "withdrawn") for e in ("jsonl", "parquet")),
    "checksums.json",
    "dialogues/*.parquet",
    "subtitles/*",
    "fingerprints/*",
    *(f"{paper}{rest}" for paper in ("README", "LICENSE", "NOTICE", "CITATION") for rest in ("", ".*")),
)

_WORD = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_HUB_ID = re.compile(rf"({_WORD}/{_WORD})(?:@(\S+))?\Z")
_ENDINGS = (HEAD_FILE, ".zip", ".tar", ".tar.gz", ".tgz")
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def parse_hub_id(text: str) -> tuple[str, str | None] | None:
    """``ORG/NAME`` or ``ORG/NAME@revision`` as repository and revision; None for anything else.

    >>> parse_hub_id("mmdia/mm-dia@v1.0")
    ('mmdia/mm-dia', 'v1.0')
    >>> parse_hub_id("releases/mm-dia.zip") is None
    True
    """
    match = _HUB_ID.match(text)
    if match is None or match[1].lower().endswith(_ENDINGS):
        return None
    return match[1], match[2]


def download_release(repo_id: str, *, revision: str | None = None, into: Path) -> Path:
    """Download the files of a release from the Hub.

    A token is taken from where ``hf auth login`` puts it, or from ``$HF_TOKEN``.

    Args:
        repo_id: A dataset repository, ``ORG/NAME``.
        revision: Branch, tag or commit; None takes the main branch.
        into: An empty folder for them; it is made when it is not there.

    Returns:
        The folder, which holds a ``release.json``.

    Raises:
        ReleaseNotFound: There is no such repository or revision, or no release in it.
        ReleaseError: Access needs consent or a token, or the Hub cannot be reached.
        UsageError: `repo_id` is no name of a repository.
        StoreError: `into` cannot be written.
    """
    from huggingface_hub import snapshot_download

    make_folder(into)
    with hub_errors(repo_id, revision, into), no_bars():
        snapshot_download(
            repo_id,
            repo_type="dataset",
            revision=revision,
            local_dir=into,
            allow_patterns=list(RELEASE_PATTERNS),
            library_name="mmdia",
        )
    if not (into / HEAD_FILE).is_file():
        raise ReleaseNotFound(
            "no release in this repository", path=_shown(repo_id, revision), expected=f"a file {HEAD_FILE}"
        )
    return into


def _shown(repo_id: str, revision: str | None) -> str:
    return repo_id if revision is None else f"{repo_id}@{revision}"


@contextmanager
def hub_errors(repo_id: str, revision: str | None, into: Path) -> Iterator[None]:
    """Turn the client's errors into ours, each with its cure."""
    from huggingface_hub import errors as hub

    # The base of its HTTP errors belongs to the client's transport (requests, httpx, ...), whose
    # errors in the middle of a download come through as they are.
    transport = tuple(b for b in hub.HfHubHTTPError.__bases__ if issubclass(b, Exception))
    # Files kept in the chunk store have their own error, which old clients do not know.
    chunks = getattr(hub, "XetDownloadError", OSError)
    try:
        yield
    except MmdiaError:
        raise
    except hub.HFValidationError as error:
        raise UsageError("no name of a repository", got=repr(repo_id), expected="ORG/NAME") from error
    except (OSError, RuntimeError, chunks, *transport) as error:
        raise _ours(error, repo_id, revision, into) from error


def _ours(error: BaseException, repo_id: str, revision: str | None, into: Path) -> MmdiaError:
    from huggingface_hub import constants
    from huggingface_hub import errors as hub

    page = f"{constants.ENDPOINT}/datasets/{repo_id}"
    shown = _shown(repo_id, revision)
    if isinstance(error, hub.GatedRepoError):
        return ReleaseError(
            "access to this repository must be granted first",
            path=shown,
            hint=f"Accept the terms on the Hub ({page}), then run: hf auth login",
        )
    if isinstance(error, hub.RevisionNotFoundError):
        return ReleaseNotFound(
            "the repository has no such revision", path=shown, got=repr(revision), hint=f"See {page}"
        )
    if isinstance(error, hub.RepositoryNotFoundError):
        return ReleaseNotFound(
            "no such file or folder, and no such dataset on the Hub (or a private one)",
            path=shown,
            hint="Check the name; for a private repository run: hf auth login",
        )
    if isinstance(error.__cause__, hub.OfflineModeIsEnabled) or isinstance(error, hub.OfflineModeIsEnabled):
        return ReleaseError(
            "no such file or folder, and the Hub is switched off by $HF_HUB_OFFLINE",
            path=shown,
            hint="Unset it, or install from a folder or an archive.",
        )
    number = error.errno if isinstance(error, OSError) else None
    if is_disk_full(error) or number in _NOT_WRITABLE:
        return store_error(error if isinstance(error, OSError) else OSError(str(error)), into)
    return ReleaseError(
        "the Hub cannot be reached, or does not answer as it should",
        path=shown,
        got=_why(error),
        hint="Check the connection and try again, or install from a folder or an archive.",
    )


def _why(error: BaseException) -> str:
    """The innermost cause in one line: the client wraps it in advice of several lines."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


@contextmanager
def no_bars() -> Iterator[None]:
    """Keep the client from drawing on the terminal, unless the user's environment decided that."""
    from huggingface_hub import constants
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    if constants.HF_HUB_DISABLE_PROGRESS_BARS is not None or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
