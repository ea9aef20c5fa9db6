"""Makes flops.json with PyTorch's own counter: python flops.py MODELS, the folder of torch_models.py of the full set of golden values.

Forward parts are the counter's numbers of the encoder's modules. Its formula for the gradient of a convolution's weights takes no notice of groups (PyTorch 2.13), so
grouped convolutions are made of one convolution a group first; the forward count with groups is checked to be the same.
"""

import json
import platform
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import torch
import torch_models
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

CASES = {
    "resnet18": [(1, 64, 100), (1, 128, 512)],
    "resnet34": [(1, 128, 128), (0.125, 128, 128), (1, 128, 512), (1, 128, 1024)],
    "seresnext50": [(1, 128, 64), (0.125, 64, 101), (1, 128, 512)],
    "envnet": [(1, None, 20570), (0.125, None, 30000), (1, None, 133300), (1, None, 200000)],
}


class OneByOne(nn.Module):
    def __init__(self, conv):
        super().__init__()
        groups = conv.groups
        make = lambda: nn.Conv2d(conv.in_channels // groups, conv.out_channels // groups, conv.kernel_size, conv.stride, conv.padding, bias=False)
        self.parts = nn.ModuleList(make() for _ in range(groups))

    def forward(self, x):
        return torch.cat([part(chunk) for part, chunk in zip(self.parts, x.chunk(len(self.parts), 1))], 1)


def ungroup(module):
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d) and child.groups > 1:
            setattr(module, name, OneByOne(child))
        else:
            ungroup(child)
    return module


def count(net, x):
    with FlopCounterMode(display=False) as counter:
        y = net(x)
    forward = counter.get_total_flops()
    owner = type(net).__name__
    counts = {name: sum(ops.values()) for name, ops in counter.get_flop_counts().items() if name.count(".") == 1}
    # SE-ResNeXt runs a slice of its stem, which the counter knows by its class.
    parts = {"layer0" if name == "Sequential.conv1" else name.removeprefix(owner + "."): flops for name, flops in counts.items()}
    with FlopCounterMode(display=False) as counter:
        y.sum().backward()
    return forward, {name: flops for name, flops in parts.items() if flops}, counter.get_total_flops()


cases = []
for net, sizes in CASES.items():
    for width, mels, length in sizes:
        # Fake tensors have shapes and no numbers: the counter sees every operation, nothing is computed.
        with FakeTensorMode(allow_non_fake_inputs=True):
            model = torch_models.NETS[net](classes=80, width=width, heads=1).train()
            x = torch.empty(2, 1, mels or 1, length)
            grouped, parts, _ = count(model, x)
            forward, _, backward = count(ungroup(model), x)
        assert forward == grouped
        head = parts.pop(model.head_names[0])
        assert forward == head + sum(parts.values())
        half = lambda n: n // 2 if n % 2 == 0 else 1 / 0  # of two clips, which batch norm needs
        cases.append({
            "net": net, "width": width, "mels": mels, "length": length,
            "parts": {name: half(n) for name, n in parts.items()}, "head": half(head), "forward": half(forward), "backward": half(backward),
        })  # fmt: skip

versions = {"torch": torch.__version__, "python": platform.python_version()}
Path(__file__).with_name("flops.json").write_text(json.dumps({"versions": versions, "cases": cases}, indent=2) + "\n")
