"""Makes the files of this folder from the full set of golden values: python thin.py FULL_SET (folders models and checkpoints).

What goes: the float32 copies, the activations between the layers, whole gradients beyond the smallest, all but the first 8 channels of each
batch norm. Numbers that stay are unchanged.
"""

import json
import shutil
import sys
from pathlib import Path

full, here = Path(sys.argv[1]), Path(__file__).parent
NETS = "resnet34", "envnet", "resnet18-w8", "resnet34-w8", "seresnext50-w8", "envnet-w8"


def numbers(entry):
    return {"values": entry["float64"], "tolerance": entry["tolerance"]}


def thin(net):
    kept = {key: net[key] for key in ("id", "net", "options", "seed", "headNames")}
    kept["tensors"] = {k: [t["shape"], t["center"], t["scale"]] for k, t in net["tensors"].items() if "scale" in t}
    kept["evaluation"] = [
        {"input": e["input"], "logits": {head: numbers(v) for head, v in e["logits"].items()}} for e in net["evaluation"]
    ]
    if training := net.get("training"):
        whole = {k: v for k, v in training["wholeGradients"].items() if len(v["float64"]) <= 1024}
        kept["training"] = {
            "input": training["input"],
            "targets": training["targets"],
            **{key: {head: numbers(v) for head, v in training[key].items()} for key in ("logits", "losses")},
            "gradients": {
                k: {"norm": g["norm"], "sum": g["sum"], "first": g["first"], "tolerance": g["tolerance"]}
                for k, g in training["gradients"].items()
            },
            "wholeGradients": {k: numbers(v) for k, v in whole.items()},
            "batchNorms": {
                k: {
                    "runningMean": b["runningMean"][:8],
                    "runningVariance": b["runningVariance"][:8],
                    "tolerance": b["tolerance"],
                }
                for k, b in training["batchNorms"].items()
            },
        }
    return kept


def write(name, value):
    (here / name).write_text(json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n")


for name in NETS:
    write(f"{name}.json", thin(json.loads((full / "models" / f"{name}.json").read_text())))
shutil.copy(full / "models" / "counts.json", here)

index = json.loads((full / "checkpoints" / "index.json").read_text())
wanted = [f for f in index["files"] if f["file"].endswith(".safetensors") and not f["file"].startswith(("resnet34.", "envnet.", "envnet-bfloat16."))]
(here / "safetensors").mkdir(exist_ok=True)
for file in wanted:
    (here / "safetensors" / Path(file["file"]).name).write_bytes((full / "checkpoints" / file["file"]).read_bytes())
sets = {f["tensors"]: index["tensorSets"][f["tensors"]] for f in wanted if "tensors" in f}
nets = {f["net"]: index["nets"][f["net"]] for f in wanted if "net" in f}
for net in nets.values():
    net["logits"] = {head: numbers(v) for head, v in net["logits"].items()}
files = [{key: f[key] for key in ("file", "about", "outcome", "tensors", "net") if key in f} for f in wanted]
for f in files:
    f["file"] = Path(f["file"]).name
write("safetensors/index.json", {"seed": index["seed"], "files": files, "tensorSets": sets, "nets": nets})


# Legacy format, cuda:0 and twice the encoder: resnet34-authors. EnvNet's names, zip, half precision: envnet-bfloat16. A state_dict inside a checkpoint, Adam:
# resnet18-checkpoint-adam. The larger files that show nothing else are left out, truncated ones are cut again by the test.
LARGE = "resnet34-authors", "envnet-bfloat16", "resnet18-checkpoint-adam"
NAMES = "strided", "strided-legacy", "dtypes", "forged", "forged-legacy", "compressed", "protocol-4", "protocol-5", "numpy-number", *LARGE
CUT = {"hostile/truncated.pth": "envnet-bfloat16.pth", "hostile/truncated-legacy.pth": "resnet18-checkpoint-adam.pth"}
wanted = [
    f for f in index["files"] if f["file"].endswith(".pth") and (f["file"].startswith("hostile/") or Path(f["file"]).stem in NAMES)
]
for file in wanted:
    if file["file"] in CUT:
        file["cutFrom"] = CUT[file["file"]]
        continue
    target = here / "checkpoints" / file["file"]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((full / "checkpoints" / file["file"]).read_bytes())
sets = {f[key]: index["tensorSets"][f[key]] for f in wanted for key in ("tensors", "otherTensors") if key in f}
nets = {f["net"]: index["nets"][f["net"]] for f in wanted if "net" in f}
for net in nets.values():
    net["logits"] = {head: v if "values" in v else numbers(v) for head, v in net["logits"].items()}
write("checkpoints/index.json", {"seed": index["seed"], "files": wanted, "tensorSets": sets, "nets": nets})
