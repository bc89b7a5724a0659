#!/usr/bin/env python3
"""scripts/golden.py - what PyTorch answers for the network of nn/, kept as data for tests.

    /usr/bin/python3 scripts/golden.py tests/data     (Debian: python3-torch)

writes golden_blobnet.txt (8 values, sigmoid) and golden_tanh.txt (1 value, tanh), each
    rows inputs actions values
    and for every row three lines: observation, logits, values
The weights are not stored: element i of tensor t, in the order of weights_tensor() in nn/weights.c,
is an integer formula that golden_weight() in tests/golden.h repeats exactly. PyTorch computes in
float64, so the answers are the true ones and the whole difference is ours.
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
    """The shape of blobnet; its state_dict has exactly the names that nn/weights.c lists."""

    def __init__(self, values, tanh):
        super().__init__()
        self.positional_encoding = nn.Parameter(torch.zeros(1, 1, 256))
        self.input_embedding = nn.Linear(256, 256)
        self.input_norm = nn.LayerNorm(256)
        layer = nn.TransformerEncoderLayer(256, 8, 1024, dropout=0.0, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, 6)
        self.policy_fc = nn.Sequential(nn.Linear(256, 256), nn.ReLU(), nn.Dropout(0.0),
                                       nn.Linear(256, 52))
        self.value_fc = nn.Sequential(nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.0),
                                      nn.Linear(128, values))
        self.tanh = tanh

    def forward(self, x):
        h = self.input_norm(self.input_embedding(x)).unsqueeze(1) + self.positional_encoding
        h = self.transformer(h).squeeze(1)
        v = self.value_fc(h)
        return self.policy_fc(h), torch.tanh(v) if self.tanh else torch.sigmoid(v)


def tensor_names():
    """The order of weights_tensor() in nn/weights.c."""
    names = ["positional_encoding"]
    names += [a + b for a in ("input_embedding", "input_norm") for b in (".weight", ".bias")]
    for n in range(6):
        layer = f"transformer.layers.{n}."
        names += [layer + "self_attn.in_proj_weight", layer + "self_attn.in_proj_bias"]
        names += [layer + a + b
                  for a in ("self_attn.out_proj", "linear1", "linear2", "norm1", "norm2")
                  for b in (".weight", ".bias")]
    names += [f"{head}_fc.{i}.{b}"
              for head in ("policy", "value") for i in (0, 3) for b in ("weight", "bias")]
    return names


def golden_tensor(t, name, shape):
    """Multiples of 2^-19 in [-1/16, 1/16), around 1 for the weights of norms: exact in float32."""
    count = 1
    for dim in shape:
        count *= dim
    centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
    values = [centre + ((splitmix64(t << 32 | i) >> 48) - 32768) / (1 << 19) for i in range(count)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def observations(rows):
    """Mostly 0, some 1, some fractions in eighths, as in what observe() writes."""
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


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: golden.py FOLDER")
    write(os.path.join(sys.argv[1], "golden_blobnet.txt"), 8, False)
    write(os.path.join(sys.argv[1], "golden_tanh.txt"), 1, True)
