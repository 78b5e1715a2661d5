"""Fixtures that every room's tests share."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time and everywhere, so that a change fails by itself or not at all;
# `make test-laws` searches on, with seeds that it prints.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", derandomize=False, deadline=None)
settings.load_profile("same")

# Nothing is read from or written to the homes of whoever runs the tests. Before any import, since
# the Hub's client reads these once.
_HOME = tempfile.mkdtemp(prefix="mmdia-tests-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ.update(MMDIA_HOME=f"{_HOME}/mmdia", HF_HOME=f"{_HOME}/hf", HF_HUB_OFFLINE="1")
os.environ.pop("MMDIA_ANNOTATIONS", None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test material; tests that want it skip where it is absent."""
    named = os.environ.get("MMDIA_TEST_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real test material not found at {folder} (set MMDIA_TEST_DATA)")
    return folder
