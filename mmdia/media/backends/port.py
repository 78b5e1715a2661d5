"""The interface that every reader of frames fulfils.

All of them count frames by this package's own index, so frame numbers and times agree whatever
library decodes. They differ in speed and in what they can open; `tests/media/test_backends.py`
runs the same table of checks over each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Picture:
    """One frame.

    Attributes:
        number: Frame number in display order.
        time_s: Player second at which it appears.
        rgb: uint8 (height, width, 3), turned upright.
    """

    number: int
    time_s: float
    rgb: npt.NDArray[np.uint8]


class FrameReader(Protocol):
    """Reads frames of one film; a context manager. Not to be shared between processes."""

    name: str

    @property
    def frame_times(self) -> npt.NDArray[np.float64]:
        """Player second of every frame, float64 (n_frames,)."""

    def frames(self, start_s: float, end_s: float) -> Iterator[Picture]:
        """The frames of a window, by the snap rule.

        Raises:
            WindowOutside: The window lies outside the film.
        """

    def frame_at(self, time_s: float) -> Picture:
        """The frame on screen at `time_s`.

        Raises:
            WindowOutside: No frame is on screen then.
        """

    def close(self) -> None:
        """Release the film."""

    def __enter__(self) -> FrameReader: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
