#!/usr/bin/env python3
"""scripts/torch_train.py [options] - measures PyTorch's training step of BlobNet, in examples a second.

The same step as in blob-bench train: forward, both losses, backward, clipping, AdamW; eager, and by
torch.compile. One batch stays on the device for all steps: filling batches is not counted.

--device auto|cpu|cuda   --precision float32|bf16 (bf16: autocast, float32 weights)
--batch N,N,..   --seconds X a measurement   --repeats N   --threads N
--only eager|compiled   --mode MODE of torch.compile
--csv FILE appends machine,name,value,unit,ceiling,ceiling name
"""
import argparse
import os
import platform
import statistics
import sys
import time

try:
    import torch
except ImportError:
    sys.exit("torch_train.py: torch is missing: pip install torch")

from golden import BlobNet, train_losses

CLIP = 1.0


def random_batch(rows, device):
    """As many ones as in observations; the time does not depend on the numbers."""
    g = torch.Generator().manual_seed(1)
    x = (torch.rand(rows, 256, generator=g) < 0.2).float()
    legal = torch.rand(rows, 52, generator=g) < 0.1
    legal[torch.arange(rows), torch.randint(52, (rows,), generator=g)] = True
    policy = torch.rand(rows, 52, generator=g) * legal
    policy /= policy.sum(1, keepdim=True)
    seats = torch.randint(2, 9, (rows,), generator=g)
    value = torch.rand(rows, 8, generator=g) * (torch.arange(8) < seats[:, None])
    return [t.to(device) for t in (x, legal, policy, value, seats)]


class Losses(torch.nn.Module):
    """Forward and loss as one module, so that all of it is compiled."""

    def __init__(self, net, plays):
        super().__init__()
        self.net = net
        self.register_buffer("plays", plays)

    def forward(self, x, legal, policy, value, seats):
        logits, v = self.net(x)
        logp = torch.log_softmax(logits.float().masked_fill(~legal, -1e30), dim=1)
        logp = logp.masked_fill(~legal, 0)
        plays = self.plays < seats[:, None]
        return (-(policy * logp).sum(1).mean()
                + (((v.float() - value) ** 2 * plays).sum(1) / seats).mean())


class Training:
    """A network, its optimizer and a batch."""

    def __init__(self, args, rows, compiled):
        torch.manual_seed(1)
        if hasattr(torch, "_dynamo"):
            torch._dynamo.reset()
        self.cuda = args.device == "cuda"
        self.rows = rows
        self.net = BlobNet(8, False).to(args.device)
        self.losses = Losses(self.net, torch.arange(8, device=args.device))
        if compiled:
            self.losses = torch.compile(self.losses, mode=args.mode)
        self.parameters = list(self.net.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, lr=1e-4, fused=True)
        self.batch = random_batch(rows, args.device)
        self.bf16 = args.precision == "bf16"

    def step(self):
        with torch.autocast(self.batch[0].device.type, torch.bfloat16, enabled=self.bf16):
            loss = self.losses(*self.batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, CLIP)
        self.optimizer.step()
        return loss

    def sync(self):
        if self.cuda:
            torch.cuda.synchronize()

    def agrees(self):
        """Takes a step; whether its loss is that of golden.py, within the rounding of the precision."""
        with torch.no_grad():
            ce, ve = train_losses(self.net, *self.batch)
        loss = self.step()
        return abs(loss.item() - (ce + ve).item()) < (0.05 if self.bf16 else 1e-4)

    def rate(self, seconds):
        """Examples a second; synchronizes so rarely that it costs nothing."""
        self.sync()
        start, steps, burst = time.perf_counter(), 0, max(1, 32768 // self.rows if self.cuda else 1)
        while True:
            for _ in range(burst):
                self.step()
            steps += burst
            self.sync()
            spent = time.perf_counter() - start
            if spent >= seconds:
                return steps * self.rows / spent


def machine(args):
    if args.device == "cuda":
        return torch.cuda.get_device_name()
    names = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
             if line.startswith("model name")] if os.path.exists("/proc/cpuinfo") else []
    return f"{(names or [platform.processor()])[0]}, {torch.get_num_threads()} threads"


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--precision", choices=("float32", "bf16"), default="float32")
    parser.add_argument("--batch", default="512,2048,4096")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--mode", default="default",
                        choices=("default", "reduce-overhead", "max-autotune",
                                 "max-autotune-no-cudagraphs"))
    parser.add_argument("--only", choices=("eager", "compiled"))
    parser.add_argument("--csv")
    args = parser.parse_args()
    try:
        args.batch = [int(b) for b in args.batch.split(",")]
    except ValueError:
        args.batch = [0]
    if min(args.batch) < 1 or args.repeats < 1 or args.threads < 0:
        parser.error("--batch, --repeats: whole numbers from 1; --threads: from 0")
    if args.device == "auto":
        args.device = "cuda" if torch.cuda.is_available() else "cpu"
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch finds no GPU here")
    return args


def main():
    args = read_options()
    if args.threads:
        torch.set_num_threads(args.threads)
    print(f"PyTorch {torch.__version__}, {machine(args)}, {args.precision}")
    for rows in args.batch:
        for mode in ("eager", "compiled"):
            if args.only not in (None, mode):
                continue
            training = Training(args, rows, mode == "compiled")
            try:
                if not training.agrees():
                    sys.exit("torch_train.py: the loss is not that of golden.py")
                for _ in range(3):
                    training.step()
                training.rate(args.seconds / 4)
                rates = [training.rate(args.seconds) for _ in range(args.repeats)]
            except torch.cuda.OutOfMemoryError:
                print(f"PyTorch {mode}, batch {rows}: does not fit into memory")
                continue
            if mode == "compiled" and args.mode != "default":
                mode = f"compiled {args.mode}"
            name = f"PyTorch training {mode} {args.device} {args.precision} batch {rows}"
            rate = statistics.median(rates)
            print(f"{name:60s} {rate:12.0f} examples/s", flush=True)
            if args.csv:
                with open(args.csv, "a", encoding="utf-8") as f:
                    if f.tell() == 0:
                        f.write("machine,name,value,unit,ceiling,ceiling name\n")
                    f.write(f'"{machine(args)}","{name}",{rate:.6g},"examples/s",0,""\n')


if __name__ == "__main__":
    main()
