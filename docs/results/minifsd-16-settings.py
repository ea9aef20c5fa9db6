"""Settings of the ablation by cross-validation: its training once more in PyTorch, many networks at a time on one GPU. No test clip is scored.

    python3 minifsd-16-settings.py RUN MINIFSD [--seeds 4 --cycle 420 --cycles 4]

RUN is a run folder after `dcase2019 prepare`, MINIFSD the unpacked data set (its tables, with the true labels of the noisy clips). PyTorch 2.11, numpy.
minifsd-16-settings.txt was printed by this program before it was tidied, with other random draws: three minutes on one NVIDIA H100. Rows that come twice there were
trained in two groups of seeds. Two folds of four; ± is
the standard error over seeds and folds. "noisy truth" is the lwlrap of the curated head against the true labels of the noisy clips, which no training saw,
but for the row `ssl truth`, that learns from them: the most the SSL stream could bring.

Networks of one kind are steps of one CUDA graph, each on a stream of its own, so many small networks fill the GPU.
"""

import argparse
import csv
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("run", type=Path)
parser.add_argument("minifsd", type=Path)
for name, default in dict(seeds=4, cycle=420, cycles=4).items():
    parser.add_argument(f"--{name}", type=int, default=default)
a = parser.parse_args()

device = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
started = time.time()
FRAMES, BATCH, CLASSES = 128, 16, 16


def say(*words):
    print(f"[{time.time() - started:.0f}s]", *words, flush=True)


# --- data --------------------------------------------------------------------------------------------------------------------------


def decibels(split):
    """whole decibels above -100, at most 80 below the clip's largest, uint8 [frames, 128] of every clip"""
    for index in sorted((a.run / "features").glob(f"{split}-????.json")):
        about = json.loads(index.read_text())
        power = np.load(a.run / "features" / about["mel"]["file"]).ravel()
        for clip in about["clips"]:
            mel = power[clip["melOffset"] :][: 128 * clip["frames"]].reshape(128, clip["frames"])
            db = 10 * np.log10(np.maximum(mel, 1e-10))
            yield np.round(np.maximum(db, db.max() - 80) + 100).clip(0, 255).astype(np.uint8).T


def table(path, column, classes, names=None):
    rows = {row["fname"]: row[column].split(",") for row in csv.DictReader(open(path))}
    return np.array([[c in rows[name] for c in classes] for name in names or rows], np.float32), list(rows)


classes = next(csv.reader(open(a.minifsd / "sample_submission.csv")))[1:]
curated_labels, _ = table(a.minifsd / "train_curated.csv", "labels", classes)
noisy_labels, noisy_names = table(a.minifsd / "train_noisy.csv", "labels", classes)
truth, _ = table(a.minifsd / "meta" / "noisy.csv", "true_labels", classes, noisy_names)
clips = [*decibels("curated"), *decibels("noisy")]
lengths = np.array([len(clip) for clip in clips])
NC, NN = len(curated_labels), len(noisy_labels)
assert len(clips) == NC + NN
power = torch.pow(10.0, (torch.from_numpy(np.concatenate(clips)).to(device).float() - 100) / 10)
length = torch.tensor(lengths, device=device)
offset = torch.tensor(np.concatenate([[0], np.cumsum(lengths)[:-1]]), device=device)
labels = torch.tensor(np.concatenate([curated_labels, noisy_labels]), device=device)


def held_out(rows):
    """KFold(4, shuffle=True, random_state=42)"""
    return [np.sort(part) for part in np.array_split(np.random.RandomState(42).permutation(rows), 4)]


folds, noisy_folds = held_out(NC), held_out(NN)


def draw(pick, partner, mask_p, mix_p, both_labels):
    """slice, MixUp, frequency mask, decibels, standardise: [n, 1, 128, frames] and targets [n, classes]"""
    n, ids = len(pick), torch.cat([pick, partner])
    spare = length[ids] - FRAMES
    start = (torch.rand(2 * n, device=device) * (spare.abs() + 1)).long().minimum(spare.abs())
    at = torch.arange(FRAMES, device=device)[None]
    frame = torch.where(spare[:, None] >= 0, start[:, None] + at, at - start[:, None])
    inside = (frame >= 0) & (frame < length[ids][:, None])
    x = power[offset[ids][:, None] + frame.clamp(min=0).minimum(length[ids][:, None] - 1)] * inside[..., None]
    mixed = (torch.rand(n, device=device) < mix_p).float()
    share = torch.rand(n, device=device) * mixed + (1 - mixed)
    x = share[:, None, None] * x[:n] + (1 - share)[:, None, None] * x[n:]
    y = share[:, None] * both_labels[:n] + (1 - share)[:, None] * both_labels[n:]
    width = torch.randint(8, 33, (n,), device=device)
    first = (torch.rand(n, device=device) * (129 - width)).long()
    band = torch.arange(128, device=device)[None]
    hidden = (band >= first[:, None]) & (band < (first + width)[:, None]) & (torch.rand(n, device=device) < mask_p)[:, None]
    db = 10 * torch.log10((x * ~hidden[:, None, :]).clamp(min=1e-10))
    db = torch.maximum(db, db.amax((1, 2), keepdim=True) - 80)
    db = (db - db.mean((1, 2), keepdim=True)) / (db.std((1, 2), keepdim=True, unbiased=False) + 1e-7)
    return db.transpose(1, 2)[:, None].contiguous(), y


# --- network -----------------------------------------------------------------------------------------------------------------------


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.stride = stride
        self.c1, self.b1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.c2, self.b2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        change = stride != 1 or inputs != outputs
        self.skip = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)) if change else nn.Identity()

    def forward(self, x, mask=1.0):
        y = torch.relu(self.b1(self.c1(x))) * mask
        return torch.relu(self.b2(self.c2(y)) + self.skip(x)) * mask


class Tagger(nn.Module):
    """ResNet34 at 1/8 width with two heads: 0 curated, 1 noisy"""

    def __init__(self):
        super().__init__()
        channels = (8, 16, 32, 64)
        self.c, self.b, self.pool = nn.Conv2d(1, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8), nn.MaxPool2d(3, 2, 1)
        blocks, inputs = [], 8
        for stage, (count, outputs) in enumerate(zip((3, 4, 6, 3), channels)):
            for i in range(count):
                blocks.append(Block(inputs, outputs, 2 if stage and not i else 1))
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        head = lambda: nn.Sequential(
            nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, CLASSES)
        )
        self.heads = nn.ModuleList([head(), head()])

    def forward(self, x, head=0, frames=None):
        """frames [n]: clips of different length, zeros beyond their end on every level, as if each were alone"""
        masks = [1.0] * 6
        if frames is not None:
            width = x.shape[3]
            masks = []
            for _ in range(6):
                frames, width = (frames + 1) // 2, (width + 1) // 2
                masks.append((torch.arange(width, device=x.device)[None] < frames[:, None])[:, None, None].float())
        x = self.pool(torch.relu(self.b(self.c(x))) * masks[0]) * masks[1]
        level = 1
        for block in self.blocks:
            level += block.stride - 1
            x = block(x, masks[level])
        return self.heads[head](x.amax((2, 3)))


@torch.no_grad()
def predict(net, ids):
    """probabilities of whole clips [ids, classes], by the curated head"""
    net.eval()
    order = np.argsort(lengths[ids])
    out, i = np.zeros((len(ids), CLASSES), np.float32), 0
    while i < len(order):
        j = i
        while j < len(order) and j - i < 96 and lengths[ids[order[j]]] <= max(lengths[ids[order[i]]] * 1.3, 64):
            j += 1
        group = torch.tensor(np.array(ids)[order[i:j]], device=device)
        n = length[group]
        at = torch.arange(max(32, int(n.max())), device=device)[None]
        inside = (at < n[:, None])[..., None].float()
        db = 10 * torch.log10(power[offset[group][:, None] + at.minimum(n[:, None] - 1)].clamp(min=1e-10))
        db = torch.maximum(db, (db * inside - 1e9 * (1 - inside)).amax((1, 2), keepdim=True) - 80)
        count = (n * 128).float()[:, None, None]
        mean = (db * inside).sum((1, 2), keepdim=True) / count
        std = (((db - mean) ** 2 * inside).sum((1, 2), keepdim=True) / count).sqrt()
        x = (db - mean) / (std + 1e-7) * inside
        out[order[i:j]] = torch.sigmoid(net(x.transpose(1, 2)[:, None].contiguous(), 0, n.clamp(min=32))).cpu().numpy()
        i = j
    net.train()
    return out


def lwlrap(truth, scores):
    total = 0.0
    for t, s in zip(truth, scores):
        t = t[np.argsort(-s, kind="stable")]
        total += (np.cumsum(t) / np.arange(1, CLASSES + 1) * t).sum()
    return total / truth.sum()


# --- training ----------------------------------------------------------------------------------------------------------------------


class Job:
    """one network: chance of MixUp and mask, noisy stream or not, weight and labels of the SSL stream, weights to start from"""

    def __init__(self, name, fold, seed, mix=0.5, mask=0.5, noisy=True, ssl=0.0, pseudo=None, start=None, cycle=a.cycle, cycles=a.cycles):
        self.name, self.fold, self.seed, self.mix, self.mask, self.noisy = name, fold, seed, mix, mask, noisy
        self.ssl, self.pseudo, self.start, self.cycle, self.cycles = ssl, pseudo, start, cycle, cycles


def train(jobs, tag):
    """snapshots at the end of every cycle, for every job; jobs have the same streams and the same number of updates"""
    count, total = len(jobs), jobs[0].cycle * jobs[0].cycles
    rng = np.random.default_rng(len(jobs[0].name) + 1000 * count)
    nets, optimizers, rates = [], [], []
    for job in jobs:
        torch.manual_seed(100 * job.seed + job.fold)
        net = Tagger().to(device).train()
        if job.start is not None:
            net.load_state_dict(job.start)
        rates.append(torch.tensor(0.0, device=device))
        graph = device == "cuda"
        optimizers.append(torch.optim.Adam(net.parameters(), lr=rates[-1] if graph else 0.0, capturable=graph, fused=graph))
        nets.append(net)
    curated = np.array([np.setdiff1d(np.arange(NC), folds[job.fold]) for job in jobs])
    passes = math.ceil(total * BATCH / curated.shape[1])
    order = np.stack([np.concatenate([rng.permutation(row) for _ in range(passes)])[: total * BATCH].reshape(total, BATCH) for row in curated], 1)
    order, curated = torch.tensor(order, device=device), torch.tensor(curated, device=device)
    noisy_train = torch.tensor(np.array([NC + np.setdiff1d(np.arange(NN), noisy_folds[job.fold]) for job in jobs]), device=device)
    mix_p = torch.tensor([job.mix for job in jobs], device=device).repeat_interleave(BATCH)
    mask_p = torch.tensor([job.mask for job in jobs], device=device).repeat_interleave(BATCH)
    pseudo = torch.stack([torch.cat([labels[:NC], torch.tensor(job.pseudo, device=device)]) for job in jobs]) if jobs[0].ssl else None
    step = torch.zeros((), dtype=torch.long, device=device)
    which = torch.arange(count, device=device)[:, None].expand(count, BATCH)
    some = lambda rows: rows.gather(1, torch.randint(0, rows.shape[1], (count, BATCH), device=device))
    any_noisy = lambda: torch.randint(NC, NC + NN, (count, BATCH), device=device)
    half = lambda: torch.where(torch.rand(count, BATCH, device=device) < 0.5, some(curated), some(noisy_train))
    streams = [torch.cuda.Stream() for _ in range(min(count, 24))] if device == "cuda" else []

    def batches():
        pairs = [(order.index_select(0, step[None])[0], some(curated), None)]
        if jobs[0].noisy:
            pairs.append((any_noisy(), any_noisy(), None))
        if jobs[0].ssl:
            pairs.append((half(), half(), pseudo))
        for pick, partner, own in pairs:
            both = [labels[ids] if own is None else own[which, ids] for ids in (pick, partner)]
            x, y = draw(pick.reshape(-1), partner.reshape(-1), mask_p, mix_p, torch.cat([each.reshape(-1, CLASSES) for each in both]))
            yield x.view(count, BATCH, 1, 128, FRAMES), y.view(count, BATCH, CLASSES)

    def update(k, data):
        net, losses = nets[k], []
        for head, (x, y) in enumerate(data):
            if head < 2 and (head == 0 or jobs[0].noisy):
                losses.append(F.binary_cross_entropy_with_logits(net(x[k], head), y[k]))
            else:
                losses.append(jobs[k].ssl * ((torch.sigmoid(net(x[k])) - y[k]) ** 2).mean())
        parameters = list(net.parameters())
        for parameter, gradient in zip(parameters, torch.autograd.grad(sum(losses), parameters, allow_unused=True)):
            parameter.grad = gradient
        optimizers[k].step()

    def all_updates():
        with torch.no_grad():
            data = list(batches())
        if device == "cpu":
            for k in range(count):
                update(k, data)
        else:
            here = torch.cuda.current_stream()
            for stream in streams:
                stream.wait_stream(here)
            for k in range(count):
                with torch.cuda.stream(streams[k % len(streams)]):
                    update(k, data)
            for stream in streams:
                here.wait_stream(stream)
        step.add_(1)

    run = all_updates
    if device == "cuda":
        before = [{key: value.clone() for key, value in net.state_dict().items()} for net in nets]
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            all_updates()
            all_updates()
        torch.cuda.synchronize()
        for net, state in zip(nets, before):
            net.load_state_dict(state)
        for optimizer in optimizers:
            for state in optimizer.state.values():
                for value in state.values():
                    value.zero_()
        graph = torch.cuda.CUDAGraph()
        step.zero_()
        with torch.cuda.graph(graph):
            all_updates()
        step.zero_()
        run = graph.replay
    snapshots, begun = [[] for _ in jobs], time.time()
    for t in range(total):
        for job, rate, optimizer in zip(jobs, rates, optimizers):
            value = 1e-6 + (1e-3 - 1e-6) * (1 + math.cos(math.pi * (t % job.cycle) / job.cycle)) / 2
            rate.fill_(value) if device == "cuda" else optimizer.param_groups[0].update(lr=value)
        run()
        for job, net, kept in zip(jobs, nets, snapshots):
            if (t + 1) % job.cycle == 0:
                kept.append({key: value.clone() for key, value in net.state_dict().items()})
    say(f"{tag}: {count} networks, {total} updates, {time.time() - begun:.0f} s")
    net = Tagger().to(device)
    predictions = {}
    for name in dict.fromkeys(job.name for job in jobs):
        mine = [(job, kept) for job, kept in zip(jobs, snapshots) if job.name == name]
        for cycle in range(mine[0][0].cycles):
            cv, noisy = [], []
            for job, kept in mine:
                net.load_state_dict(kept[cycle])
                held = folds[job.fold]
                cv.append(lwlrap(curated_labels[held], predict(net, held)))
                predictions[name, job.fold, job.seed, cycle] = p = predict(net, np.arange(NC, NC + NN))
                has = truth.sum(1) > 0
                noisy.append(lwlrap(truth[has], p[has]))
            parts = [f"{word} {np.mean(v):.4f} ± {np.std(v) / len(v) ** 0.5:.4f}" for word, v in (("cv", cv), ("noisy truth", noisy))]
            say(f"{name:28s} cycle {cycle + 1}:", *parts)
    return snapshots, predictions


def sharpened(p, exponent):
    p = p**exponent
    return (p / np.maximum(p.sum(1, keepdims=True), 1e-12)).astype(np.float32)


pairs = [(fold, seed) for seed in range(a.seeds) for fold in (0, 1)]
each = lambda name, **settings: [Job(name, fold, seed, **settings) for fold, seed in pairs]
train(
    each("baseline", mix=0.0, mask=0.0, noisy=False) + each("mixup", mask=0.0, noisy=False) + each("mask", noisy=False), "curated"
)
long_cycle = a.cycle * a.cycles // 2
snapshots, noisy_scores = train(each("multitask") + each("multitask-long", cycle=long_cycle, cycles=2), "multitask")
short, long = snapshots[: len(pairs)], snapshots[len(pairs) :]
every = range(a.cycles)
jobs = []
for i, (fold, seed) in enumerate(pairs):
    for name, weight, exponent, used, labeller, start in [
        ("ssl c2 w20 e2", 20.0, 2, [0, 1], "multitask", short[i][1]),
        ("ssl c4 w20 e2", 20.0, 2, every, "multitask", short[i][-1]),
        ("ssl c4 w20 e1", 20.0, 1, every, "multitask", short[i][-1]),
        ("ssl c4 w5 e2", 5.0, 2, every, "multitask", short[i][-1]),
        ("ssl c4 last w20 e2", 20.0, 2, [a.cycles - 1], "multitask", short[i][-1]),
        ("ssl long w20 e2", 20.0, 2, [0, 1], "multitask-long", long[i][-1]),
    ]:
        pseudo = sharpened(np.mean([noisy_scores[labeller, fold, seed, cycle] for cycle in used], 0), exponent)
        jobs.append(Job(name, fold, seed, ssl=weight, pseudo=pseudo, start=start, cycles=2))
    jobs.append(Job("ssl truth w20", fold, seed, ssl=20.0, pseudo=sharpened(truth, 1), start=short[i][-1], cycles=2))
jobs.sort(key=lambda job: job.name)
for first in range(0, len(jobs), 28):
    train(jobs[first : first + 28], "ssl")
train([Job("longer", fold, seed, start=short[i][-1], cycles=2) for i, (fold, seed) in enumerate(pairs)], "longer")
