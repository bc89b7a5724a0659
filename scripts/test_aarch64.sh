#!/usr/bin/env bash
# scripts/test_aarch64.sh X86_64_BIN - builds for aarch64, runs tests there under qemu-user, and holds
# its games against those of the programs in X86_64_BIN, byte by byte.
#
# The libraries of aarch64 are fetched into build/aarch64-deps, once; nothing is installed. Exit
# status 77 and one line: what is missing here.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
(($# == 1)) || {
    echo "usage: scripts/test_aarch64.sh X86_64_BIN" >&2
    exit 2
}
here=$(realpath -m "$1")
export BLOB_DEPS=$root/build/aarch64-deps
source "$root/scripts/install.sh"
cd "$root" || exit 1

skip() {
    say "skipped: $*"
    exit 77
}
for program in aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu aarch64-linux-gnu-g++:g++-aarch64-linux-gnu \
    qemu-aarch64-static:qemu-user-static; do
    command -v "${program%:*}" >/dev/null || skip "no ${program%:*} (package ${program#*:})"
done
[[ -x $here/blob-gpu-selfplay ]] || skip "no blob-gpu-selfplay in $here"
mkdir -p build
if [[ ! -f $deps/release ]]; then
    said=$(scripts/offline_deps.sh --for arm64 "$deps.part" 2>&1) ||
        skip "no libraries of aarch64: ${said##*$'\n'}"
    mv "$deps.part" "$deps" || exit 1
fi
if [[ ! -d $deps/root ]]; then
    for deb in "$deps"/*.deb; do
        dpkg-deb -x "$deb" "$deps/root.part" || fail "$deb cannot be unpacked"
    done
    mv "$deps/root.part" "$deps/root" || exit 1
fi

mkdir -p build/aarch64
logged configuration build/aarch64/configure.log cmake --preset aarch64 &&
    logged build build/aarch64/build.log cmake --build --preset aarch64 --parallel "$(nproc)" || exit 1
# Not test_faults: it executes itself, and without qemu that fails.
tests='rng|real|rules|perft|world|observe|reference|root|wave|search|decision|signature|rowwise|weights'
tests+='|int8|product_float32|linear|forward|train_ops|sim_runtime|sim_replay|sim_net'
ctest --preset aarch64 -j2 --no-tests=error -R "^test_($tests)\$" || exit 1

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export OMP_WAIT_POLICY=passive # otherwise the program executes itself, without qemu
there=(qemu-aarch64-static -L /usr/aarch64-linux-gnu "$root/build/aarch64/bin/blob-gpu-selfplay")
failed=0
for precision in float32 int8; do
    games=(--device cpu --games 20 --players 3 --cards 3 --worlds 2 --simulations 6 --threads 2
        --precision "$precision" --quiet)
    if ! "${there[@]}" "${games[@]}" --out "$tmp/there.$precision" >/dev/null ||
        ! "$here/blob-gpu-selfplay" "${games[@]}" --out "$tmp/here.$precision" >/dev/null ||
        ! cmp "$tmp"/{there,here}."$precision"/games-000000.safetensors; then
        say "$precision: aarch64 does not play x86-64's games"
        failed=1
    fi
done
exit "$failed"
