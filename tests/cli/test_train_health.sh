#!/usr/bin/env bash
# tests/cli/test_train_health.sh BIN - steps that are not finite end a run, whose checkpoint stays valid.
#
# Rate and decay make every step of AdamW enlarge the weights once the warm-up is far enough: they leave
# float32 in the second iteration.
set -u
source "$(dirname "$0")/train_runs.sh"
blow=(--rate 10 --decay 10 --clip 1e6 --ema 0.5 --warmup 4000 --epochs 8 --out run)

# stopped: exit status 1, both lines, and what lies in the folder.
stopped() {
    train --iterations 5 "${blow[@]}"
    [[ $? == 1 ]] || wrong "exit status $?, expected 1: $(<err)$(<out)"
    [[ $(wc -l <err) == 2 && $(<err) == *'was not finite in '*' of the last 100 steps, '* &&
        $(<err) == *'the batch of the last step is in run/bad_batch.safetensors' ]] ||
        wrong "$(<err)"
    [[ $(ls run/checkpoints) == 000001.safetensors && ! -s out ]] || wrong "$(ls -R run) $(<out)"
    [[ -z $(find run -name '*.aside-*') ]] || wrong "files were left aside"
}

# The stopped run leaves what a run of one iteration leaves.
train --iterations 1 "${blow[@]}" || wrong "one iteration: $(<err)"
lasting run >good
stopped
lasting run >now
cmp -s good now || wrong "the stop changed the run: $(diff good now)"

# The batch: its rows, with the seats that play, their legal actions and targets that sum to 1.
header() { tail -c +9 "$1" | head -c "$(od -An -t u8 -N 8 "$1" | tr -d ' ')"; }
for tensor in '"observation":{"dtype":"F32","shape":[32,256],' \
    '"legal":{"dtype":"I64","shape":[32],' \
    '"policy":{"dtype":"F32","shape":[32,52],' '"value":{"dtype":"F32","shape":[32,8],' \
    '"seats":{"dtype":"I32","shape":[32],'; do
    [[ $(header run/bad_batch.safetensors) == *"$tensor"* ]] || wrong "the batch has no $tensor"
done
# values TENSOR FORMAT: as od's format has them, a row of the batch a line.
values() {
    local from to begin
    [[ $(header run/bad_batch.safetensors) =~ \"$1\":[^}]*\"data_offsets\":\[([0-9]+),([0-9]+)\] ]]
    from=${BASH_REMATCH[1]} to=${BASH_REMATCH[2]}
    begin=$(($(od -An -t u8 -N 8 run/bad_batch.safetensors | tr -d ' ') + 8 + from))
    od -An -v -t "$2" -w$(((to - from) / 32)) -j "$begin" -N $((to - from)) \
        run/bad_batch.safetensors
}
[[ $(values seats d4 | sort -u | tr -d ' ') == 3 ]] || wrong "seats: $(values seats d4 | sort -u)"
values policy f4 |
    awk '{ for (i = 1; i <= NF; i++) s += $i } (s - 1) ^ 2 > 1e-8 { exit 1 } { s = 0 }' ||
    wrong "policy targets that do not sum to 1"
values legal d8 | awk '$1 <= 0 { exit 1 }' || wrong "rows without a legal action"
values value f4 |
    awk '{ for (i = 1; i <= NF; i++) if ($i < 0 || $i > 1 || (i > 3 && $i)) exit 1 }' ||
    wrong "value targets outside of 0 .. 1"

# The same command resumes from the checkpoint, to the same end and the same batch.
cp run/bad_batch.safetensors batch
stopped
lasting run >now
cmp -s good now || wrong "the second stop changed the run: $(diff good now)"
cmp -s batch run/bad_batch.safetensors || wrong "the second time another batch"
train --iterations 1 "${blow[@]}" || wrong "what was reached: $(<err)"
[[ $(<out) == 'run holds all 1 iterations of this run: nothing to do; for more, --iterations N --change' ]] || wrong "$(<out)"

# --fresh removes the batch of the old run.
train --iterations 1 "${blow[@]}" --fresh || wrong "--fresh: $(<err)"
lasting run >now
cmp -s good now || wrong "--fresh: other bytes: $(diff good now)"
[[ ! -e run/bad_batch.safetensors ]] || wrong "--fresh left the batch"

exit "$failed"
