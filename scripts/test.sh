#!/usr/bin/env bash
# scripts/test.sh [--long] - builds and tests every preset that this machine can.
#
# cpu and asan always; cuda where nvcc is, whose tests skip without a GPU. --long adds the tests
# labelled slow. Every preset is tried; the exit status is 0 only if all passed.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
source "$root/scripts/install.sh"
cd "$root" || exit 1

skip=(-LE slow)
case ${*:-} in
    '') ;;
    --long) skip=() ;;
    *)
        echo "usage: scripts/test.sh [--long]" >&2
        exit 2
        ;;
esac
presets=(cpu asan)
compilers=()
if nvcc_path; then
    presets+=(cuda)
    compilers=(g++:g++)
fi
need_packages "${compilers[@]}"

# test_preset NAME: configure, build, test; the first step that fails ends it.
test_preset() {
    local preset=$1 only=()
    [[ $preset == cuda ]] && only=(-L gpu)
    mkdir -p "build/$preset" || return 1
    say "$preset: building"
    logged "$preset: configuration" "build/$preset/configure.log" cmake --preset "$preset" &&
        logged "$preset: build" "build/$preset/build.log" \
            cmake --build --preset "$preset" --parallel "$(nproc)" &&
        ctest --preset "$preset" -j2 --output-on-failure --no-tests=error "${only[@]}" "${skip[@]}"
}

summary=() failed=0
for preset in "${presets[@]}"; do
    if test_preset "$preset"; then
        summary+=("$preset passed")
    else
        summary+=("$preset FAILED")
        failed=1
    fi
done
printf -v line '%s, ' "${summary[@]}"
echo "test.sh: ${line%, }"
exit "$failed"
