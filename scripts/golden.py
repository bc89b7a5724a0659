#!/usr/bin/env python3
"""scripts/golden.py - the answers of PyTorch for the network of nn/, stored as test data.

    /usr/bin/python3 scripts/golden.py tests/data     (Debian: python3-torch)

writes golden_blobnet.txt (8 values, sigmoid) and golden_tanh.txt (1 value, tanh). Each holds
    rows inputs actions values
    and three lines for every row: observation, logits, values
The weights are not stored: element i of tensor t, in the order of weights_tensor() in nn/weights.c,
is an integer formula that golden_fill() in tests/support/golden.h repeats exactly. PyTorch
computes in float64, so its answers count as exact, and all of the difference is ours.

golden_train.txt holds ten steps of training a small network with torch.optim.AdamW, clipping and a
moving average: the settings; the norms of the first step's gradient by tensor; then for each step
    rate policy_loss value_loss gradient_norm
and two lines with some of the parameters and their moving averages. The batches are formulas as
well, which rig_row() in tests/nn repeats.
"""
import os
import sys

import torch
from torch import nn

MASK = (1 << 64) - 1


def splitmix64(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


class BlobNet(nn.Module):
    """The network of nn/; its state_dict has exactly the names that nn/weights.c lists."""

    def __init__(self, values, tanh, inputs=256, width=256, heads=8, hidden=1024, layers=6,
                 policy_hidden=256, value_hidden=128):
        super().__init__()
        self.positional_encoding = nn.Parameter(torch.zeros(1, 1, width))
        self.input_embedding = nn.Linear(inputs, width)
        self.input_norm = nn.LayerNorm(width)
        layer = nn.TransformerEncoderLayer(width, heads, hidden, dropout=0.0, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, layers)
        self.policy_fc = nn.Sequential(nn.Linear(width, policy_hidden), nn.ReLU(), nn.Dropout(0.0),
                                       nn.Linear(policy_hidden, 52))
        self.value_fc = nn.Sequential(nn.Linear(width, value_hidden), nn.ReLU(), nn.Dropout(0.0),
                                      nn.Linear(value_hidden, values))
        self.tanh = tanh

    def forward(self, x):
        h = self.input_norm(self.input_embedding(x)).unsqueeze(1) + self.positional_encoding
        h = self.transformer(h).squeeze(1)
        v = self.value_fc(h)
        return self.policy_fc(h), torch.tanh(v) if self.tanh else torch.sigmoid(v)


def tensor_names(layers=6):
    """The order of weights_tensor() in nn/weights.c."""
    names = ["positional_encoding"]
    names += [a + b for a in ("input_embedding", "input_norm") for b in (".weight", ".bias")]
    for n in range(layers):
        layer = f"transformer.layers.{n}."
        names += [layer + "self_attn.in_proj_weight", layer + "self_attn.in_proj_bias"]
        names += [layer + a + b
                  for a in ("self_attn.out_proj", "linear1", "linear2", "norm1", "norm2")
                  for b in (".weight", ".bias")]
    names += [f"{head}_fc.{i}.{b}"
              for head in ("policy", "value") for i in (0, 3) for b in ("weight", "bias")]
    return names


def golden_tensor(t, name, shape):
    """Multiples of 2^-19 in [-1/16, 1/16), plus 1 in the weights of norms: exact in float32."""
    count = 1
    for dim in shape:
        count *= dim
    centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
    values = [centre + ((splitmix64(t << 32 | i) >> 48) - 32768) / (1 << 19) for i in range(count)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def observations(rows):
    """Mostly 0, some 1, some eighths, as observe() writes them."""
    table = []
    for r in range(rows):
        row = []
        for c in range(256):
            u = splitmix64(1 << 60 | r << 16 | c)
            kind = u & 15
            row.append(1.0 if kind < 3 else ((u >> 8) % 17 - 8) / 8 if kind == 3 else 0.0)
        table.append(row)
    return torch.tensor(table, dtype=torch.float64)


def write(path, values, tanh):
    net = BlobNet(values, tanh).double()
    state = net.state_dict()
    names = tensor_names()
    assert sorted(names) == sorted(state), "names differ from PyTorch's"
    net.load_state_dict({n: golden_tensor(t, n, state[n].shape) for t, n in enumerate(names)})
    net.eval()
    x = observations(16)
    with torch.no_grad():
        logits, v = net(x)
    with open(path, "w") as f:
        f.write(f"{x.shape[0]} 256 52 {values}\n")
        for r in range(x.shape[0]):
            for row in (x[r], logits[r], v[r]):
                f.write(" ".join(f"{float(y):.12g}" for y in row) + "\n")


TRAIN = dict(inputs=64, width=32, heads=4, hidden=64, layers=2, policy_hidden=32, value_hidden=32)
ROWS, STEPS, CHOSEN = 96, 10, 48
VALUE_WEIGHT, BETA1, BETA2, EPSILON, DECAY, CLIP, EMA = 0.75, 0.9, 0.999, 1e-8, 0.1, 0.3, 0.7


def train_batch(b):
    """Batch b: observations, legal masks, policy targets, value targets, numbers of seats."""
    x, legal, policy, value, seats = [], [], [], [], []
    for q in range(b * ROWS, (b + 1) * ROWS):
        row = []
        for c in range(TRAIN["inputs"]):
            u = splitmix64(1 << 60 | q << 16 | c)
            kind = u & 15
            row.append(1.0 if kind < 3 else ((u >> 8) % 17 - 8) / 8 if kind == 3 else 0.0)
        x.append(row)
        mask = (splitmix64(2 << 60 | q) & splitmix64(3 << 60 | q) & (1 << 52) - 1) or 1
        legal.append([bool(mask >> a & 1) for a in range(52)])
        w = [1 + (splitmix64(4 << 60 | q << 16 | a) >> 56) if mask >> a & 1 else 0
             for a in range(52)]
        policy.append((torch.tensor(w, dtype=torch.float32) / float(sum(w))).tolist())
        seats.append(2 + splitmix64(5 << 60 | q) % 7)
        value.append([(splitmix64(6 << 60 | q << 16 | s) >> 56) / 256 if s < seats[-1] else 0.0
                      for s in range(8)])
    d = torch.float64
    return (torch.tensor(x, dtype=d), torch.tensor(legal), torch.tensor(policy, dtype=d),
            torch.tensor(value, dtype=d), torch.tensor(seats))


def train_losses(net, x, legal, policy, value, seats):
    logits, v = net(x)
    logp = torch.log_softmax(logits.masked_fill(~legal, -1e30), dim=1).masked_fill(~legal, 0)
    plays = torch.arange(8) < seats[:, None]
    return (-(policy * logp).sum(1).mean(),
            (((v - value) ** 2 * plays).sum(1) / seats).mean())


def train_tensor(t, name, shape):
    """As golden_tensor, but matrices are four times as large, which a small network needs."""
    return golden_tensor(t, name, shape) * (4 if len(shape) > 1 else 1)


def write_train(path):
    net = BlobNet(8, False, **TRAIN).double()
    names = tensor_names(TRAIN["layers"])
    state = net.state_dict()
    net.load_state_dict({n: train_tensor(t, n, state[n].shape) for t, n in enumerate(names)})
    net.train()
    tensors = dict(net.named_parameters())
    tensors = [tensors[n] for n in names]
    count = sum(p.numel() for p in tensors)
    chosen = [splitmix64(7 << 60 | i) % count for i in range(CHOSEN)]
    optimizer = torch.optim.AdamW(tensors, betas=(BETA1, BETA2), eps=EPSILON, weight_decay=DECAY)
    ema = torch.cat([p.detach().flatten() for p in tensors])
    lines = []
    for step in range(STEPS):
        rate = torch.tensor(0.002 * (step + 1) / STEPS, dtype=torch.float32).item()
        ce, ve = train_losses(net, *train_batch(step))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        (ce + VALUE_WEIGHT * ve).backward()
        if step == 0:
            lines.append([float(p.grad.norm()) for p in tensors])
        norm = nn.utils.clip_grad_norm_(tensors, CLIP)
        optimizer.step()
        flat = torch.cat([p.detach().flatten() for p in tensors])
        keep = min(EMA, (2 + step) / (11 + step))
        ema += (1 - keep) * (flat - ema)
        lines += [[rate, ce.item(), ve.item(), norm.item()], flat[chosen].tolist(),
                  ema[chosen].tolist()]
    with open(path, "w") as f:
        f.write(f"{ROWS} {STEPS} {CHOSEN} {VALUE_WEIGHT} {BETA1} {BETA2} {EPSILON} {DECAY} {CLIP}"
                f" {EMA}\n")
        for line in lines:
            f.write(" ".join(f"{y:.9g}" for y in line) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: golden.py FOLDER")
    write(os.path.join(sys.argv[1], "golden_blobnet.txt"), 8, False)
    write(os.path.join(sys.argv[1], "golden_tanh.txt"), 1, True)
    write_train(os.path.join(sys.argv[1], "golden_train.txt"))
