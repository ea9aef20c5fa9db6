"""Keeps decibels and standardised values only where their settings vary; elsewhere the mel frames and the sums in cases.json tell enough.

python thin.py <folder with make.py's output>: writes frames/*.npy here, float32 [3 or 1, n_mels, kept frames].
"""
import json
import pathlib
import sys

import numpy as np

source = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).parent
(here / "frames").mkdir(exist_ok=True)
VARIED = {"paper", "power-1", "no-top-db", "ref-max", "top-db-40-amin-1e-5"}
for case in json.loads((source / "cases.json").read_text())["cases"]:
    frames = np.load(source / case["file"])
    np.save(here / case["file"], frames if case["config"] in VARIED else frames[:1])
