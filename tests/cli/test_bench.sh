#!/usr/bin/env bash
# tests/cli/test_bench.sh BIN [small] - blob-bench measures what it is asked; CSV and JSON say the same.
#
# small: networks get few rows, for programs that a sanitizer slows down.
set -u
bench=$1/blob-bench
command -v python3 >/dev/null || { echo "python3 is missing: skipped" >&2; exit 77; }
tmp=$(mktemp -d) || exit 1
source "$(dirname "$0")/tidy.sh"
failed=0

wrong() {
    printf '%s\n' "$*" >&2
    failed=1
}

"$bench" selfplay tree --device cpu --budget light --simulations 9 --parallel 8 --threads 2 \
    --repeats 2 --seconds 0.01 --csv "$tmp/t.csv" --json "$tmp/t.json" >"$tmp/out" 2>"$tmp/err" ||
    wrong "exit status $?: $(<"$tmp/err")"
# sweep NAME ARGS..: the table goes to NAME.table, the metrics to NAME.json and t.csv.
sweep() {
    "$bench" selfplay --sweep "$1" --device cpu --worlds 3 --simulations 9 --threads 2 \
        --repeats 1 --seconds 0.02 --csv "$tmp/t.csv" --json "$tmp/$1.json" "${@:2}" \
        >"$tmp/$1.table" 2>>"$tmp/err" || wrong "--sweep $1: exit status $?: $(<"$tmp/err")"
}
rows=(--parallel 64 --worlds 1)
[[ ${2:-} == small ]] && rows=(--parallel 8 --worlds 1 --simulations 3)
sweep leaves --parallel 32
sweep network "${rows[@]}"
sweep precision "${rows[@]}"
[[ ! -s $tmp/err ]] || wrong "stderr: $(<"$tmp/err")"

python3 - "$tmp" <<'PY' || failed=1
import csv, json, math, sys

tmp = sys.argv[1]
names = ("t", "leaves", "network", "precision")
first, *sweeps = (json.load(open(f"{tmp}/{name}.json")) for name in names)
metrics = first["results"] + [metric for sweep in sweeps for metric in sweep["results"]]
rows = list(csv.DictReader(open(f"{tmp}/t.csv")))
assert len(rows) == len(metrics) > 25, (len(rows), len(metrics))
for row, metric in zip(rows, metrics):
    assert row["machine"] == first["machine"] and row["machine"].endswith(", 2 threads")
    assert row["name"] == metric["name"] and row["unit"] == metric["unit"], (row, metric)
    assert math.isclose(float(row["value"]), metric["value"], rel_tol=1e-4), (row, metric)
    assert float(row["ceiling"]) == 0 or metric["ceiling_name"] == row["ceiling name"], metric
    assert math.isfinite(metric["value"]) and metric["value"] >= 0, metric
by_name = {f["name"]: f for f in first["results"]}
run = by_name["selfplay, cpu float32 layers, 2x9, P 4 T 5, K 1, parallel 8"]
games, rate = by_name["games"], by_name["rows a game"]
assert run["value"] > 0 and run["ceiling"] > 0
if rate["value"] > 0:  # in so short a window perhaps no game ends
    assert math.isclose(games["ceiling"], 60 * run["ceiling"] / rate["value"], rel_tol=1e-6)
assert 0 < by_name["outside the network"]["value"] < 100
for phase in ("descend", "observe", "backup", "move"):
    moved = by_name[f"phase {phase}, traffic, 8 live games"]
    assert by_name[f"phase {phase}, 8 live games"]["value"] > 0 and moved["value"] > 0, moved
PY

# Each row of a sweep ran what it names, which its memory, rate or ceiling shows. Of the sweep over
# live games the first two rows are enough; the last take long.
python3 - "$tmp" "$bench" <<'PY' || failed=1
import json, subprocess, sys

tmp, bench = sys.argv[1:]
MIB = {"B": 1 / 2**20, "KiB": 1 / 2**10, "MiB": 1, "GiB": 2**10}


def rows_of(lines):
    """Value, live games, share of the ceiling, games/min, rows/game, memory in MiB."""
    for line in lines:
        value, parallel, _, _, share, games, each, _, size, unit = line.split()
        assert (games == "-") == (each == "-"), line
        assert games == "-" or float(each) > 0, line
        yield value, int(parallel), float(share.rstrip("%")), games, float(size) * MIB[unit]


def table(name):
    lines = open(f"{tmp}/{name}.table").read().splitlines()
    assert lines[1].split()[0] == name, lines
    rows = list(rows_of(lines[2:]))
    metrics = json.load(open(f"{tmp}/{name}.json"))["results"]
    rates = [f for f in metrics if f["unit"] == "rows/s"]
    assert [f["name"] for f in rates] == [f"sweep {name} {r[0]}, parallel {r[1]}" for r in rows]
    assert len(metrics) == len(rows) + sum(row[3] != "-" for row in rows), metrics
    return rows, rates


def rises(sizes):
    return all(a < b for a, b in zip(sizes, sizes[1:]))


rows, _ = table("leaves")
assert [row[0] for row in rows] == ["1", "2", "4", "8", "16"], rows
assert rises([row[4] for row in rows]), rows  # each leaf of a batch has its row
rows, _ = table("network")
assert [row[0] for row in rows] == ["plain", "layers"], rows
assert rows[1][2] > 1.3 * rows[0][2], rows  # plain loops are slow
rows, rates = table("precision")
assert [row[0] for row in rows] == ["float32", "int8"], rows
assert [f["ceiling_name"].split()[0] for f in rates] == ["float32", "int8"], rates
# A weight of int8 is a quarter of a float32, or half of it where AVX2 multiplies pairs of 16 bits.
assert rows[1][4] < 0.65 * rows[0][4], rows

words = ["selfplay", "--sweep", "parallel", "--device", "cpu", "--cards", "2", "--players", "2",
         "--worlds", "1", "--simulations", "4", "--threads", "2", "--repeats", "1", "--seconds",
         "0.02"]
with subprocess.Popen([bench, *words], stdout=subprocess.PIPE, text=True) as run:
    lines = [run.stdout.readline() for _ in range(4)]
    run.kill()
rows = list(rows_of(lines[2:]))
assert [row[0] for row in rows] == ["64", "128"], lines
assert [row[1] for row in rows] == [64, 128], lines
assert rises([row[4] for row in rows]), lines
PY

# One deal of each size at least; the goal stands beside 3 seats x 7 cards in both rule sets.
"$bench" solve --device cpu --seconds 0.01 --csv "$tmp/solve.csv" >"$tmp/solve" 2>"$tmp/err" ||
    wrong "solve: exit status $?: $(<"$tmp/err")"
[[ $(grep -c ' median  *[0-9.e+-]* ms a deal' "$tmp/solve") == 22 &&
    $(grep -c ' P 3 T 7, median .*% of 5 (goal)$' "$tmp/solve") == 2 &&
    $(grep -c ' 90th percentile",[0-9.e+-]*,ms a deal,0,$' "$tmp/solve.csv") == 22 ]] ||
    wrong "solve: $(<"$tmp/solve")"

# A window this short is one decision of the only game: hardly ever does the game end in it, and then
# neither the table nor the file says anything about games.
simulations=600
[[ ${2:-} == small ]] && simulations=60
"$bench" selfplay --sweep network --device cpu --parallel 1 --worlds 1 --simulations $simulations \
    --threads 2 --repeats 1 --seconds 0.01 --json "$tmp/none.json" >"$tmp/none" 2>"$tmp/err"
code=$? none=$(grep -cE '% +- +- ' "$tmp/none")
[[ $code == 0 && $none -gt 0 && $(grep -c games/min "$tmp/none.json") == $((2 - none)) ]] ||
    wrong "no game ended: $(cat "$tmp/none" "$tmp/err")"

# refuse TEXT ARGS..: exit status 2 and one line on stderr.
refuse() {
    local text=$1
    shift
    "$bench" "$@" >"$tmp/out" 2>"$tmp/err"
    [[ $? == 2 && $(<"$tmp/err") == *"$text"* && $(wc -l <"$tmp/err") == 1 && ! -s $tmp/out ]] ||
        wrong "$*: not refused: $(<"$tmp/err")"
}
refuse 'which bench? allowed: selfplay rows tree gemm copy worlds solve replay train signature'
refuse 'fast: no such bench; allowed: selfplay' fast
refuse '--sweep cards: must be one of none parallel leaves network precision' --sweep cards
refuse '--sweep leaves: only with the bench selfplay' rows --sweep leaves
refuse '--cards 14: must be 1..13 with --players 4' tree --cards 14
refuse '--precision bf16: only with --device cuda' rows --device cpu --precision bf16
refuse '--device gpu: no such device' rows --device gpu

# Files that cannot be written are refused before anything is measured; what is there stays.
mkdir "$tmp/files" && echo older >"$tmp/files/o.json"
small=(signature --device cpu)
refuse "--csv $tmp/no/t.csv: No such file" "${small[@]}" --csv "$tmp/no/t.csv"
refuse "--csv $tmp: Is a directory" "${small[@]}" --csv "$tmp" --json "$tmp/files/o.json"
refuse "$tmp/no/t.json: cannot be written: No such file" "${small[@]}" --json "$tmp/no/t.json"
refuse "$tmp: is not a plain file, and is left alone" "${small[@]}" --json "$tmp" --csv "$tmp/files/o.csv"
refuse "--json $tmp/x: must be another file than --csv $tmp/files/../x, which is written too" \
    "${small[@]}" --csv "$tmp/files/../x" --json "$tmp/x"
[[ $(ls "$tmp/files") == o.json && $(<"$tmp/files/o.json") == older ]] ||
    wrong 'refused: files changed'

# full OPTION FILE: the disk is full: the metrics are printed, one line names the file that is not whole.
full() {
    (ulimit -S -f 0 && exec "$bench" copy --device cpu --threads 2 --seconds 0.01 --repeats 1 \
        "$@" 2>&1 >/dev/null) | cat >"$tmp/err"
    local code=${PIPESTATUS[0]}
    [[ $code == 1 && $(wc -l <"$tmp/err") == 1 && $(<"$tmp/err") == *"$2: "* ]] ||
        wrong "$*: $(<"$tmp/err")"
}
full --csv "$tmp/files/o.csv"
full --json "$tmp/files/o.json"
[[ ! -w /dev/full ]] || full --csv /dev/full
[[ $(<"$tmp/files/o.json") == older ]] || wrong 'a full disk: the older file is gone'
exit "$failed"
