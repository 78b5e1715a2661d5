"""Send a published folder to a dataset repository of the Hugging Face Hub.

One commit changes everything at once, so that no reader sees old and new tables mixed. Files that are
there already are not sent again, and large files that were sent before an upload broke off are not either.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

from mmdia.corpus.locate import open_release
from mmdia.errors import ReleaseError, UsageError
from mmdia.release.checksums import CHECKSUMS, read_checksums, verify
from mmdia.release.hub import hub_errors, no_bars, parse_hub_id
from mmdia.release.publish import Published
from mmdia.release.publish_files import refuse_media
from mmdia.release.publish_paths import refuse_foreign

Gate = Literal["auto", "manual"]
Action = Literal["new", "changed", "same", "delete"]

#: Tables that readers would take for a part of the release: deleted when the new one lacks them. So is
#: whatever an earlier upload listed in its checksums. Anything else in a repository is left alone.
OWNED = (
    "release.json", "titles.*", "dialogues.*", "scenes.*", "withdrawn.*", "dialogues/*.parquet", CHECKSUMS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """What an upload did, or would do.

    Attributes:
        repo: The repository.
        revision: Branch; None is the main one.
        actions: new, changed, same or delete, by path.
        commit: The commit made (or found, where nothing had to be sent); None for a dry run.
        url: Address of the dataset.
    """

    repo: str
    revision: str | None
    actions: dict[str, Action]
    commit: str | None
    url: str

    def count(self, action: Action) -> int:
        """How many files."""
        return sum(1 for found in self.actions.values() if found == action)

    def to_row(self) -> dict[str, Any]:
        """The part of ``--json`` about the Hub."""
        return {
            "repo": self.repo,
            "revision": self.revision,
            "url": self.url,
            "commit": self.commit,
            "actions": self.actions,
        }


def check_repo(repo: str) -> str:
    """A name of a repository, ``ORG/NAME``.

    Raises:
        UsageError: It is something else.
    """
    found = parse_hub_id(repo)
    if found is None or found[1] is not None:
        raise UsageError("no name of a repository", got=repr(repo), expected="ORG/NAME")
    return repo


def plan_upload(published: Published, repo: str, *, revision: str | None = None) -> Sent:
    """What an upload would do; the Hub is only read.

    Raises:
        ReleaseError: The Hub cannot be reached.
    """
    from huggingface_hub import constants

    with hub_errors(repo, revision, published.path), no_bars(), _quiet():
        actions = _actions(published, _remote(repo, revision), _listed_there(repo, revision))
    return Sent(repo, revision, actions, None, f"{constants.ENDPOINT}/datasets/{repo}")


def upload(
    published: Published,
    repo: str,
    *,
    private: bool = False,
    gated: Gate | None = None,
    revision: str | None = None,
) -> Sent:
    """Send a published folder in one commit; the repository is made when it is not there.

    Privacy and gate are set before the first file is sent. What is sent is checked once more: against
    its checksums, and for media.

    Args:
        published: The folder.
        repo: ``ORG/NAME``.
        private: Make (or keep) the repository private.
        gated: Ask for consent: ``auto`` lets everybody in who agrees, ``manual`` asks you each time.
        revision: Branch to commit to; it is made when it is not there.

    Raises:
        ReleaseError: The folder is not as it was published, holds media, or the Hub refuses.
    """
    from huggingface_hub import HfApi

    check_repo(repo)
    _check(published)
    api = HfApi(library_name="mmdia")
    with hub_errors(repo, None, published.path), _may_write(repo), no_bars(), _quiet():
        url = api.create_repo(repo, repo_type="dataset", private=private or None, exist_ok=True)
        if private:
            api.update_repo_settings(repo, repo_type="dataset", private=True)
        if gated is not None:
            api.update_repo_settings(repo, repo_type="dataset", gated=gated)
        if revision is not None:
            api.create_branch(repo, branch=revision, repo_type="dataset", exist_ok=True)
        actions = _actions(published, _remote(repo, revision), _listed_there(repo, revision))
        if set(actions.values()) <= {"same"}:
            info = api.repo_info(repo, repo_type="dataset", revision=revision)
            return Sent(repo, revision, actions, info.sha, str(url))
        commit = api.upload_folder(
            repo_id=repo,
            repo_type="dataset",
            folder_path=published.path,
            revision=revision,
            allow_patterns=[_literal(p) for p, action in actions.items() if action in ("new", "changed")],
            delete_patterns=[_literal(p) for p, action in actions.items() if action == "delete"] or None,
            commit_message=_message(published.path),
        )
    return Sent(repo, revision, actions, commit.oid, str(url))


def _check(published: Published) -> None:
    if problems := verify(published.path):
        first = problems[0]
        raise ReleaseError(
            "the published folder is not as it was made",
            path=published.path / first.path,
            expected=first.expected,
            got=first.got or first.kind,
            hint="Publish it again.",
        )
    refuse_media(open_release(published.path))
    refuse_foreign(published.path, published.files)


def _message(folder: Path) -> str:
    head = open_release(folder).head
    return f"{head.name} {head.version}"


def _remote(repo: str, revision: str | None) -> dict[str, str] | None:
    """Hash of every file of a repository, by path; None where there is no such repository or branch."""
    from huggingface_hub import HfApi
    from huggingface_hub import errors as hub
    from huggingface_hub.hf_api import RepoFile

    try:
        tree = HfApi(library_name="mmdia").list_repo_tree(
            repo, repo_type="dataset", revision=revision, recursive=True
        )
        files = [entry for entry in tree if isinstance(entry, RepoFile)]
    except hub.GatedRepoError:
        raise
    except (hub.RepositoryNotFoundError, hub.RevisionNotFoundError, hub.EntryNotFoundError):
        return None
    return {f.path: f.lfs.sha256 if f.lfs is not None else f.blob_id for f in files}


def _listed_there(repo: str, revision: str | None) -> frozenset[str]:
    """Files that the last upload listed; none where there was none."""
    from huggingface_hub import errors as hub
    from huggingface_hub import hf_hub_download

    try:
        with tempfile.TemporaryDirectory(prefix="mmdia-") as room:
            hf_hub_download(repo, CHECKSUMS, repo_type="dataset", revision=revision, local_dir=room)
            document = read_checksums(Path(room))
    except (hub.RepositoryNotFoundError, hub.RevisionNotFoundError, hub.EntryNotFoundError, ReleaseError):
        return frozenset()
    return frozenset() if document is None else frozenset(document["files"])


def _actions(
    published: Published, there: Mapping[str, str] | None, listed: frozenset[str]
) -> dict[str, Action]:
    found: dict[str, Action] = {}
    remote = there or {}
    for path, fact in sorted(published.files.items()):
        if path not in remote:
            found[path] = "new"
        else:
            # Large files are known by SHA-256, small ones by git's hash of their content.
            same = remote[path] in (fact["sha256"], _git_hash(published.path / path))
            found[path] = "same" if same else "changed"
    for path in sorted(remote.keys() - published.files.keys()):
        if path in listed or any(fnmatch(path, pattern) for pattern in OWNED):
            found[path] = "delete"
    return found


def _git_hash(path: Path) -> str:
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\x00" % len(content) + content, usedforsecurity=False).hexdigest()


def _literal(path: str) -> str:
    """A path as a pattern that matches nothing else."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


@contextmanager
def _may_write(repo: str) -> Iterator[None]:
    """Where the Hub refuses to be written to, say what that takes."""
    from huggingface_hub import errors as hub

    try:
        yield
    except hub.HfHubHTTPError as error:
        if error.response is None or error.response.status_code not in (401, 403):
            raise
        raise ReleaseError(
            "the Hub does not let you write here",
            path=repo,
            got=f"HTTP status {error.response.status_code}",
            hint="Run: hf auth login, with a token that may write to this organisation.",
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """The client's own log is for its developers; what matters here is raised."""
    logger = logging.getLogger("huggingface_hub")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
