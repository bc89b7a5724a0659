#!/usr/bin/env bash
# scripts/test.sh [--long] - builds and tests every preset that this machine can.
#
# cuda where nvcc is (its GPU tests only where a GPU is), asan, tsan and msan (the last two: the
# simulator of a GPU alone, by clang), cpu. --long adds the tests labelled slow. Every preset is
# tried; what cannot be is skipped by name; the exit status is 0 only if no other failed.
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

has_gpu() { compgen -G '/dev/nvidia[0-9]*' >/dev/null || [[ -e /dev/dxg ]]; }

# has_sanitizer NAME: whether clang links a program with it.
has_sanitizer() {
    command -v clang++ >/dev/null &&
        clang++ "-fsanitize=$1" -x c++ -o /dev/null - <<<'int main() {}' >/dev/null 2>&1
}

need_packages g++:g++ python3:python3
if ! has_sanitizer thread || ! has_sanitizer memory; then
    want_packages clang libclang-rt-dev
fi
has_mpi || want_packages "${mpi_packages[@]}"
has_matplotlib() { /usr/bin/python3 -c 'import matplotlib' 2>/dev/null; }
has_matplotlib || want_packages python3-matplotlib
presets=() summary=() failed=0
has_mpi || summary+=("several processes skipped (no mpirun)")
has_matplotlib || summary+=("the report's drawings skipped (no matplotlib)")
if nvcc_path; then presets+=(cuda); else summary+=("cuda skipped (no nvcc)"); fi
presets+=(asan)
for sanitizer in thread:tsan memory:msan; do
    if has_sanitizer "${sanitizer%:*}"; then
        presets+=("${sanitizer#*:}")
    else
        summary+=("${sanitizer#*:} skipped (no clang with -fsanitize=${sanitizer%:*})")
    fi
done
presets+=(cpu)

# test_preset NAME: configure, build, test; the first step that fails ends it.
test_preset() {
    local preset=$1 only=()
    if [[ $preset == cuda ]]; then # the rest is the cpu preset's
        only=(-L 'nvcc|gpu')
        has_gpu || { only=(-L nvcc) && say "cuda: no GPU here, its tests are left out"; }
    fi
    mkdir -p "build/$preset" || return 1
    say "$preset: building"
    logged "$preset: configuration" "build/$preset/configure.log" cmake --preset "$preset" &&
        logged "$preset: build" "build/$preset/build.log" \
            cmake --build --preset "$preset" --parallel "$(nproc)" &&
        ctest --preset "$preset" -j2 --output-on-failure --no-tests=error "${only[@]}" "${skip[@]}"
}

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
