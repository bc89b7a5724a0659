#!/usr/bin/env bash
# scripts/learn.sh [DIR] - shows that Blob learns: trains the tiny preset from random weights, then
# has it play, with the search that it was trained with, against random moves, against the network
# that it began with, and against a bot that plays by rules.
#
# Takes about half an hour on two CPU cores; stopped at any time, it continues where it was. DIR is
# the run's folder (learn). Prints a table, and writes a JSON object for each opponent to
# DIR/match-*.json. The exit status is 0 only if the network is significantly better than all three.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
out=${1:-learn}
seed=1 # of blob-train: its first network is net:SEED
table=(--players 3,4 --cards 3,4,5)
search=(--worlds 3 --simulations 20)
deals=4000

case $out in
    -*)
        echo "usage: scripts/learn.sh [DIR]" >&2
        exit 2
        ;;
esac

begin=$SECONDS
"$here/run.sh" blob-train --preset tiny --seed "$seed" --out "$out" || exit
trained=$((SECONDS - begin))
weights=$out/weights.safetensors
[[ -f $weights ]] || exit 1

echo
iterations=$(grep -c . "$out/metrics.jsonl")
echo "after $iterations iterations, $((trained / 60)) min $((trained % 60)) s of them in this start;" \
    "$deals deals, each played twice with the seats changed:"
worse=0
for opponent in random "net:$seed" rule; do
    "$here/run.sh" blob-arena "$weights" "$opponent" "${table[@]}" "${search[@]}" \
        --deals "$deals" --json "$out/match-${opponent%%:*}.json" --quiet || exit
    grep -q 'A is better' "$out/match-${opponent%%:*}.json" || worse=1
done
exit "$worse"
