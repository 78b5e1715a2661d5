"""DNSMOS: how people would rate recorded speech, told by networks whose weights are in a wheel.

Two models on windows of 9.01 s, one a second, means over windows: signal, background and overall
(ITU-T P.835; Reddy, Gopal and Cutler 2022) and overall (P.808; Reddy, Gopal and Cutler 2021). The
weights come with the package speechmos (MIT). Its own code is not used: it wants librosa, of
which one spectrum is needed here.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.engines.ports import RATE
from mmdia.errors import MissingExtra

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mmdia.engines.ports import Samples

    Floats = npt.NDArray[np.float64]

#: Length of a window, samples.
_WINDOW = int(9.01 * RATE)

#: The P.808 model's spectrum: samples a frame and between frames, and bands.
_FRAME, _STEP, _BANDS = 321, 160, 120

#: From the P.835 model's outputs to opinion scores, highest power first (published with it).
_OPINION = {
    "dnsmos_sig": (-0.08397278, 1.22083953, 0.0052439),
    "dnsmos_bak": (-0.13166888, 1.60915514, -0.39604546),
    "dnsmos_ovrl": (-0.06766283, 1.11546468, 0.04602535),
}


def weights_folder() -> Path | None:
    """Folder of the models; None when the packages are not installed."""
    spec = util.find_spec("speechmos")
    if spec is None or util.find_spec("onnxruntime") is None:
        return None
    folders = [Path(place) / "dnsmos_models" for place in spec.submodule_search_locations or ()]
    return next((f for f in folders if (f / "sig_bak_ovr.onnx").is_file()), None)


class DnsmosRater:
    """The two models, on one thread.

    Raises:
        MissingExtra: speechmos or onnxruntime is not installed.
    """

    name = "dnsmos"
    keys: tuple[str, ...] = ("dnsmos_ovrl", "dnsmos_sig", "dnsmos_bak", "dnsmos_p808")

    def __init__(self) -> None:
        folder = weights_folder()
        if folder is None:
            raise MissingExtra.of("speechmos", "eval")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3

        def opened(name: str) -> Any:
            return onnxruntime.InferenceSession(
                str(folder / name), options, providers=["CPUExecutionProvider"]
            )

        self._p835, self._p808 = opened("sig_bak_ovr.onnx"), opened("model_v8.onnx")
        self.identity = f"dnsmos-1:{metadata.version('speechmos')}"

    def rate(self, samples: Samples) -> dict[str, float]:
        """See `SpeechRater.rate`. A clip shorter than a window is repeated; no sound has no score."""
        import numpy as np

        sound = np.clip(np.asarray(samples, np.float32), -1.0, 1.0)
        if not len(sound):
            return {}
        while len(sound) < _WINDOW:
            sound = np.concatenate([sound, sound])
        raw, p808 = [], []
        # As published: a window starts at every second that whole seconds leave room for.
        for second in range(max(1, len(sound) // RATE - _WINDOW // RATE)):
            window = sound[second * RATE : second * RATE + _WINDOW]
            raw.append(self._p835.run(None, {"input_1": window[None]})[0][0])
            spectrum = mel_levels(window[:-_STEP])[None].astype(np.float32)
            p808.append(float(self._p808.run(None, {"input_1": spectrum})[0][0][0]))
        # Opinions are means of scores, not scores of means.
        by_name = dict(zip(("dnsmos_sig", "dnsmos_bak", "dnsmos_ovrl"), np.array(raw).T, strict=True))
        scores = {name: float(np.polyval(_OPINION[name], by_name[name]).mean()) for name in _OPINION}
        return {"dnsmos_p808": float(np.mean(p808)), **scores}


def mel_levels(samples: Samples) -> Floats:
    """The P.808 model's input: mel spectrum in dB below its loudest value, (x + 40) / 40; (n, bands)."""
    import numpy as np

    half = _FRAME // 2
    padded = np.pad(np.asarray(samples, np.float64), half)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_STEP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FRAME) / _FRAME)
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2 @ _mel_bands().T
    level = 10 * np.log10(np.maximum(power, 1e-10))
    level -= 10 * np.log10(max(1e-10, float(power.max())))
    return np.asarray((np.maximum(level, level.max() - 80.0) + 40) / 40, dtype=np.float64)


@lru_cache(maxsize=1)
def _mel_bands() -> Floats:
    """Triangles on Slaney's mel scale (linear to 1 kHz, then logarithmic), each of equal area."""
    import numpy as np

    step = np.log(6.4) / 27
    top = 15 + np.log(RATE / 2 / 1000) / step
    mel = np.linspace(0, top, _BANDS + 2)
    edge = np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(step * (np.maximum(mel, 15) - 15)))
    hz = np.fft.rfftfreq(_FRAME, 1 / RATE)
    rise = (hz - edge[:-2, None]) / np.diff(edge)[:-1, None]
    fall = (edge[2:, None] - hz) / np.diff(edge)[1:, None]
    area = (edge[2:] - edge[:-2])[:, None] / 2
    return np.asarray(np.maximum(0, np.minimum(rise, fall)) / area, dtype=np.float64)
