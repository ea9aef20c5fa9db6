"""Loads a file of export-torch into PyTorch and writes the logits of every head: python logits.py FILE NET OPTIONS INPUT OUTPUT.

OPTIONS: JSON for the network. INPUT, OUTPUT: raw little-endian float32; the input's shape is in OPTIONS under "input".
"""

import json
import sys

import numpy
import torch
from safetensors.torch import load_file
from torch_models import NETS

file, net, options, source, target = sys.argv[1:]
options = json.loads(options)
shape = options.pop("input")
model = NETS[net](**options)
model.load_state_dict(load_file(file), strict=True)
x = torch.from_numpy(numpy.fromfile(source, "<f4").reshape(shape))
with torch.no_grad():
    features = model.eval().features(x)
    logits = [getattr(model, head)(features) for head in model.head_names]
torch.stack(logits).numpy().astype("<f4").tofile(target)
