#!/usr/bin/env bash
# scripts/learn.sh [DIR] - shows that it learns: trains the tiny preset from random weights, then
# has it play, with the search it was trained with, against random moves, the network it began with
# and a bot that plays by rules.
#
# Made for two CPU cores and half an hour; stopped at any time it goes on where it was. DIR is the
# run's folder (learn). Ends with a table and, for each opponent, one JSON object in
# DIR/match-*.json. Exit status 0 only if it is significantly better than all three.
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
echo "after $iterations iterations, $((trained / 60)) min $((trained % 60)) s by this start;" \
    "$deals deals, each played twice with the seats changed:"
worse=0
for opponent in random "net:$seed" rule; do
    "$here/run.sh" blob-arena "$weights" "$opponent" "${table[@]}" "${search[@]}" \
        --deals "$deals" --json "$out/match-${opponent%%:*}.json" --quiet || exit
    grep -q 'A is better' "$out/match-${opponent%%:*}.json" || worse=1
done
exit "$worse"
