"""The networks as PyTorch modules, with the parameter names of the authors' and Cadene's checkpoints.

`width` multiplies every channel count and every hidden size: n -> max(1, floor(n * width + 0.5)). Two exceptions:
EnvNet's conv2 always has 64 outputs, because they become its height axis, and SE-ResNeXt scales the number of groups
(32) while the groups keep their 4, 8, 16 and 32 channels.
"""

import math
from collections import OrderedDict

import torch
from torch import nn
from torch.nn.functional import adaptive_max_pool2d, relu



def scaled(channels, width):
    return max(1, math.floor(channels * width + 0.5))


def fully_connected(features, classes, width, dropout):
    """One head: features -> 1024 -> 1024 -> classes."""
    hidden = scaled(1024, width)
    return nn.Sequential(
        nn.Linear(features, hidden), nn.ReLU(), nn.Dropout(dropout[0]),
        nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(dropout[1]),
        nn.Linear(hidden, classes),
    )  # fmt: skip


class Tagger(nn.Module):
    """An encoder and one or two heads; head 0 learns from curated labels, head 1 from noisy ones."""

    VARIANCE = 1  # of the generated weights, times fan-in

    def add_heads(self, features, classes, width, heads, dropout):
        self.head_names = self.HEADS[:heads]
        for name in self.head_names:
            setattr(self, name, fully_connected(features, classes, width, dropout))

    def trace(self, x):
        """Yields (stage, activation); the last stage is the pooled features [batch, features]."""
        raise NotImplementedError

    def features(self, x):
        for _, x in self.trace(x):
            pass
        return x

    def forward(self, x, head=0):
        return getattr(self, self.head_names[head])(self.features(x))


# --- ResNet-18 and ResNet-34 -------------------------------------------------------------------------------------


def down(inputs, outputs, stride):
    """The projection of a residual block's input, where its shape changes."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = down(inputs, outputs, stride)

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = relu(self.bn1(self.conv1(x)))
        return relu(self.bn2(self.conv2(x)) + shortcut)


class ResNet(Tagger):
    """Log-mel input [batch, 1, mels, frames]."""

    HEADS = "last_linear", "last_linear2"

    def __init__(self, blocks, classes=80, width=1, heads=2, dropout=(0.2, 0.1)):
        super().__init__()
        channels = [scaled(n, width) for n in (64, 128, 256, 512)]
        self.conv1 = nn.Conv2d(1, channels[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = channels[0]
        for stage, (count, outputs) in enumerate(zip(blocks, channels)):
            strides = [1 if stage == 0 else 2] + [1] * (count - 1)
            layer = [BasicBlock(inputs if i == 0 else outputs, outputs, s) for i, s in enumerate(strides)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layer))
            inputs = outputs
        self.add_heads(inputs, classes, width, heads, dropout)

    def trace(self, x):
        yield "stem", (x := relu(self.bn1(self.conv1(x))))
        yield "pool", (x := self.maxpool(x))
        for stage in "layer1", "layer2", "layer3", "layer4":
            yield stage, (x := getattr(self, stage)(x))
        yield "features", adaptive_max_pool2d(x, 1).flatten(1)


# --- SE-ResNeXt-50 (32x4d) ---------------------------------------------------------------------------------------


class SqueezeExcite(nn.Module):
    def __init__(self, channels, reduction):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x):
        gate = x.mean((2, 3), keepdim=True)
        return x * torch.sigmoid(self.fc2(relu(self.fc1(gate))))


class SEResNeXtBlock(nn.Module):
    def __init__(self, inputs, inner, outputs, groups, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.se_module = SqueezeExcite(outputs, 16)
        self.downsample = down(inputs, outputs, stride)

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = relu(self.bn1(self.conv1(x)))
        x = relu(self.bn2(self.conv2(x)))
        return relu(self.se_module(self.bn3(self.conv3(x))) + shortcut)


class SEResNeXt(Tagger):
    """Log-mel input [batch, 1, mels, frames >= 3]. Its 3x3/2 max pooling has no padding and ceil_mode."""

    HEADS = "last_linear", "last_linear2"

    def __init__(self, blocks, classes=80, width=1, heads=2, dropout=(0.2, 0.1)):
        super().__init__()
        inputs, groups = scaled(64, width), scaled(32, width)
        self.layer0 = nn.Sequential(OrderedDict(
            conv1=nn.Conv2d(1, inputs, 7, 2, 3, bias=False), bn1=nn.BatchNorm2d(inputs), relu1=nn.ReLU(),
            pool=nn.MaxPool2d(3, 2, ceil_mode=True),
        ))  # fmt: skip
        for stage, count in enumerate(blocks):
            inner, outputs = 4 * 2**stage * groups, scaled(256 * 2**stage, width)
            strides = [1 if stage == 0 else 2] + [1] * (count - 1)
            layer = [SEResNeXtBlock(inputs if i == 0 else outputs, inner, outputs, groups, s) for i, s in enumerate(strides)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layer))
            inputs = outputs
        self.add_heads(inputs, classes, width, heads, dropout)

    def trace(self, x):
        yield "stem", (x := self.layer0[:3](x))
        yield "pool", (x := self.layer0.pool(x))
        for stage in "layer1", "layer2", "layer3", "layer4":
            yield stage, (x := getattr(self, stage)(x))
        yield "features", adaptive_max_pool2d(x, 1).flatten(1)


# --- EnvNet-v2, the variant with global max pooling over time ----------------------------------------------------


class ConvBnRelu(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__()
        conv = nn.Conv2d(inputs, outputs, kernel, stride, bias=False)
        self.conv_bn_relu = nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, x):
        return self.conv_bn_relu(x)


class EnvNet(Tagger):
    """Waveform input [batch, 1, 1, samples >= 20570]."""

    HEADS = "last_linear1", "last_linear2"
    VARIANCE = 2

    def __init__(self, classes=80, width=1, heads=2, dropout=(0.2, 0.1)):
        super().__init__()
        a, b, c, d = (scaled(n, width) for n in (32, 64, 128, 256))
        self.conv1 = ConvBnRelu(1, a, (1, 64), (1, 2))
        self.conv2 = ConvBnRelu(a, 64, (1, 16), (1, 2))
        self.maxpool1 = nn.MaxPool2d((1, 64))
        self.conv3 = ConvBnRelu(1, a, (8, 8))
        self.conv4 = ConvBnRelu(a, a, (8, 8))
        self.maxpool2 = nn.MaxPool2d((5, 3))
        self.conv5 = ConvBnRelu(a, b, (1, 4))
        self.conv6 = ConvBnRelu(b, b, (1, 4))
        self.conv7 = ConvBnRelu(b, c, (1, 2))
        self.conv8 = ConvBnRelu(c, c, (1, 2))
        self.conv9 = ConvBnRelu(c, d, (1, 2))
        self.conv10 = ConvBnRelu(d, d, (1, 2))
        self.maxpool3 = nn.MaxPool2d((1, 2))
        self.add_heads(10 * d, classes, width, heads, dropout)

    def trace(self, x):
        yield "conv1", (x := self.conv1(x))
        yield "conv2", (x := self.conv2(x))
        yield "swap", (x := self.maxpool1(x).transpose(1, 2))  # [B, 64, 1, W] -> [B, 1, 64, W]
        yield "conv3", (x := self.conv3(x))
        yield "conv4", (x := self.conv4(x))
        yield "pool2", (x := self.maxpool2(x))
        yield "conv6", (x := self.conv6(self.conv5(x)))
        yield "conv8", (x := self.conv8(self.conv7(self.maxpool3(x))))
        yield "conv10", (x := self.conv10(self.conv9(self.maxpool3(x))))
        yield "features", adaptive_max_pool2d(x, (10, 1)).flatten(1)  # channel-major: index = channel * 10 + height


NETS = {
    "resnet18": lambda **options: ResNet((2, 2, 2, 2), **options),
    "resnet34": lambda **options: ResNet((3, 4, 6, 3), **options),
    "seresnext50": lambda **options: SEResNeXt((3, 4, 6, 3), **options),
    "envnet2": EnvNet,
}
