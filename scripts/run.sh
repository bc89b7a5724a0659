#!/usr/bin/env bash
# scripts/run.sh PROGRAM [ARGS..] - builds a program for this machine, in build/run, and becomes it.
#
# With a GPU and a CUDA toolkit the build is for that GPU, otherwise for the CPU alone. If there is
# nothing to do, it prints nothing; stdout belongs to the program.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
source "$root/scripts/install.sh"
build=$root/build/run

if (($# == 0)); then
    echo "usage: scripts/run.sh PROGRAM [ARGS..], for example: scripts/run.sh blob-train --help" >&2
    exit 2
fi

settings=(-DCMAKE_BUILD_TYPE=Release -DBLOB_WERROR=OFF -DBLOB_CUDA=OFF)
compilers=()
if nvcc_path; then
    architectures=$(gpu_architectures)
    if [[ -n $architectures ]]; then
        settings[2]=-DBLOB_CUDA=ON
        settings+=("-DCMAKE_CUDA_ARCHITECTURES=$architectures")
        compilers=(g++:g++)
    fi
fi
need_packages "${compilers[@]}"

# If Open MPI has been installed since, configure again.
settings+=("-DBLOB_MPI_AT=$(command -v mpicc || echo none)")

# One build at a time; the program must not inherit the lock.
mkdir -p "$build" || fail "the folder $build cannot be written"
exec 9>"$build/lock"
flock 9
stamp=$build/settings
if [[ ! -f $stamp || $(<"$stamp") != "${settings[*]}" ]]; then
    say "configuring: ${settings[*]}"
    logged configuration "$build/configure.log" \
        cmake -S "$root" -B "$build" "${settings[@]}"
    echo "${settings[*]}" >"$stamp"
    say "building; the first time takes some minutes"
fi
# Only what the program needs, without the tests. A name that does not exist fails here too.
if ! logged build "$build/build.log" \
    cmake --build "$build" --target "$1" --parallel "$(nproc)" 2>"$build/said"; then
    programs=$(cmake --build "$build" --target help 2>/dev/null | grep -oE '\bblob-[a-z-]+\b' |
        sort -u | paste -sd ' ') || programs=
    if [[ -z $programs || " $programs " == *" $1 "* ]]; then
        cat "$build/said" >&2
        exit 1
    fi
    say "there is no program $1; there are: $programs"
    exit 2
fi
exec 9>&-

program=$build/bin/$1
[[ -x $program ]] || fail "$1 is not a program"
shift
exec "$program" "$@"
