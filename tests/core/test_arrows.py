#!/usr/bin/env python3
"""tests/core/test_arrows.py ROOMS NM ROOT - includes and calls follow CMake's LINK lists.

The build writes ROOMS (room() in CMakeLists.txt), one room or external library a line:

    room NAME FOLDER ARCHIVE LINK..     ARCHIVE is "-" for programs, which nothing links
    library TARGET HEADER

A folder may include itself and what its rooms link, directly or through others, and a room may call
only the functions of these. The linker refuses a forbidden call only if no other room of the same
program provides the function; this test refuses all of them. Tests may include anything, but only
tests may include tests. Before the tree is judged, forbidden arrows are planted in a copy in
memory: each must be found.
"""
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
SOURCE = (".c", ".h", ".cu", ".cuh", ".cpp")
GENERATED = {"host/options/revision.h"}
STRANGERS = ("device/search", "nn")  # they meet only as plain arrays, in device/play


def read_rooms(path):
    """{room: (folder, archive, links)} and {header: target}."""
    rooms, libraries = {}, {}
    for line in open(path, encoding="utf-8"):
        kind, *words = line.split()
        if kind == "room":
            rooms[words[0]] = (words[1], words[2], words[3:])
        else:
            libraries[words[1]] = words[0]
    return rooms, libraries


def closure(rooms, name, seen=None):
    """The room, and everything that it links directly or through others."""
    seen = set() if seen is None else seen
    if name not in seen:
        seen.add(name)
        for link in rooms[name][2] if name in rooms else ():
            closure(rooms, link, seen)
    return seen


def is_in(folder, top):
    return folder == top or folder.startswith(top + "/")


def allowed_of(rooms):
    """{folder: (folders, external targets) that it may include}."""
    allowed = {}
    for name, (folder, _, _) in rooms.items():
        reached = closure(rooms, name)
        folders, targets = allowed.setdefault(folder, ({folder}, set()))
        folders |= {rooms[r][0] for r in reached if r in rooms}
        targets |= {r for r in reached if r not in rooms}
    return allowed


def read_sources(root):
    """{path from the root: text}, of the folders that hold code."""
    texts = {}
    for top in ("device", "game", "nn", "host", "bench", "tests"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if name.endswith(SOURCE):
                    path = os.path.relpath(os.path.join(folder, name), root)
                    texts[path] = open(os.path.join(root, path), encoding="utf-8").read()
    return texts


def judge_rooms(rooms):
    """The errors in the LINK lists themselves."""
    wrong = []
    for name, (folder, _, links) in rooms.items():
        for link in links:
            if name in closure(rooms, link):
                wrong.append(f"{name} links {link}, which leads back to {name}")
        for a, b in (STRANGERS, STRANGERS[::-1]):
            if is_in(folder, a):
                wrong += [f"{name} ({folder}) links {r}: {a} and {b} must not meet"
                          for r in closure(rooms, name) if r in rooms and is_in(rooms[r][0], b)]
    return wrong


def judge_file(path, text, texts, allowed, libraries):
    """The file's forbidden includes, as "path:line: why"."""
    wrong, own = [], os.path.dirname(path)
    is_test = is_in(own, "tests") and own not in allowed
    folders, targets = allowed.get(own, ({own}, set()))
    if own not in allowed and not is_test:
        wrong.append(f"{path}:1: {own} belongs to no module of CMake")
    for match in INCLUDE.finditer(text):
        quote, name = match.groups()
        where = f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {own}"
        if quote == "<":
            target = libraries.get(name)
            if target and target not in targets and not is_test:
                wrong.append(f"{where} includes <{name}>, but does not link {target}")
            continue
        full = name if "/" in name else f"{own}/{name}"
        folder = os.path.dirname(full)
        if full not in texts and full not in GENERATED and not is_in(own, "tests/sim"):
            wrong.append(f'{where} includes "{name}", which is neither here nor under the root')
        elif folder != own and is_in(folder, "tests") and not is_in(own, "tests"):
            wrong.append(f"{where} includes {full}: only tests may include tests")
        elif folder not in folders and not is_test:
            wrong.append(f"{where} may not include {full}: no LINK list leads to {folder}")
    return wrong


def judge_includes(texts, rooms, libraries):
    allowed = allowed_of(rooms)
    return [w for path in sorted(texts)
            for w in judge_file(path, texts[path], texts, allowed, libraries)]


def symbols_of(nm, archive):
    """The symbols that an archive defines and those that it needs."""
    out = subprocess.run([nm, "--extern-only", "--format=posix", archive], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    defined, needed = set(), set()
    for words in map(str.split, out.splitlines()):
        if len(words) >= 2:
            (needed if words[1] in "Uw" else defined).add(words[0])
    return defined, needed - defined


def judge_calls(rooms, symbols):
    """The symbols that a room uses of rooms to which its LINK list does not lead."""
    owners, wrong = {}, []
    for name, (defined, _) in symbols.items():
        for symbol in defined:
            owners.setdefault(symbol, set()).add(name)
    for name, (_, needed) in symbols.items():
        reached = closure(rooms, name)
        for symbol in sorted(needed & owners.keys()):
            if not owners[symbol] & reached:
                wrong.append(f"{name} ({rooms[name][0]}) uses {symbol} of "
                             f"{' or '.join(sorted(owners[symbol]))}: no LINK list leads there")
    return wrong


PLANTED = (  # file, header that it may not include
    ("host/files/durable.c", '"host/games/shard.h"'),
    ("host/process/signals.c", '"host/options/options.h"'),
    ("nn/ops/pack.c", '"nn/infer/forward.h"'),
    ("nn/infer/forward_cpu.c", '"nn/train/train.h"'),
    ("nn/weights.c", '"device/search/tree.h"'),
    ("device/search/search_cpu.c", '"nn/config.h"'),
    ("device/replay/replay_cpu.c", '"device/play/slot.h"'),
    ("game/text.c", "<cjson/cJSON.h>"),
    ("device/core/comm.c", '"game/card.h"'),
    ("host/programs/blob_train.c", '"tests/support/check.h"'),
    ("bench/bench.c", '"tests/support/files.h"'),
    ("tests/reference/ref_rules.c", '"game/rules.h"'),
    ("device/play/wave.c", '"nowhere.h"'),
)


def plant(texts, rooms, libraries, symbols):
    """The planted arrows that are not found."""
    missed = []
    for path, header in PLANTED:
        text = f"{texts[path]}\n#include {header}\n"
        line = text.count("\n")
        found = judge_includes({**texts, path: text}, rooms, libraries)
        if len(found) != 1 or not found[0].startswith(f"{path}:{line}: "):
            missed.append(f"planted in {path}: #include {header} is not found, but {found}")
    folder, archive, links = rooms["nn_ops"]
    bent = {**rooms, "nn_ops": (folder, archive, [*links, "nn_infer"])}
    if not any("leads back" in w for w in judge_rooms(bent)):
        missed.append("planted: the circle of nn_ops and nn_infer is not found")
    folder, archive, links = rooms["search"]
    if not judge_rooms({**rooms, "search": (folder, archive, [*links, "nn"])}):
        missed.append("planted: search that links nn is not found")
    defined, needed = symbols["host_files"]
    bent = {**symbols, "host_files": (defined, needed | {"shard_open"})}
    if len(judge_calls(rooms, bent)) != 1:
        missed.append("planted: the call of shard_open in host_files is not found")
    return missed


def main():
    rooms, libraries = read_rooms(sys.argv[1])
    texts = read_sources(sys.argv[3])
    symbols = {name: symbols_of(sys.argv[2], archive)
               for name, (_, archive, _) in rooms.items() if archive != "-"}
    wrong = (judge_rooms(rooms) + judge_includes(texts, rooms, libraries) +
             judge_calls(rooms, symbols))
    if not wrong:
        wrong = plant(texts, rooms, libraries, symbols)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong or len(texts) < 100 or len(rooms) < 15 else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: test_arrows.py ROOMS NM ROOT")
    sys.exit(main())
