#!/usr/bin/env bash
# tests/cli/test_train_resume.sh BIN - blob-train stopped at any moment ends in the bytes of an
# uninterrupted run.
#
# Six iterations at once, and in pieces with kill -9 in between, with and without --overlap, and by
# --method policy; on other numbers of threads; with a damaged newest checkpoint, or damaged ones only;
# SIGINT.
set -uo pipefail
bin=$1
tmp=$(mktemp -d) || exit 1
source "$(dirname "$0")/tidy.sh"
cd "$tmp" || exit 1
failed=0
wrong() {
    echo "test_train_resume: $*" >&2
    failed=1
}

base=(--iterations 6 --games 120 --players 3:0.4,4:0.6 --cards 3,4 --curriculum 1x4:3,2x6
    --parallel 32 --width 32 --hidden 64 --layers 1 --heads 4 --policy-hidden 32 --value-hidden 32
    --batch 64 --epochs 2 --window-min 150 --window-max 300 --warmup 5 --rate 0.002 --keep 3
    --arena-every 2 --arena-deals 64 --arena-margin 0.5 --quiet)

train() { "$bin/blob-train" "${base[@]}" "$@" >out 2>err; }

# What a run leaves, without clocks: checksums of its files, and the metrics without rates.
content() {
    (cd "$1" && find checkpoints replay weights.safetensors best.safetensors -type f |
        sort | xargs sha256sum)
    sed -E 's/"(seconds|games_per_minute|rows_per_second|examples_per_second|waiting_frac)":[^,}]*//g' \
        "$1/metrics.jsonl"
}

# same A B TEXT: both runs have the same content; if not, prints what differs.
same() {
    content "$1" >content.1
    content "$2" >content.2
    cmp -s content.1 content.2 || { wrong "$3"; diff content.1 content.2 | head -5 >&2; }
}

# in_pieces RUN MS OPTIONS..: starts the run, kills it after a part of the MS milliseconds that a whole
# run takes, and starts it again, until it is finished.
in_pieces() {
    local run=$1 whole=$2 delay piece pid
    shift 2
    RANDOM=7
    for piece in {1..30}; do
        "$bin/blob-train" "${base[@]}" --out "$run" "$@" >out 2>err &
        pid=$!
        delay=$((RANDOM % (whole / 3 + 1) + 20 + whole * piece / 40))
        sleep "$((delay / 1000)).$(printf %03d $((delay % 1000)))"
        if kill -KILL "$pid" 2>/dev/null; then
            wait "$pid" 2>/dev/null
            killed=$((killed + 1))
        else
            wait "$pid" && return 0
            cat err >&2
            wrong "piece $piece of $run ended with $?"
            return 1
        fi
    done
    train --out "$run" "$@" || wrong "the last piece of $run: $(cat err)"
}

for mode in alternating overlap policy; do
    option=()
    [[ $mode == overlap ]] && option=(--overlap)
    [[ $mode == policy ]] && option=(--method policy --games 400 --window-max 800)
    begin=${EPOCHREALTIME/[.,]/}
    train --out "$mode" "${option[@]}" || wrong "$mode: $(cat err)"
    killed=0
    in_pieces "$mode.pieces" $(((${EPOCHREALTIME/[.,]/} - begin) / 1000 + 1)) "${option[@]}"
    ((killed >= 1)) || wrong "$mode: no piece was killed"
    same "$mode" "$mode.pieces" "$mode: in pieces other bytes than at once"
    [[ -z $(find "$mode.pieces" -name '*.aside-*') ]] || wrong "$mode: files were left aside"
done
ls alternating/checkpoints | grep -qx 000006.safetensors || wrong "checkpoint 6 is missing"

# Threads and live games change nothing.
"$bin/blob-train" "${base[@]}" --out threads --threads 1 --parallel 7 >out 2>err || wrong "$(cat err)"
same alternating threads "one thread and other live games: other bytes"
"$bin/blob-train" "${base[@]}" --method policy --games 400 --window-max 800 --out policy.threads \
    --threads 1 --parallel 7 >out 2>err || wrong "$(cat err)"
same policy policy.threads "policy: one thread and other live games: other bytes"
train --out policy --games 400 --window-max 800
[[ $? == 2 && $(<err) == *'method is policy there, absent here'* ]] || wrong "another method: $(cat err)"

# A finished run can be extended: with a constant rate it equals the longer run.
constant=(--rate-schedule constant)
train --out long "${constant[@]}" || wrong "$(cat err)"
train --out short --iterations 4 "${constant[@]}" || wrong "$(cat err)"
train --out short "${constant[@]}" || wrong "extending to 6 iterations: $(cat err)"
same long short "4 iterations and 2 more: other bytes than 6"

# A damaged newest checkpoint is reported, the one before is taken, and the end is the same.
cp -r alternating damaged
truncate -s -100 damaged/checkpoints/000006.safetensors
train --out damaged || wrong "damaged newest: $(cat err)"
grep -q 000006.safetensors err || wrong "the damaged checkpoint was not named: $(cat err)"
same alternating damaged "after a damaged newest checkpoint: other bytes"

# The same for a damaged replay file.
cp -r alternating damaged.replay
rm damaged.replay/checkpoints/000006.safetensors
printf x | dd of=damaged.replay/replay/000004.safetensors bs=1 seek=3000 conv=notrunc 2>/dev/null
train --out damaged.replay || wrong "damaged replay: $(cat err)"
grep -q replay/000004.safetensors err || wrong "the damaged replay file was not named: $(cat err)"
same alternating damaged.replay "after a damaged replay file: other bytes"

# Damaged games that the only checkpoint needs: refused, but --salvage resumes with what is whole.
cp -r long salvage
find salvage/checkpoints -type f ! -name 000006.safetensors -delete
printf x | dd of=salvage/replay/000004.safetensors bs=1 seek=3000 conv=notrunc 2>/dev/null
train --out salvage "${constant[@]}" --iterations 7 && wrong "resumed without games that it needs"
train --out salvage "${constant[@]}" --iterations 7 --salvage || wrong "--salvage: $(cat err)"
grep -q 'iterations 5 and later' err || wrong "--salvage does not say what it leaves out: $(cat err)"
train --out salvage "${constant[@]}" --iterations 8 || wrong "after --salvage: $(cat err)"
[[ $(wc -l <salvage/metrics.jsonl) == 8 ]] || wrong "--salvage: $(wc -l <salvage/metrics.jsonl) lines"

# The best network is read from its own file if its checkpoint is damaged.
cp -r alternating best
number=$(ls best/checkpoints | head -1)
if ((10#${number%.*} < 4)); then # kept for the best network only
    truncate -s -50 "best/checkpoints/$number"
    rm best/checkpoints/000006.safetensors
    train --out best || wrong "a damaged checkpoint of the best: $(cat err)"
    cmp -s best/checkpoints/000006.safetensors alternating/checkpoints/000006.safetensors ||
        wrong "a damaged checkpoint of the best: other bytes"
fi

# Damaged checkpoints only: refused, nothing is changed; --fresh starts over.
cp -r alternating ruined
for file in ruined/checkpoints/*; do truncate -s 1000 "$file"; done
content ruined >before
train --out ruined
[[ $? == 2 ]] || wrong "a run of damaged checkpoints was resumed, or failed otherwise: $(cat err)"
content ruined >after
cmp -s before after || wrong "a refused run was changed"
train --out ruined --fresh || wrong "--fresh: $(cat err)"
same alternating ruined "--fresh: other bytes"

# A full disk: one line, nothing half-written; with room again it resumes.
(
    trap '' XFSZ
    ulimit -f 150
    train --out full
)
[[ $? == 1 && $(wc -l <err) == 1 ]] || wrong "a full disk: exit status or $(cat err)"
grep -q 'full/.*: ' err || wrong "a full disk: no file is named: $(cat err)"
[[ -z $(find full -name '*.aside-*') ]] || wrong "a full disk: files were left aside"
train --out full || wrong "after a full disk: $(cat err)"
same alternating full "after a full disk: other bytes"

# Another seed, shape or schedule is another run.
for other in "--seed 9" "--width 64" "--games 121" "--rate 0.003" "--overlap"; do
    train --out alternating $other
    [[ $? == 2 && $(wc -l <err) == 1 ]] || wrong "$other on a run of other settings: $(cat err)"
done
same alternating damaged "refused settings changed the run"

# Asked to stop: it does so soon, with exit status 0, and says how to resume.
"$bin/blob-train" "${base[@]}" --out asked --games 4000 --window-max 8000 \
    --curriculum 3x30 >out 2>err &
pid=$!
until [[ -e asked/run.json ]] || ! kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
kill -INT "$pid"
wait "$pid" || wrong "SIGINT: exit status $?, $(cat err)"
grep -q "the same command makes the rest" out || wrong "SIGINT: $(cat out)"

exit "$failed"
