"""Small checkpoints for the tests of import-torch: python make.py (PyTorch 2.13.0). Weights are PyTorch's defaults from one seed, running statistics drawn too."""

from collections import OrderedDict
from pathlib import Path
from unittest import mock

import torch
from torch_models import NETS

HERE = Path(__file__).parent
CLASSES = (HERE / "../../data/minifsd-open/sample_submission.csv").read_text().splitlines()[0].split(",")[1:]
WIDTH = 1 / 32


def network(name, heads):
    torch.manual_seed(20190612)
    model = NETS[name](classes=len(CLASSES), width=WIDTH, heads=heads).eval()
    for key, tensor in model.state_dict().items():
        if key.endswith("running_mean"):
            tensor.normal_(0, 0.1)
        elif key.endswith("running_var"):
            tensor.uniform_(0.7, 1.3)
    return model


def authors_resnet():
    """As their program saves it: legacy format, storages on cuda:0, the encoder twice, two layers that are never used."""
    state = network("resnet34", 2).state_dict()
    twice = OrderedDict((f"base_model.{k}", v) for k, v in state.items() if not k.startswith("last_linear"))
    twice["base_model.conv1.weight"] = torch.randn(len(state["conv1.weight"]), 3, 7, 7)
    twice["base_model.last_linear.weight"] = torch.randn(len(CLASSES), len(state["layer4.0.bn1.bias"]))
    twice["base_model.last_linear.bias"] = torch.randn(len(CLASSES))
    twice |= state
    with mock.patch("torch.serialization.location_tag", return_value="cuda:0"):
        torch.save(twice, HERE / "resnet34-authors.pth", _use_new_zipfile_serialization=False)


def training_checkpoint(path, classes):
    model = network("envnet2", 1)
    content = {"state_dict": model.state_dict(), "epoch": 80, "best_lwlrap": 0.8125, "classes": classes}
    torch.save(content, HERE / path)


authors_resnet()
training_checkpoint("envnet2-checkpoint.pth", CLASSES)
