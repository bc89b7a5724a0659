#!/usr/bin/env bash
# tests/cli/test_isa.sh BIN [small] - the same games and the same learning by every kernel that this machine
# has, forced one by one, from one thread and from two. small: fewer, for builds with a sanitizer.
set -u
source "$(dirname "$0")/train_runs.sh"
unset BLOB_ISA
games=(--device cpu --games 40 --players 3 --cards 3 --worlds 2 --simulations 6 --quiet) more=60
[[ ${2:-} == small ]] &&
    games=(--device cpu --games 3 --players 3 --cards 2 --worlds 1 --simulations 2 --quiet) more=5

# played FOLDER ARGS..: self-play that must succeed; BLOB_ISA is the caller's.
played() {
    "$bin/blob-gpu-selfplay" "${games[@]}" --out "$@" >out 2>err || wrong "$*: $(<err)"
}
# alike A B: the same shards.
alike() { cmp -s "$1/games-000000.safetensors" "$2/games-000000.safetensors" || wrong "$1 is not $2"; }

# What a run that does not force any does, and what the formula without vectors gives.
played best --threads 2
played formula --threads 2 --network plain
alike best formula
played bytes --threads 2 --precision int8
played bytes.formula --threads 2 --precision int8 --network plain
alike bytes bytes.formula
train --iterations 2 --out learned || wrong "learned: $(<err)"

kernels=0
for isa in plain neon avx2 avx512; do
    if ! BLOB_ISA=$isa "$bin/blob-gpu-selfplay" "${games[@]}" --out probe.$isa >out 2>err; then
        [[ $(wc -l <err) == 1 && $(<err) == "BLOB_ISA=$isa: this processor has plain"* ]] ||
            wrong "$isa is missing: $(<err)"
        continue
    fi
    kernels=$((kernels + 1))
    for threads in 1 2; do
        BLOB_ISA=$isa played $isa.$threads --threads $threads
        alike $isa.$threads best
        BLOB_ISA=$isa played $isa.bytes.$threads --threads $threads --precision int8
        alike $isa.bytes.$threads bytes
        BLOB_ISA=$isa train --threads $threads --iterations 2 --out $isa.learned.$threads ||
            wrong "$isa, $threads threads: $(<err)"
        same $isa.learned.$threads learned "$isa, $threads threads learn otherwise"
    done
done
((kernels > 0)) || wrong "no kernel ran"
BLOB_ISA=avx3 "$bin/blob-gpu-selfplay" "${games[@]}" --out refused >out 2>err &&
    wrong "BLOB_ISA=avx3 was accepted"
[[ $(<err) == "BLOB_ISA=avx3: this processor has plain"* ]] || wrong "BLOB_ISA=avx3: $(<err)"

# A run may move to another processor: what forced one of them goes on by another.
"$bin/blob-gpu-selfplay" "${games[@]}" --games $more --out whole >out 2>err || wrong "whole: $(<err)"
cp -r plain.1 moved
"$bin/blob-gpu-selfplay" "${games[@]}" --games $more --out moved >out 2>err || wrong "moved: $(<err)"
alike moved whole

# Games of older versions by oneDNN have other bits, and are not continued; in int8 they have the same.
cp -r best old
sed -i 's/"arithmetic":.*/"library": "onednn 2.6.3"/' old/run.json
"$bin/blob-gpu-selfplay" "${games[@]}" --games $more --out old >out 2>err && wrong "old sums went on"
[[ $(wc -l <err) == 1 && $(<err) == *"with the sums of onednn 2.6.3"* ]] || wrong "old: $(<err)"
grep -q arithmetic bytes/run.json && wrong "int8 depends on: $(grep arithmetic bytes/run.json)"

exit "$failed"
