"""Fitted figures of `mmdia.align.calibration`; written by `benchmarks/calibrate_align.py`.

Fitted on 105486 lines, 221 right films and 128 wrong ones.
"""

from __future__ import annotations

from mmdia.align.source import Family

#: Typical nats of a line at even odds and steepness; nats in all at even odds and steepness.
Film = tuple[float, float, float, float]

#: Bias; ramps (figure, where it is 0, where it is 1, weight); lowest and highest probability.
Line = tuple[float, tuple[tuple[str, float, float, float], ...], float, float]

FILM: dict[Family, Film] = {
    "text": (0.8518, 3.5679, 21.5317, 0.2715),
    "timing": (0.1529, 40.0, 15.9531, 2.0),
    "audio": (0.1746, 40.0, 27.1117, 0.2715),
    "fingerprint": (0.8518, 3.5679, 21.5317, 0.2715),
}

LINE: dict[Family, Line] = {
    "text": (
        1.865,
        (
            ("own_nats", -2.0, 0.0, 0.9557),
            ("mean_nats", 5.0, 9.0, 0.956),
            ("edit_lines", 0.0, 1.0, 0.3179),
            ("edit_lines", 1.0, 3.0, 0.5715),
        ),
        0.01,
        0.99998,
    ),
    "timing": (
        -0.1934,
        (
            ("own_nats", -1.5, 0.0, 0.2657),
            ("own_nats", 1.5, 3.0, 0.4994),
            ("mean_nats", -0.5, 0.3, 1.0529),
            ("mean_nats", 0.3, 0.8, 2.1741),
            ("mean_nats", 0.8, 1.4, 1.5468),
            ("mean_nats", 1.4, 2.2, 1.5193),
            ("edit_lines", 0.0, 1.0, 0.3253),
            ("edit_lines", 1.0, 3.0, 0.955),
            ("edit_lines", 3.0, 8.0, 0.6121),
            ("edit_lines", 8.0, 20.0, 0.6733),
        ),
        0.01,
        0.99998,
    ),
    "audio": (
        -5.1258,
        (
            ("own_nats", -1.0, 0.0, 0.2004),
            ("own_nats", 0.0, 1.0, 0.9142),
            ("own_nats", 1.0, 2.0, 0.5062),
            ("mean_nats", -0.3, 0.1, 3.3879),
            ("mean_nats", 0.1, 0.4, 1.2924),
            ("mean_nats", 0.4, 0.8, 0.4422),
            ("mean_nats", 0.8, 1.4, 1.8275),
            ("edit_lines", 0.0, 1.0, 1.2397),
            ("edit_lines", 1.0, 3.0, 0.7931),
            ("edit_lines", 3.0, 8.0, 0.5917),
            ("edit_lines", 8.0, 20.0, 0.3292),
        ),
        0.01,
        0.99987,
    ),
    "fingerprint": (3.8918, (("edit_lines", 0.0, 1.0, 3.0149),), 0.01, 0.999),
}
