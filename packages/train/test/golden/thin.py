"""Makes the files of this folder from the full set of golden values: python thin.py FULL_SET (its folder train).

What goes: float32 copies, sums, all but the first 3 elements of weights and gradients. Numbers that stay are unchanged.
"""

import json
import sys
from pathlib import Path

full, here = Path(sys.argv[1]) / "train", Path(__file__).parent


def load(name):
    return json.loads((full / f"{name}.json").read_text())


def write(name, value):
    (here / f"{name}.json").write_text(json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n")


def without_float32(value):
    if isinstance(value, dict):
        return {k: without_float32(v) for k, v in value.items() if k != "float32"}
    return [without_float32(v) for v in value] if isinstance(value, list) else value


def summaries(tensors):
    """name -> [norm, tolerance, first 3 elements]"""
    return {name: [t["norm"], t["tolerance"], *t["first"][:3]] for name, t in tensors.items()}


for name in "losses", "optimizers":
    write(name, without_float32(load(name)))
for file in load("index")["runs"]:
    run = load(file.removesuffix(".json"))
    kept = {k: run[k] for k in ("id", "net", "options", "optimizer", "steps", "streams", "seed", "batches", "lr")}
    kept["curves"] = without_float32(run["curves"])
    if "stateDict" in run:
        kept["stateDict"] = summaries(run["stateDict"])
        kept["evaluation"] = without_float32(run["evaluation"])
    if run["steps"] == 1:
        kept["gradients"] = summaries(run["gradients"])
    write(run["id"], kept)
