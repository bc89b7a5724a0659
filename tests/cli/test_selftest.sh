#!/usr/bin/env bash
# tests/cli/test_selftest.sh BINARY - blob-selftest: the checks that need no GPU, exit statuses, refusals.
set -uo pipefail
selftest=$1
tmp=$(mktemp -d) || exit 1
source "$(dirname "$0")/tidy.sh"
failed=0

fail() {
    echo "test_selftest: $*" >&2
    failed=1
}

# On the CPU every section passes, and the report agrees.
"$selftest" --device cpu --json "$tmp/report.json" >"$tmp/out" 2>"$tmp/err"
code=$?
[[ $code == 0 ]] || fail "--device cpu: exit $code"
[[ ! -s $tmp/err ]] || fail "--device cpu: $(head -n 1 "$tmp/err")"
tail -n 1 "$tmp/out" | grep -qx 'blob-selftest: all is well' || fail 'no verdict at the end'
[[ $(grep -c '^[a-z].*: ok' "$tmp/out") == 5 ]] || fail 'not five sections with a verdict'
grep -q 'cpu int8, auto, positions' "$tmp/out" || fail 'int8 is not held beside float32'
grep -A 1 'cpu int8, auto, positions' "$tmp/out" | grep -q 'p99' || fail 'no distances of int8'
[[ $(grep -c '"ok":.*true' "$tmp/report.json") -gt 10 ]] || fail 'the file lacks verdicts'
grep -q '"ok":.*false' "$tmp/report.json" && fail 'the file says something failed'

# refused EXIT TEXT ARGS..: one line on stderr that holds the text, nothing on stdout.
refused() {
    local expected=$1 text=$2 code
    shift 2
    "$selftest" "$@" >"$tmp/out" 2>"$tmp/err"
    code=$?
    [[ $code == "$expected" ]] || fail "$*: exit $code, not $expected"
    [[ $(wc -l <"$tmp/err") == 1 ]] || fail "$*: not one line: $(cat "$tmp/err")"
    grep -qF -- "$text" "$tmp/err" || fail "$*: $(cat "$tmp/err")"
}
refused 2 'must be one of cuda cpu' --device tpu
refused 2 'nothing.safetensors' --device cpu --weights "$tmp/nothing.safetensors"
refused 2 "$tmp/no/report.json" --device cpu --json "$tmp/no/report.json"

# An older report survives a run that was refused or had nothing to check.
keeps() {
    [[ $(<"$tmp/kept/report.json") == older ]] || fail "$*: the older report is gone"
    [[ $(ls "$tmp/kept") == report.json ]] || fail "$*: left $(ls "$tmp/kept")"
}
mkdir "$tmp/kept" && echo older >"$tmp/kept/report.json"
refused 2 'nothing.safetensors' --device cpu --weights "$tmp/nothing.safetensors" \
    --json "$tmp/kept/report.json"
keeps 'weights that are not there'
refused 2 'is not a plain file' --device cpu --json "$tmp/kept"
keeps 'a folder in place of a report'

# Without a GPU: one line, 77. A machine that has one is checked by the tests labelled gpu.
if ! nvidia-smi >/dev/null 2>&1; then
    "$selftest" --json "$tmp/kept/report.json" >"$tmp/out" 2>"$tmp/err"
    code=$?
    [[ $code == 77 ]] || fail "without a GPU: exit $code, not 77"
    [[ $(cat "$tmp/out" "$tmp/err" | wc -l) == 1 ]] || fail 'without a GPU: not one line'
    grep -q '^nothing checked: ' "$tmp/out" || fail "without a GPU: $(cat "$tmp/out")"
    keeps 'without a GPU'
fi

# tensors: names and shapes of the network, as PyTorch names them.
tensors() {
    local layer n k
    printf '%s\n' 'positional_encoding 1,1,256' 'input_embedding.weight 256,256' \
        'input_embedding.bias 256' 'input_norm.weight 256' 'input_norm.bias 256'
    for n in 0 1 2 3 4 5; do
        layer=transformer.layers.$n
        printf "$layer.%s\n" 'self_attn.in_proj_weight 768,256' 'self_attn.in_proj_bias 768' \
            'self_attn.out_proj.weight 256,256' 'self_attn.out_proj.bias 256' \
            'linear1.weight 1024,256' 'linear1.bias 1024' 'linear2.weight 256,1024' \
            'linear2.bias 256'
        for k in 1 2; do printf "$layer.norm$k.%s\n" 'weight 256' 'bias 256'; done
    done
    printf '%s\n' 'policy_fc.0.weight 256,256' 'policy_fc.0.bias 256' 'policy_fc.3.weight 52,256' \
        'policy_fc.3.bias 52' 'value_fc.0.weight 128,256' 'value_fc.0.bias 128' \
        'value_fc.3.weight 8,128' 'value_fc.3.bias 8'
}

# huge FILE: weights of 0x7E7E7E7E each, finite, unlike what a network computes from them.
huge() {
    local at=0 header="{" name shape end i
    while read -r name shape; do
        end=$((at + 4 * ${shape//,/*}))
        header+="\"$name\":{\"dtype\":\"F32\",\"shape\":[$shape],\"data_offsets\":[$at,$end]},"
        at=$end
    done < <(tensors)
    header="${header%,}}"
    {
        for i in 0 8 16 24 32 40 48 56; do
            printf "\\x$(printf %02x $((${#header} >> i & 255)))"
        done
        printf %s "$header"
        head -c "$at" /dev/zero | tr '\0' '~'
    } >"$1"
}

# A network whose outputs are not finite: its sections fail, and with them the run, the report and the
# exit status. Sections without the network pass.
huge "$tmp/huge"
"$selftest" --device cpu --weights "$tmp/huge" --json "$tmp/kept/report.json" \
    >"$tmp/out" 2>"$tmp/err"
code=$?
[[ $code == 1 ]] || fail "huge weights: exit $code, not 1"
[[ $(tail -n 1 "$tmp/out") == 'blob-selftest: FAILED' ]] || fail 'huge weights: no last verdict'
grep -q '^games with the hash evaluator: ok' "$tmp/out" || fail 'huge weights: games failed'
grep -q '^float32 outputs: FAILED, 2 items$' "$tmp/out" || fail 'huge weights: float32 is well'
[[ $(grep -c '^  cpu float32, plain, .* FAILED inf% ' "$tmp/out") == 2 ]] ||
    fail 'huge weights: distances are well'
[[ $(grep -c '^[a-z].*: FAILED, it could not finish: ' "$tmp/out") == 3 ]] ||
    fail "huge weights: not three sections that broke off: $(grep FAILED "$tmp/out")"
[[ $(grep -c '"ok":.*false' "$tmp/kept/report.json") == 7 ]] ||
    fail 'huge weights: the file does not say what failed'
[[ $(ls "$tmp/kept") == report.json ]] || fail "huge weights: left $(ls "$tmp/kept")"
exit $failed
