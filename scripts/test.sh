#!/usr/bin/env bash
# scripts/test.sh [--long] - builds and tests every preset that this machine can.
#
# cuda if there is nvcc (its GPU tests only if there is a GPU), asan, tsan and msan (the last two:
# only the simulator of a GPU, built by clang), cpu. --long adds the tests labelled slow, and
# aarch64, emulated (test_aarch64.sh). Presets that cannot be built here are skipped; the last line
# names all of them, with what became of each and how long it took. The exit status is 0 only if
# none failed.
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
has_aarch64() { command -v aarch64-linux-gnu-g++ && command -v qemu-aarch64-static; } >/dev/null
if ((!${#skip[@]})) && ! has_aarch64; then
    want_packages gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user-static
fi
presets=() summary=() failed=0
has_mpi || summary+=("tests with several processes skipped (no mpirun)")
has_matplotlib || summary+=("drawing reports skipped (no matplotlib)")
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

# test_preset NAME: configures, builds, tests, up to the first step that fails.
test_preset() {
    local preset=$1 only=()
    if [[ $preset == cuda ]]; then # all other tests belong to the cpu preset
        only=(-L 'nvcc|gpu')
        has_gpu || { only=(-L nvcc) && say "cuda: no GPU here, so the tests on one are skipped"; }
    fi
    mkdir -p "build/$preset" || return 1
    say "$preset: building"
    logged "$preset: configuration" "build/$preset/configure.log" cmake --preset "$preset" &&
        logged "$preset: build" "build/$preset/build.log" \
            cmake --build --preset "$preset" --parallel "$(nproc)" &&
        ctest --preset "$preset" -j2 --output-on-failure --no-tests=error "${only[@]}" "${skip[@]}"
}

for preset in "${presets[@]}"; do
    began=$SECONDS result=passed
    test_preset "$preset" || result=FAILED failed=1
    took=$((SECONDS - began))
    summary+=("$preset $result ($((took / 60)) min $((took % 60)) s)")
    say "${summary[-1]}"
done
if ((!${#skip[@]})); then
    began=$SECONDS result=passed
    scripts/test_aarch64.sh build/cpu/bin || case $? in
        77) result=skipped ;;
        *) result=FAILED failed=1 ;;
    esac
    took=$((SECONDS - began))
    summary+=("aarch64 $result ($((took / 60)) min $((took % 60)) s)")
    say "${summary[-1]}"
fi
printf -v line '%s, ' "${summary[@]}"
echo "test.sh: ${line%, }"
exit "$failed"
