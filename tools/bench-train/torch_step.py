"""One training step or prediction of PyTorch for each line on stdin, its milliseconds on stdout: the same nets, batch, loss and optimiser as our-step.mjs and fit-step.mjs."""

import argparse
import contextlib
import json
import sys
import time

import torch
from torch import nn


def scaled(channels, width):
    return max(1, int(channels * width + 0.5))


def head(features, classes, width):
    hidden = scaled(1024, width)
    layers = []
    for inputs, rate in (features, 0.2), (hidden, 0.1):
        layers += [nn.Linear(inputs, hidden), nn.ReLU(inplace=True), nn.Dropout(rate)]
    return nn.Sequential(*layers, nn.Linear(hidden, classes))


def convolution(inputs, outputs, kernel, stride=1, padding=0):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = convolution(inputs, outputs, 3, stride, 1)
        self.second = convolution(outputs, outputs, 3, 1, 1)
        self.shortcut = nn.Identity() if stride == 1 and inputs == outputs else convolution(inputs, outputs, 1, stride)

    def forward(self, x):
        y = self.second(torch.relu_(self.first(x)))
        return torch.relu_(y.add_(self.shortcut(x)))


class ResNet34(nn.Module):
    """[batch, 1, mels, frames]"""

    def __init__(self, classes, width):
        super().__init__()
        channels = [scaled(n, width) for n in (64, 128, 256, 512)]
        layers = [convolution(1, channels[0], 7, 2, 3), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
        inputs = channels[0]
        for stage, (outputs, blocks) in enumerate(zip(channels, (3, 4, 6, 3))):
            for block in range(blocks):
                layers.append(Residual(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
                inputs = outputs
        self.layers = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), head(inputs, classes, width))

    def forward(self, x):
        return self.layers(x)


class EnvNet2(nn.Module):
    """[batch, 1, 1, samples]; global max pooling over time"""

    def __init__(self, classes, width):
        super().__init__()
        a, b, c, d = (scaled(n, width) for n in (32, 64, 128, 256))

        def layer(inputs, outputs, kernel, stride=1):
            return nn.Sequential(convolution(inputs, outputs, kernel, stride), nn.ReLU(inplace=True))

        self.time = nn.Sequential(layer(1, a, (1, 64), (1, 2)), layer(a, 64, (1, 16), (1, 2)), nn.MaxPool2d((1, 64)))
        self.image = nn.Sequential(
            layer(1, a, 8), layer(a, a, 8), nn.MaxPool2d((5, 3)),
            layer(a, b, (1, 4)), layer(b, b, (1, 4)), nn.MaxPool2d((1, 2)),
            layer(b, c, (1, 2)), layer(c, c, (1, 2)), nn.MaxPool2d((1, 2)),
            layer(c, d, (1, 2)), layer(d, d, (1, 2)), nn.AdaptiveMaxPool2d((10, 1)), nn.Flatten(),
        )  # fmt: skip
        self.head = head(10 * d, classes, width)

    def forward(self, x):
        return self.head(self.image(self.time(x).transpose(1, 2)))


class Layers(nn.Module):
    """[batch, 1, height, width]: the network of fit-step.mjs"""

    def __init__(self, classes, _):
        super().__init__()
        layers = []
        for inputs, outputs in (1, 32), (32, 64), (64, 128):
            layers += [convolution(inputs, outputs, 3, 1, 1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
        self.layers = nn.Sequential(*layers[:-1], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, classes))

    def forward(self, x):
        return self.layers(x)


def main():
    parser = argparse.ArgumentParser()
    for name in "net", "input":
        parser.add_argument(f"--{name}", required=True)
    for name in "width", "warmup":
        parser.add_argument(f"--{name}", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--task", choices=["train", "predict"], default="train")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=["float32", "float16", "bfloat16"], default="float32")
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    shape = json.loads(options.input)
    envnet = options.net == "envnet2"
    nets = {"envnet2": EnvNet2, "resnet34": ResNet34, "layers": Layers}
    model = nets[options.net](80, options.width).train(options.task == "train").to(options.device)
    if envnet:
        optimizer = torch.optim.SGD(model.parameters(), 1e-4, momentum=0.9, nesterov=True)
    else:
        optimizer = torch.optim.Adam(model.parameters(), 1e-4)
    batch = shape[0]
    inputs = (torch.rand(batch, 1, *([1] if envnet else []), *shape[1:]) * 2 - 1).to(options.device)
    targets = (torch.rand(batch, 80) < 0.03).float().to(options.device)
    bce = nn.BCEWithLogitsLoss()
    half = options.precision != "float32"
    # As PyTorch trains in half precision: weights stay float32, the loss is scaled for float16.
    lower = (lambda: torch.autocast(options.device, getattr(torch, options.precision))) if half else contextlib.nullcontext
    scaler = torch.amp.GradScaler(options.device, enabled=options.precision == "float16")

    def train():
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with lower():
            loss = bce(model(inputs), targets)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        loss.item()
        return (time.perf_counter() - start) * 1000

    def predict():
        start = time.perf_counter()
        with torch.inference_mode(), lower():
            torch.sigmoid(model(inputs)).float().cpu()
        return (time.perf_counter() - start) * 1000

    step = train if options.task == "train" else predict

    warm_until = time.perf_counter() + options.warmup
    step()
    step()
    while time.perf_counter() < warm_until:
        step()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(json.dumps({"version": torch.__version__, "parameters": parameters}), flush=True)
    for line in sys.stdin:
        if line.strip() == "step":
            print(json.dumps({"ms": step()}), flush=True)


main()
