#!/usr/bin/env bash
# tests/cli/test_train_player.sh BIN - whose games a run trains on, and which weights are kept for them.
#
# Games of iteration n are those that blob-gpu-selfplay plays by weights.safetensors as it lay there
# after n iterations, also where training goes on beside; with a gate, by best.safetensors.
# 77: there is no python3.
set -u
command -v python3 >/dev/null || { echo "python3 is missing: skipped" >&2; exit 77; }
here=$(realpath "$(dirname "$0")")
source "$here/train_runs.sh"
learn=(--rate 0.002 --warmup 0 --ema 0.9 --epochs 4 --replay-compress 0 --keep 2)
games=60 simulations=4

# by_hand SHARDS WEIGHTS N: the games of the first N iterations, all of them by these weights.
by_hand() {
    "$bin/blob-gpu-selfplay" --device cpu --players 3 --cards 3 --worlds 1 \
        --simulations $simulations --games $(($3 * games)) --weights "$2" --out "$1" --quiet \
        >out 2>err || wrong "$1: $(<err)"
}
games_are() { python3 "$here/same_games.py" "$1" "$2"/games-*.safetensors; }

# step RUN N ARGS..: iteration N of the run; then a copy as RUN.weights.N+1, RUN.best.N+1.
step() {
    local run=$1 n=$2
    shift 2
    train --iterations $((n + 1)) "${learn[@]}" --out "$run" "$@" || wrong "$run $n: $(<err)"
    cp "$run/weights.safetensors" "$run.weights.$((n + 1))"
    cp "$run/best.safetensors" "$run.best.$((n + 1))"
}

for mode in alternating overlap; do
    option=()
    [[ $mode == overlap ]] && option=(--overlap)
    for n in 0 1 2 3; do step $mode $n "${option[@]}"; done
    for n in 1 2 3; do
        by_hand hand.$mode.$n $mode.weights.$n $((n + 1))
        games_are $mode/replay/00000$n.safetensors hand.$mode.$n ||
            wrong "$mode: the games of iteration $n are not by the weights after $n"
    done
    # Other weights play others, so that the comparison can tell.
    by_hand other.$mode $mode.weights.2 4
    games_are $mode/replay/000003.safetensors other.$mode &&
        wrong "$mode: weights 2 and 3 play the same games"
done

# With --overlap nothing has been learned after one iteration, then what its games teach.
cmp -s <(tail -c 80000 overlap.weights.1) <(tail -c 80000 overlap.best.1) ||
    wrong "overlap: the first iteration changed the weights"
[[ $(grep -c '"step":0,' overlap/metrics.jsonl) == 1 ]] ||
    wrong "overlap: steps: $(<overlap/metrics.jsonl)"

# A gate: the best plays, until one was better and the two after it were not. When that is depends
# on the last bits of a float.
games=400 simulations=12 changes=0 stays=0 best=0
gate=(--games $games --curriculum 1x$simulations --window-min 8000 --window-max 8000 --arena-gate
    --arena-every 1 --arena-deals 300 --arena-margin 0.5)
for ((n = 0; n < 20 && (changes == 0 || stays < 2); n++)); do
    step gate $n "${gate[@]}"
    verdict=$(tail -1 gate/metrics.jsonl | grep -o '"verdict":"[a-z]*"')
    if [[ $verdict == *promoted* ]]; then
        changes=$((changes + 1)) stays=0 best=$((n + 1))
        cmp -s gate.best.$best gate.weights.$best || wrong "promoted $n, but best is another"
    else
        stays=$((stays + 1))
        [[ $n == 0 ]] || cmp -s gate.best.$((n + 1)) gate.best.$n ||
            wrong "$verdict $n: best changed"
    fi
    ((n == 1 || (n > 0 && changes > 0))) || continue
    by_hand hand.gate.$n gate.best.$n $((n + 1))
    games_are gate/replay/$(printf %06d $n).safetensors hand.gate.$n ||
        wrong "gate: the games of iteration $n are not by the best after $n"
done
((changes > 0 && stays == 2)) || wrong "$n iterations with $changes promotions tell too little"

# The last two checkpoints are kept, and the best's, from which a run that goes on has it.
[[ $(ls gate/checkpoints) == $(printf '%06d.safetensors\n' $best $((n - 1)) $n) ]] ||
    wrong "kept: $(ls gate/checkpoints), the best is $best"
[[ $(ls alternating/checkpoints) == $'000003.safetensors\n000004.safetensors' ]] ||
    wrong "kept without a best: $(ls alternating/checkpoints)"
train --iterations $n "${learn[@]}" --out atonce "${gate[@]}" || wrong "at once: $(<err)"
same gate atonce "in $n steps other bytes than at once"

exit "$failed"
