#!/usr/bin/env bash
# scripts/run.sh PROGRAM [ARGS..] - builds for this machine, in build/run, and becomes the program.
#
# With a GPU and a CUDA toolkit the build is for that GPU, otherwise for the CPU alone. Nothing is
# said when nothing has to be done; stdout belongs to the program.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
source "$root/scripts/install.sh"
build=$root/build/run

if (($# == 0)); then
    echo "usage: scripts/run.sh PROGRAM [ARGS..], such as: scripts/run.sh blob-replay --help" >&2
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

# Open MPI that was installed since is a reason to configure anew.
settings+=("-DBLOB_MPI_AT=$(command -v mpicc || echo none)")

# One build at a time; the lock must not go on into the program.
mkdir -p "$build" || fail "the folder $build cannot be written"
exec 9>"$build/lock"
flock 9
stamp=$build/settings
if [[ ! -f $stamp || $(<"$stamp") != "${settings[*]}" ]]; then
    say "configuring: ${settings[*]}"
    logged configuration "$build/configure.log" \
        cmake -S "$root" -B "$build" "${settings[@]}"
    echo "${settings[*]}" >"$stamp"
    say "building, some minutes at first"
fi
# The program's own parts only, not the tests. A name that is not built here fails too.
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
[[ -x $program ]] || fail "$1 is built, but is no program"
shift
exec "$program" "$@"
