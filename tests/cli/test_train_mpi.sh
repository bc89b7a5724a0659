#!/usr/bin/env bash
# tests/cli/test_train_mpi.sh BIN - several processes play and learn the same as one.
#
# With a gate and no arena the first network plays all games, so that they do not depend on the last
# bits of any gradient: they are the same bytes. Without it the losses are the same within a
# tolerance. Killing a process ends the run, which when resumed ends in the bytes of one that never
# stopped. Exit status 77: there is no mpirun, or the program was built without MPI.
set -uo pipefail
bin=$1
command -v mpirun >/dev/null || exit 77
tmp=$(mktemp -d) || exit 1
source "$(dirname "$0")/tidy.sh"
cd "$tmp" || exit 1
failed=0
wrong() {
    echo "test_train_mpi: $*" >&2
    failed=1
}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 # MPI keeps what it takes

base=(--iterations 4 --games 90 --players 3,4 --cards 3,4 --curriculum 1x4 --parallel 32 --width 32
    --hidden 64 --layers 1 --heads 4 --policy-hidden 32 --value-hidden 32 --batch 96 --epochs 2
    --window-min 150 --window-max 300 --warmup 5 --rate 0.002 --threads 1 --quiet)

# train COUNT OPTIONS..: so many processes.
train() {
    local n=$1
    shift
    mpirun -np "$n" "$bin/blob-train" "${base[@]}" "$@" >out 2>err </dev/null
}

# The tensors of a safetensors file, without its header.
tensors() {
    local header
    header=$(od -An -t u8 -N 8 "$1" | tr -d ' ')
    tail -c +$((9 + header)) "$1"
}

train 2 --out probe --iterations 1 || {
    grep -q "without MPI" err && exit 77
    wrong "two processes: $(cat err)"
}
grep -c "iterations are in" out | grep -qx 1 || wrong "not one process alone spoke: $(cat out)"

# The same games.
gate=(--arena-gate --arena-every 0)
for n in 1 2 3; do train $n --out "gate$n" "${gate[@]}" || wrong "$n processes: $(cat err)"; done
for file in 000000 000001 000002 000003; do
    for n in 2 3; do
        cmp -s <(tensors gate1/replay/$file.safetensors) \
            <(tensors gate$n/replay/$file.safetensors) ||
            wrong "$n processes played other games in iteration $file"
    done
done

# The same losses, nearly.
train 1 --out one || wrong "one process: $(cat err)"
train 2 --out two || wrong "two processes: $(cat err)"
cmp -s <(tensors one/replay/000000.safetensors) <(tensors two/replay/000000.safetensors) ||
    wrong "the first iteration's games are not the same"
losses() { grep -oE '"(policy_loss|value_loss|gradient_norm)":[^,]*' "$1/metrics.jsonl" | cut -d: -f2; }
[[ $(losses one | wc -l) == 12 ]] || wrong "one process wrote $(losses one | wc -l) losses, expected 12"
paste <(losses one) <(losses two) | awk '
    { d = $1 - $2; if (d < 0) d = -d; if (d > 0.03 * $1 + 0.01 || $2 == "") bad = 1 }
    END { exit bad }' || wrong "two processes: other losses: $(paste <(losses one) <(losses two))"

# One process dies: mpirun ends the others, and the resumed run ends the same.
more=(--iterations 8)
train 2 --out whole "${more[@]}" || wrong "$(cat err)"
mpirun -np 2 "$bin/blob-train" "${base[@]}" "${more[@]}" --out dies >out 2>err </dev/null &
pid=$!
until [[ -e dies/checkpoints/000002.safetensors ]] || ! kill -0 "$pid" 2>/dev/null; do
    sleep 0.02
done
victim=$(pgrep -P "$pid" | tail -1)
if kill -KILL "$victim" 2>/dev/null; then
    wait "$pid" && wrong "mpirun's exit status is 0 though a process was killed"
    train 2 --out dies "${more[@]}" || wrong "after a killed process: $(cat err)"
else
    echo "test_train_mpi: the run was over before it could be killed" >&2
fi
for file in checkpoints/000008 replay/000007 weights; do
    cmp -s "whole/$file.safetensors" "dies/$file.safetensors" ||
        wrong "after a killed process other bytes in $file"
done

# A refusal by one process ends all: none waits for it, or this test runs into its limit.
mpirun -np 2 "$bin/blob-train" "${base[@]}" --out two --iterations 5 \
    --rate-schedule constant >out 2>err </dev/null && wrong "another schedule was accepted"
grep -q "belongs to another run" err || wrong "the first process alone refuses: $(cat err)"
# With --change another number of processes goes on with a run, and the same bytes follow from there.
for folder in more again; do
    cp -r one "$folder"
    train 2 --out "$folder" --iterations 4 && wrong "two processes went on with a run of one"
    grep -q 'processes is 1 there, 2 here; --change goes on' err || wrong "two processes: $(cat err)"
    [[ $folder == again ]] && train 2 --out again --iterations 5 --rate-schedule constant --change
    rm -f again/checkpoints/000005.safetensors
    train 2 --out "$folder" --iterations 6 --rate-schedule constant --change ||
        wrong "--change to two processes: $(cat err)"
done
for file in checkpoints/000006 replay/000005 weights; do
    cmp -s "more/$file.safetensors" "again/$file.safetensors" ||
        wrong "--change to two processes: other bytes in $file"
done
rm -r dies/checkpoints/000008.safetensors dies/metrics.jsonl
mkdir dies/metrics.jsonl
mpirun -np 2 "$bin/blob-train" "${base[@]}" --out dies "${more[@]}" >out 2>err </dev/null
status=$?
((status != 0)) || wrong "metrics.jsonl is a folder: status $status, $(cat err)"

# Processes of one run have the same options.
mpirun -np 1 "$bin/blob-train" "${base[@]}" --out differ : \
    -np 1 "$bin/blob-train" "${base[@]}" --out differ --rate 0.1 >out 2>err </dev/null
status=$?
((status != 0)) || wrong "other options in one process: status $status"
grep -q "the processes differ in their options" err || wrong "other options: $(cat err)"

# Rows that the processes cannot share evenly are refused, once.
train 5 --out odd && wrong "96 rows on 5 processes were accepted"
[[ $(grep -c "not a multiple" err) == 1 ]] || wrong "said $(grep -c 'not a multiple' err) times: $(cat err)"

exit "$failed"
