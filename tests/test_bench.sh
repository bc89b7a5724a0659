#!/usr/bin/env bash
# tests/test_bench.sh BIN - blob-bench measures what it is asked; CSV and JSON say the same.
set -u
bench=$1/blob-bench
command -v python3 >/dev/null || { echo "python3 is missing: skipped" >&2; exit 77; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0

wrong() {
    printf '%s\n' "$*" >&2
    failed=1
}

"$bench" selfplay tree --device cpu --budget light --simulations 9 --parallel 8 --threads 2 \
    --repeats 2 --seconds 0.01 --csv "$tmp/t.csv" --json "$tmp/t.json" >"$tmp/out" 2>"$tmp/err" ||
    wrong "exit status $?: $(<"$tmp/err")"
"$bench" selfplay --sweep leaves --device cpu --simulations 9 --parallel 8 --threads 2 --repeats 1 \
    --seconds 0.01 --csv "$tmp/t.csv" --json "$tmp/sweep.json" >"$tmp/sweep" 2>"$tmp/err" ||
    wrong "--sweep leaves: exit status $?: $(<"$tmp/err")"
[[ ! -s $tmp/err ]] || wrong "stderr: $(<"$tmp/err")"

python3 - "$tmp" <<'PY' || failed=1
import csv, json, math, sys

tmp = sys.argv[1]
first, sweep = (json.load(open(f"{tmp}/{name}.json")) for name in ("t", "sweep"))
figures = first["results"] + sweep["results"]
rows = list(csv.DictReader(open(f"{tmp}/t.csv")))
assert len(rows) == len(figures) > 25, (len(rows), len(figures))
for row, figure in zip(rows, figures):
    assert row["machine"] == first["machine"] and row["machine"].endswith(", 2 threads")
    assert row["name"] == figure["name"] and row["unit"] == figure["unit"], (row, figure)
    assert math.isclose(float(row["value"]), figure["value"], rel_tol=1e-4), (row, figure)
    assert float(row["ceiling"]) == 0 or figure["ceiling_name"] == row["ceiling name"], figure
    assert math.isfinite(figure["value"]) and figure["value"] >= 0, figure
by_name = {f["name"]: f for f in first["results"]}
run = by_name["selfplay, cpu float32 layers, 2x9, P 4 T 5, K 1, parallel 8"]
games, rate = by_name["games"], by_name["rows a game"]
assert run["value"] > 0 and run["ceiling"] > 0
if rate["value"] > 0:  # so short a window may see no game end
    assert math.isclose(games["ceiling"], 60 * run["ceiling"] / rate["value"], rel_tol=1e-6)
assert 0 < by_name["outside the network"]["value"] < 100
for step in ("descend", "observe", "backup", "move"):
    moved = by_name[f"step {step}, traffic, 8 live games"]
    assert by_name[f"step {step}, 8 live games"]["value"] > 0 and moved["value"] > 0, moved
leaves = [f["name"] for f in sweep["results"] if f["unit"] == "rows/s"]
assert leaves == [f"sweep leaves {k}, parallel 8" for k in (1, 2, 4, 8, 16)], leaves
PY
[[ $(grep -c '^[0-9]' "$tmp/sweep") == 5 ]] || wrong "not a row for each value: $(<"$tmp/sweep")"

# refuse TEXT ARGS..: exit status 2 and one line on stderr.
refuse() {
    local text=$1
    shift
    "$bench" "$@" >"$tmp/out" 2>"$tmp/err"
    [[ $? == 2 && $(<"$tmp/err") == *"$text"* && $(wc -l <"$tmp/err") == 1 && ! -s $tmp/out ]] ||
        wrong "$*: not refused: $(<"$tmp/err")"
}
refuse 'which bench? allowed: selfplay rows tree gemm copy worlds signature'
refuse 'fast: no such bench; allowed: selfplay' fast
refuse '--sweep cards: must be one of none parallel leaves network precision' --sweep cards
refuse '--sweep leaves: only with the bench selfplay' rows --sweep leaves
refuse '--cards 14: must be 1..13 with --players 4' tree --cards 14
refuse '--precision bf16: only with --device cuda' rows --device cpu --precision bf16
refuse '--device gpu: no such device' rows --device gpu
exit "$failed"
