#!/usr/bin/env bash
# tests/cli/test_train_change.sh BIN - runs that go on with other options, or begin with given weights.
#
# From the change on the same bytes follow, however often the run is killed; what may not change is
# refused by name, and nothing is changed by a refusal.
set -u
source "$(dirname "$0")/train_runs.sh"
base+=(--keep 9)

# kept TEXT FOLDER ARGS..: refused in one line that holds the text, and the folder is unchanged.
kept() {
    local text=$1 folder=$2 before got
    before=$(contents "$folder")
    shift 2
    train --iterations 6 --out "$folder" "$@"
    got=$?
    [[ $got == 2 && $(wc -l <err) == 1 && $(<err) == *"$text"* ]] ||
        wrong "$folder $*: expected $text, found $got: $(<err)"
    [[ $before == "$(contents "$folder")" ]] || wrong "$folder $*: a refusal changed it"
}
copy() { rm -rf "$2" && cp -a "$1" "$2"; }

# number FOLDER ITERATION NAME: of a line of metrics.
number() { grep "\"iteration\":$2," "$1/metrics.jsonl" | grep -oE "\"$3\":[^,]*" | cut -d: -f2; }

# pieces FOLDER ARGS..: the run in pieces that end by kill -9; the first has --change.
pieces() {
    local folder=$1 piece pid change=--change
    shift
    for piece in 1 2 3 4 5 6; do
        "$bin/blob-train" "${base[@]}" --iterations 6 --out "$folder" "$@" $change >out 2>err &
        pid=$!
        sleep "0.0$((piece + 2))"
        kill -KILL "$pid" 2>/dev/null && killed=$((killed + 1))
        wait "$pid" 2>/dev/null
        grep -q '"changes"' "$folder/run.json" && change= # it is known from now on
    done
    train --iterations 6 --out "$folder" "$@" $change || wrong "$folder $*: the last piece: $(<err)"
}

train --iterations 3 --out run || wrong "a run failed: $(<err)"
train --iterations 3 --out cosine --rate-schedule cosine || wrong "a run failed: $(<err)"
grep -q '"changes"\|"weights"' run/run.json && wrong 'run.json has keys of what was not asked for'

# What may change: not without --change, which the refusal names with option and values.
killed=0
while IFS='|' read -r from options refusal said; do
    read -ra words <<<"$options"
    copy "$from" at.once
    kept "$from/run.json: belongs to another run: $refusal; --change goes on" "$from" "${words[@]}"
    train --iterations 6 --out at.once "${words[@]}" --change || wrong "$options: $(<err)"
    [[ $(<at.once/run.json) == *'"iteration":'?'3'[,}]*'"from":'* ||
        $(tr -d '\t\n ' <at.once/run.json) == *'"iteration":3}'* ]] ||
        wrong "$options: run.json keeps no history: $(<at.once/run.json)"
    copy "$from" in.pieces
    pieces in.pieces "${words[@]}"
    same at.once in.pieces "$options: in pieces other bytes"
    cmp at.once/run.json in.pieces/run.json || wrong "$options: in pieces another run.json"
    # From the checkpoint at the change, without --change; and with a run.json that is lost.
    rm in.pieces/checkpoints/00000{5,6}.safetensors
    truncate -s 100 in.pieces/checkpoints/000004.safetensors
    train --iterations 6 --out in.pieces "${words[@]}" || wrong "$options: from its change: $(<err)"
    same at.once in.pieces "$options: from its change other bytes"
    rm in.pieces/run.json
    train --iterations 6 --out in.pieces "${words[@]}" || wrong "$options: lost run.json: $(<err)"
    cmp at.once/run.json in.pieces/run.json || wrong "$options: run.json is written again otherwise"
    kept '; --change goes on with the new value' in.pieces
    got=,$(for name in rate games window_games; do number at.once 3 $name; done | paste -sd,)
    [[ $got == $said ]] || wrong "$options: iteration 3 has $got, not $said"
done <<'END'
run|--rate 0.003|--rate is 0.002 there, 0.003 here|,0.003*,60,240
run|--games 40|--games is 60 there, 40 here|,0.002*,40,220
run|--games 100 --window-min 100 --window-max 110|--games is 60 there, 100 here|,0.002*,100,100
run|--games 10 --window-min 10 --window-max 20 --overlap|--games is 60 there, 10 here|,null,10,0
run|--window-min 100 --window-max 120|--window-min is 300 there, 100 here|,0.002*,60,120
run|--window-min 600 --window-max 600|--window-min is 300 there, 600 here|,0.002*,60,240
run|--batch 16 --accumulate 3 --epochs 2 --ema 0.5|--epochs is 1 there, 2 here|,0.002*,60,240
run|--overlap|--overlap is 0 there, 1 here|,0.002*,60,180
run|--curriculum 1x5 --arena-every 2 --arena-deals 64|--arena-every is 0 there, 2 here|,0.002*,60,240
run|--rate-schedule cosine|--rate-schedule is constant there, cosine here|,0.00*,60,240
cosine|--rate-schedule cosine|--iterations is 3 there, 6 here|,0.0005*,60,240
END
((killed >= 10)) || wrong "only $killed pieces were killed"

# What may not: named, with and without --change.
while read -r key there options; do
    kept "run/run.json: belongs to another run: $key is $there there, " run $options
    kept "; --change cannot change it" run $options --change
    kept "$key is $there there, " run $options --change --rate 0.003
done <<'END'
seed 1 --seed 9
players 3 --players 4
cards 3 --cards 4
format round --format full
rules blob --rules oh-hell
width 32 --width 64
layers 1 --layers 2
hidden 64 --hidden 32
heads 4 --heads 2
policy_hidden 32 --policy-hidden 64
value_hidden 32 --value-hidden 64
END
kept '--change: not with --fresh' run --change --fresh

# Change upon change: windows reach back over all of them. Back before anything was trained: no change.
changes=("--rate 0.003 --games 40" "--games 75 --window-max 400 --window-min 350" "--overlap --games 20"
    "--rate 0.003 --games 40 --batch 64")
for folder in often again few; do
    copy run "$folder"
    keep=9
    [[ $folder == few ]] && keep=1
    for i in 0 1 2 3; do
        train --iterations $((4 + i)) --out "$folder" ${changes[i]} --change --keep $keep ||
            wrong "$folder: $(<err)"
        [[ $folder == again ]] || continue
        rm "again/checkpoints/00000$((4 + i)).safetensors"
        train --iterations $((4 + i)) --out again ${changes[i]} || wrong "again: $(<err)"
    done
done
same often again 'change upon change: other bytes'
cmp often/checkpoints/000007.safetensors few/checkpoints/000007.safetensors ||
    wrong 'change upon change: other bytes where fewer checkpoints are kept'
[[ $(ls few/replay | wc -l) -lt $(ls often/replay | wc -l) ]] || wrong 'keep 1: no games were removed'
[[ $(grep -c '"iteration"' often/run.json) == 4 ]] || wrong "change upon change: $(<often/run.json)"
copy run back
train --iterations 3 --out back --rate 0.003 --change || wrong "nothing to do: $(<err)"
cmp run/run.json back/run.json || wrong 'a change of a finished run that goes on with nothing'
"$bin/blob-train" "${base[@]}" --iterations 6 --out back --rate 0.003 --games 4000 --window-max 4000 \
    --change >out 2>err &
pid=$!
until grep -q '"changes"' back/run.json || ! kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
kill -KILL "$pid"
wait "$pid" 2>/dev/null
kept ' is 4000 there, 60 here; --change goes on' back
train --iterations 6 --out back --change || wrong "back: $(<err)"
train --iterations 6 --out plain || wrong "a run failed: $(<err)"
same plain back 'back before anything was trained: other bytes'
cmp plain/run.json back/run.json || wrong 'back before anything was trained: another run.json'

# A checkpoint of before a change keeps the games that it needs, though the window became smaller.
train --iterations 7 --out whole || wrong "a run failed: $(<err)"
copy plain smaller
small=(--window-min 60 --window-max 60)
train --iterations 7 --out smaller --keep 2 "${small[@]}" --change || wrong "smaller: $(<err)"
: >smaller/checkpoints/000007.safetensors
train --iterations 7 --out smaller --change || wrong "smaller, and back: $(<err)"
cmp whole/checkpoints/000007.safetensors smaller/checkpoints/000007.safetensors ||
    wrong 'smaller, and back: other bytes'

# A new run with --change is a new run.
train --iterations 3 --out new --change || wrong "new: $(<err)"
same run new 'a new run with --change: other bytes'
cmp run/run.json new/run.json || wrong 'a new run with --change: another run.json'

# tensors FILE FIRST COUNT: parts of the tensors' bytes, in units of a network.
size=$(($(stat -c %s run/weights.safetensors) - 8 - $(od -An -t u8 -N 8 run/weights.safetensors)))
tensors() { tail -c +$((9 + $(od -An -t u8 -N 8 "$1") + $2 * size)) "$1" | head -c $(($3 * size)); }

# --weights: the network comes from the file, weights and averaged ones; the rest is as always.
still=(--rate 1e-9 --warmup 1000000000) # steps too small for float32, but for zeros
# nearly A B TEXT: at most one byte of a hundred differs.
nearly() { (($(cmp -l "$1" "$2" | wc -l) * 100 < size)) || wrong "$3"; }
checkpoint=run/checkpoints/000003.safetensors
train --iterations 1 --out file --weights run/weights.safetensors "${still[@]}" || wrong "$(<err)"
nearly <(tensors file/checkpoints/000001.safetensors 0 1) <(tensors run/weights.safetensors 0 1) \
    '--weights: not those of the file'
cmp <(tensors file/best.safetensors 0 1) <(tensors run/weights.safetensors 0 1) ||
    wrong '--weights: the best are not those of the file'
train --iterations 1 --out both --weights $checkpoint "${still[@]}" || wrong "$(<err)"
nearly <(tensors both/checkpoints/000001.safetensors 0 1) <(tensors $checkpoint 0 1) \
    '--weights: not those of the checkpoint'
cmp <(tensors both/best.safetensors 0 1) <(tensors $checkpoint 1 1) ||
    wrong '--weights: not the averaged ones of the checkpoint'

# They are part of what the run is, by content: a copy is the same, other weights are another run.
warm=(--arena-every 2 --arena-deals 64)
cp run/weights.safetensors copy.safetensors
train --iterations 6 --out warm --weights copy.safetensors "${warm[@]}" || wrong "$(<err)"
train --iterations 2 --out warm2 --weights run/weights.safetensors "${warm[@]}" || wrong "$(<err)"
kept 'belongs to another run: weights is ' warm2 --weights $checkpoint "${warm[@]}"
kept '; --change cannot change it' warm2 --weights $checkpoint "${warm[@]}" --change
kept 'belongs to another run: weights is absent there, ' run --weights copy.safetensors
train --iterations 4 --out warm2 --weights copy.safetensors "${warm[@]}" || wrong "$(<err)"
rm warm2/run.json
train --iterations 6 --out warm2 "${warm[@]}" || wrong "resumed without --weights: $(<err)"
same warm warm2 '--weights: in pieces other bytes'
cmp warm/run.json warm2/run.json || wrong '--weights: in pieces another run.json'

# Refused in one line before a folder is made, or a run removed.
train --iterations 6 --out new2 --weights none
[[ $? == 2 && $(<err) == 'none: cannot be read: No such file or directory' ]] || wrong "none: $(<err)"
for file in copy.safetensors $checkpoint; do
    for shape in "--width 64" "--layers 2" "--heads 2"; do
        train --iterations 6 --out new2 --weights $file $shape
        [[ $? == 2 && $(wc -l <err) == 1 && $(<err) == "$file: "* && ! -e new2 ]] ||
            wrong "--weights $file $shape: $(<err)"
    done
done
kept 'run/weights.safetensors: lies in the folder that --fresh clears' run --fresh \
    --weights run/weights.safetensors
copy warm early
rm early/checkpoints/* early/replay/*
kept 'content ' early "${warm[@]}"

exit "$failed"
