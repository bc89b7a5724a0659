#!/usr/bin/env python3
# tests/cli/test_progress.py BIN [SCALE] - programs tell at once how long they will take: within two seconds
# (times SCALE), with two busy loops beside them, on a terminal and in plain lines; and no count goes back.
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BIN, SCALE = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 1
LIMIT, ATTEMPTS = 2 * SCALE, 3  # others may use this machine too
failed = False


def wrong(text):
    global failed
    failed = True
    print(text, file=sys.stderr)


class Run:
    """A program whose standard error is a terminal, or a pipe; what it writes there, by time."""

    def __init__(self, terminal, program, *args):
        self.start = time.monotonic()
        end, theirs = pty.openpty() if terminal else os.pipe()
        self.process = subprocess.Popen([f"{BIN}/{program}", *args], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        self.end, self.text, self.first = end, "", None
        self.name = f"{program} {' '.join(args)}, {'terminal' if terminal else 'lines'}"

    def read(self):
        """More of its output; False at its end. Of the first estimate the time is noted."""
        try:
            more = os.read(self.end, 65536).decode()
        except OSError:  # a terminal that nobody has open any more
            more = ""
        self.text += more
        if self.first is None and re.search(r"\d s left", self.text):
            self.first = time.monotonic() - self.start
        return more != ""

    def read_until_told(self):
        while self.first is None and self.read():
            pass

    def finish(self, stop):
        if stop:
            self.process.send_signal(signal.SIGINT)
        while self.read():
            pass
        os.close(self.end)
        status = self.process.wait()
        if status != 0:
            wrong(f"{self.name}: exit status {status}: {self.text}")
        return time.monotonic() - self.start


def shown(text, unit="games"):
    """(finished, total, percent, seconds left) as they were shown."""
    found = re.findall(rf"(\d+)/(\d+) {unit}, (\d+\.\d)%, \d+ {unit}/min, (\d+) s left", text)
    return [(int(a), int(b), float(c), int(d)) for a, b, c, d in found]


def check_counts(run, unit="games"):
    """What one bar, or its lines, have shown."""
    told = shown(run.text, unit)
    if not told:
        wrong(f"{run.name}: nothing was shown: {run.text!r}")
    for a, b in zip(told, told[1:]):
        if b[0] < a[0] or b[1] != a[1] or b[2] < a[2]:
            wrong(f"{run.name}: {a} before {b}")
    for finished, total, percent, _ in told:
        if not 0 <= finished <= total or not 0 <= percent <= 100:
            wrong(f"{run.name}: {finished} of {total}, {percent}%")
    for line in re.split(r"[\r\n]", run.text):
        if "\033" in line and len(line.replace("\033[K", "")) > 79:
            wrong(f"{run.name}: too long for a terminal of 80 columns: {line!r}")
    return told


def tells_soon(out, program, *args):
    """The first estimate comes within the limit. Then the program is stopped, which takes no longer."""
    for terminal in (False, True):
        for attempt in range(ATTEMPTS):
            shutil.rmtree(out, ignore_errors=True)
            run = Run(terminal, program, *args)
            run.read_until_told()
            asked = time.monotonic() - run.start
            stopped = run.finish(True) - asked
            if run.first and run.first <= LIMIT and stopped <= LIMIT:
                break
        else:
            wrong(f"{run.name}: first estimate after {run.first} s, "
                  f"stopped after {stopped:.1f} s: {run.text!r}")
        check_counts(run)


def is_honest(out, *args):
    """A whole run: its counts go up to its games, and the first estimate is not far from what it takes."""
    for terminal in (False, True):
        for attempt in range(ATTEMPTS):
            shutil.rmtree(out, ignore_errors=True)
            run = Run(terminal, "blob-gpu-selfplay", "--out", out, *args)
            run.read_until_told()
            took = run.finish(False)
            told = check_counts(run)
            expected = run.first + told[0][3] if told else 0
            if took / 4 < expected < took * 4:
                break
        else:
            wrong(f"{run.name}: {took:.1f} s, at first {expected:.1f} s: {run.text!r}")
        if not told or told[-1][0] != told[-1][1] or told[-1][2] != 100 or told[-1][3] != 0:
            wrong(f"{run.name}: the end is missing: {told}")
        if terminal and len(told) < min(3, int(took)):
            wrong(f"{run.name}: a bar that hardly moves: {told}")


def main(folder):
    out = f"{folder}/out"
    tells_soon(out, "blob-gpu-selfplay", "--games", "4096", "--device", "cpu", "--out", out)
    tells_soon(out, "blob-train", "--preset", "tiny", "--device", "cpu", "--out", out)
    tells_soon(out, "blob-train", "--preset", "tiny", "--overlap", "--device", "cpu", "--out", out)
    tells_soon(out, "blob-arena", "net:1", "net:2", "--device", "cpu")
    games = str(int(4000 / SCALE))
    is_honest(out, "--games", games, "--evaluator", "hash", "--device", "cpu", "--parallel", "256")


busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
scratch = tempfile.mkdtemp(prefix="blob-progress.")
try:
    main(scratch)
finally:
    for process in busy:
        process.kill()
        process.wait()
    shutil.rmtree(scratch, ignore_errors=True)
sys.exit(failed)
