"""PyTorch writes random checkpoints, or reads a safetensors file.

python random_files.py write FOLDER COUNT SEED    COUNT .pth files and index.json: where the state_dict lies, numbers beside it, shape and SHA-256 of each tensor
python random_files.py read FILE                  prints the same of a safetensors file, as JSON

The hash is of the values as little-endian float64 in row-major order.
"""

import hashlib
import json
import random
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

TYPES = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split()


def described(tensors):
    hashed = lambda t: hashlib.sha256(t.detach().to(torch.float64).contiguous().numpy().tobytes()).hexdigest()
    return {name: {"shape": list(t.shape), "sha256": hashed(t)} for name, t in tensors.items()}


def base():
    shape = [random.randint(0, 5) for _ in range(random.randint(0, 4))]
    return (torch.randn(shape) * 50).to(getattr(torch, random.choice(TYPES)))


def view(t):
    kind = random.randint(0, 6)
    if kind == 0 and t.dim() > 1:
        return t.permute(*random.sample(range(t.dim()), t.dim()))
    if kind == 1 and t.dim() > 0 and len(t) > 1:
        return t[1:]
    if kind == 2 and t.dim() > 0 and t.shape[-1] > 2:
        return t[..., ::2]
    if kind == 3:
        return t.unsqueeze(0).expand(3, *t.shape)
    if kind == 4 and t.dim() == 2:
        return t.diagonal()
    if kind == 5 and t.is_floating_point():
        return torch.nn.Parameter(t)
    return t.flatten() if kind == 6 else t


def checkpoint():
    """Tensors of some few storages, bare or in a checkpoint, in a format that PyTorch can write."""
    pool = [base() for _ in range(random.randint(1, 4))]
    state = {}
    for i in range(random.randint(1, 8)):
        t = random.choice(pool)
        for _ in range(random.randint(0, 3)):
            t = view(t)
        state[f"layer{i}.é"] = t
    content, scalars = state, {}
    if random.random() < 0.4:
        epoch = random.choice([0, 255, 65535, 2**31 - 1, -1, -(2**31), 2**40])
        scalars = {"epoch": epoch, "lr": random.random(), "classes": ["a", "b"], "betas": (0.9, 0.999), "done": True, "note": None}
        content = {**scalars, "model": state}
    options = {"_use_new_zipfile_serialization": False} if random.random() < 0.5 else {"pickle_protocol": random.choice([2, 3, 4, 5])}
    return content, options, {"root": "model" if scalars else "", "scalars": scalars, "tensors": described(state)}


def write(folder, count, seed):
    random.seed(seed)
    torch.manual_seed(seed)
    index = []
    for i in range(count):
        content, options, about = checkpoint()
        torch.save(content, folder / f"{i}.pth", **options)
        index.append(about)
    (folder / "index.json").write_text(json.dumps({"files": index}))


if sys.argv[1] == "write":
    write(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
else:
    print(json.dumps(described(load_file(sys.argv[2]))))
