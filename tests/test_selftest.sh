#!/usr/bin/env bash
# tests/test_selftest.sh BINARY - blob-selftest: what the CPU alone can check, exits, refusals.
set -uo pipefail
selftest=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

fail() {
    echo "test_selftest: $*" >&2
    failed=1
}

# On the CPU every section runs and is well, and the file says the same.
"$selftest" --device cpu --json "$folder/report.json" >"$folder/out" 2>"$folder/err"
code=$?
[[ $code == 0 ]] || fail "--device cpu: exit $code"
[[ ! -s $folder/err ]] || fail "--device cpu: $(head -n 1 "$folder/err")"
tail -n 1 "$folder/out" | grep -qx 'blob-selftest: all is well' || fail 'no verdict at the end'
[[ $(grep -c '^[a-z].*: ok' "$folder/out") == 5 ]] || fail 'not five sections with a verdict'
grep -q 'cpu int8, auto, positions' "$folder/out" || fail 'int8 is not held beside float32'
grep -A 1 'cpu int8, auto, positions' "$folder/out" | grep -q 'p99' || fail 'no distances of int8'
[[ $(grep -c '"ok":.*true' "$folder/report.json") -gt 10 ]] || fail 'the file lacks verdicts'
grep -q '"ok":.*false' "$folder/report.json" && fail 'the file says something failed'

# refused EXIT TEXT ARGS..: one line on stderr that holds the text, nothing on stdout.
refused() {
    local expected=$1 text=$2 code
    shift 2
    "$selftest" "$@" >"$folder/out" 2>"$folder/err"
    code=$?
    [[ $code == "$expected" ]] || fail "$*: exit $code, not $expected"
    [[ $(wc -l <"$folder/err") == 1 ]] || fail "$*: not one line: $(cat "$folder/err")"
    grep -qF -- "$text" "$folder/err" || fail "$*: $(cat "$folder/err")"
}
refused 2 'must be one of cuda cpu' --device tpu
refused 2 'nothing.safetensors' --device cpu --weights "$folder/nothing.safetensors"
refused 2 "$folder/no/report.json" --device cpu --json "$folder/no/report.json"

# Without a GPU: one line, 77. A machine that has one is checked by the tests labelled gpu.
if ! nvidia-smi >/dev/null 2>&1; then
    "$selftest" >"$folder/out" 2>"$folder/err"
    code=$?
    [[ $code == 77 ]] || fail "without a GPU: exit $code, not 77"
    [[ $(cat "$folder/out" "$folder/err" | wc -l) == 1 ]] || fail 'without a GPU: not one line'
    grep -q '^nothing checked: ' "$folder/out" || fail "without a GPU: $(cat "$folder/out")"
fi
exit $failed
