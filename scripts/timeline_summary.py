#!/usr/bin/env python3
"""scripts/timeline_summary.py - shows where a recorded run kept the device busy, and where it waited.

    scripts/timeline_summary.py FILE [--top N]

FILE was written by --trace, or by `nsys export --type sqlite` from a recording. Exit status: 0
printed, 1 the file shows no device, 2 usage, or a file that is neither. Standard library only.
"""
import argparse
import json
import re
import sqlite3
import sys
from collections import defaultdict, namedtuple

VERSION = "of the source tree"  # an installed copy has the project's number

Interval = namedtuple("Interval", "start end name")  # microseconds


class Unreadable(Exception):
    pass


def read_json(path):
    """A file of --trace as {(process, row): intervals}."""
    try:
        with open(path, encoding="utf-8") as f:
            events = json.load(f)
        names = {
            (e["pid"], e.get("tid") if e["name"] == "thread_name" else None): e["args"]["name"]
            for e in events
            if e["ph"] == "M"
        }
        rows = defaultdict(list)
        for e in events:
            if e["ph"] == "X":
                row = names.get((e["pid"], None)), names.get((e["pid"], e["tid"]))
                rows[row].append(Interval(e["ts"], e["ts"] + e["dur"], e["name"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"is not a timeline: {error}") from None
    return rows


COPIES = {1: "copy, host to device", 2: "copy, device to host", 8: "copy within the device"}


def read_sqlite(path):
    """An export of nsys, in the same form; NVTX ranges show the host enqueueing."""
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        tables = {x for (x,) in db.execute("select name from sqlite_master where type = 'table'")}
        kernels, host = [], []
        if "CUPTI_ACTIVITY_KIND_KERNEL" in tables:
            rows = db.execute(
                "select k.start, k.end, s.value from CUPTI_ACTIVITY_KIND_KERNEL k"
                " join StringIds s on s.id = k.demangledName"
            )
            kernels += [Interval(a / 1e3, b / 1e3, name) for a, b, name in rows]
        if "CUPTI_ACTIVITY_KIND_MEMCPY" in tables:
            rows = db.execute("select start, end, copyKind from CUPTI_ACTIVITY_KIND_MEMCPY")
            kernels += [Interval(a / 1e3, b / 1e3, COPIES.get(kind, "copy")) for a, b, kind in rows]
        if "CUPTI_ACTIVITY_KIND_MEMSET" in tables:
            rows = db.execute("select start, end from CUPTI_ACTIVITY_KIND_MEMSET")
            kernels += [Interval(a / 1e3, b / 1e3, "memset") for a, b in rows]
        if "NVTX_EVENTS" in tables:
            rows = db.execute("select start, end, text from NVTX_EVENTS where end is not null")
            host += [Interval(a / 1e3, b / 1e3, f"enqueue {name}") for a, b, name in rows if name]
    except sqlite3.Error as error:
        raise Unreadable(f"is not an export of nsys: {error}") from None
    return {("device", "stream"): kernels, ("host", "ranges"): host}


def short(name, width):
    """A kernel's name without return type, parameters and namespaces, cut to the width."""
    if name.endswith(")") and "(" in name:
        depth = 0
        for i in range(len(name) - 1, -1, -1):  # find the bracket that the last one closes
            depth += {")": 1, "(": -1}.get(name[i], 0)
            if depth == 0:
                name = name[:i]
                break
    name = re.sub(r"^void ", "", name)
    name = re.sub(r"\b\w+::", "", name).replace("(anonymous namespace)", "")
    return name if len(name) <= width else name[: width - 2] + ".."


def print_table(title, intervals, whole, top):
    by_name = defaultdict(list)
    for x in intervals:
        by_name[x.name].append(x.end - x.start)
    print(f"{title:<48} {'count':>8} {'total ms':>10} {'mean us':>10} {'share':>7}")
    ranked = sorted(by_name.items(), key=lambda item: (-sum(item[1]), item[0]))
    for name, spans in ranked[:top]:
        total = sum(spans)
        share = 100 * total / whole if whole else 0
        print(
            f"  {short(name, 46):<46} {len(spans):>8} {total / 1e3:>10.3f}"
            f" {total / len(spans):>10.2f} {share:>6.1f}%"
        )
    if len(ranked) > top:
        rest = [d for _, spans in ranked[top:] for d in spans]
        print(f"  {f'{len(ranked) - top} others':<46} {len(rest):>8} {sum(rest) / 1e3:>10.3f}")

def gaps_of(intervals):
    """(length, what ran before, what ran after, at) of every time when nothing ran on any row."""
    gaps, last = [], None
    for x in sorted(intervals):
        if last and x.start > last.end:
            gaps.append((x.start - last.end, last.name, x.name, last.end))
        if not last or x.end > last.end:
            last = x
    return gaps


def print_gaps(intervals, whole, top):
    noise = 0.002  # microseconds, since times are rounded
    gaps = [g for g in gaps_of(intervals) if g[0] > noise]
    total = sum(g[0] for g in gaps)
    share = 100 * total / whole if whole else 0
    print(f"gaps: {len(gaps)}, {total / 1e3:.3f} ms in all, {share:.1f}% of the time")
    begin = min(x.start for x in intervals)
    for length, after, before, at in sorted(gaps, reverse=True)[:top]:
        print(
            f"  {length:10.2f} us after {short(after, 28)}, before {short(before, 28)},"
            f" at {(at - begin) / 1e3:.3f} ms"
        )
    by_name = defaultdict(list)
    for length, after, _, _ in gaps:
        by_name[after].append(length)
    for name, spans in sorted(by_name.items(), key=lambda item: -sum(item[1]))[:top]:
        print(
            f"  after {short(name, 40):<40} {len(spans):>7} gaps {sum(spans) / 1e3:>10.3f} ms"
            f" {sum(spans) / len(spans):>9.2f} us each"
        )


def print_device(title, intervals, top):
    whole = max(x.end for x in intervals) - min(x.start for x in intervals)
    print(f"{whole / 1e3:.3f} ms of the device")
    print_table(title, intervals, whole, top)
    print_gaps(intervals, whole, min(top, 5))


def print_all(rows, top):
    """Prints all tables. False: the recording shows no device."""
    timed = rows.get(("device", "timed phases"), [])  # of some epochs only, so gaps mean nothing
    phases = rows.get(("device", "phases"), [])
    known = ("phases", "timed phases")
    kernels = [x for (p, row), xs in rows.items() if p == "device" and row not in known for x in xs]
    host = [x for (p, _), xs in rows.items() if p == "host" for x in xs]
    if kernels:
        print_device("kernel or copy", kernels, top)
    if phases:
        print_device("phase", phases, top)
    if timed:
        print_table("phase, of the epochs timed", timed, sum(x.end - x.start for x in timed), top)
    if host and (kernels or phases or timed):
        whole = max(x.end for x in host) - min(x.start for x in host)
        print_table("host", host, whole, top)
    return bool(kernels or phases or timed)


def main():
    parser = argparse.ArgumentParser(description="Shows where a recorded run spent its time.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    parser.add_argument("file", help="written by --trace, or an sqlite export of nsys")
    parser.add_argument("--top", type=int, default=20, help="lines of each table (20)")
    args = parser.parse_args()
    try:
        with open(args.file, "rb") as f:
            is_sqlite = f.read(16).startswith(b"SQLite format 3")
        rows = (read_sqlite if is_sqlite else read_json)(args.file)
    except OSError as error:
        print(f"{args.file}: {error.strerror}", file=sys.stderr)
        return 2
    except Unreadable as error:
        print(f"{args.file}: {error}", file=sys.stderr)
        return 2
    if print_all(rows, args.top):
        return 0
    print(f"{args.file}: no kernel and no phase of a device in it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # the reader has seen enough
        sys.stderr.close()
        sys.exit(1)
