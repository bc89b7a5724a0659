# tests/cli/train_runs.sh - small runs for tests of blob-train, in a temporary folder.
#
# bin: the folder of the programs. failed: a test ends by `exit "$failed"`.
bin=$(realpath "$1")
tmp=$(mktemp -d "${TMPDIR:-/tmp}/blob-train.XXXXXX") || exit 1
source "$(dirname "$0")/tidy.sh"
cd "$tmp" || exit 1
failed=0
name=$(basename "$0" .sh)

wrong() {
    echo "$name: $*" >&2
    failed=1
}

base=(--device cpu --games 60 --players 3 --cards 3 --format round --curriculum 1x4 --parallel 32
    --width 32 --hidden 64 --layers 1 --heads 4 --policy-hidden 32 --value-hidden 32 --batch 32
    --epochs 1 --window-min 300 --window-max 300 --warmup 5 --rate 0.002 --rate-schedule constant
    --keep 3 --arena-every 0 --quiet)

# train ARGS..: stdout goes to the file out, stderr to the file err; returns the program's status.
train() { "$bin/blob-train" "${base[@]}" "$@" >out 2>err; }

# Names, sizes and checksums of everything in a folder but its empty lock.
contents() {
    (cd "$1" && find . ! -name lock -exec ls -Fd {} + | sort &&
        find . -type f ! -name lock -exec cksum {} + | sort)
}

# Checksums of what a run leaves, without clocks.
lasting() {
    (cd "$1" && find checkpoints replay weights.safetensors best.safetensors -type f |
        sort | xargs sha256sum)
}

# same A B TEXT: both runs leave the same.
same() {
    lasting "$1" >lasting.1
    lasting "$2" >lasting.2
    cmp -s lasting.1 lasting.2 || wrong "$3: $(diff lasting.1 lasting.2 | head -5)"
}
