#!/usr/bin/env bash
# scripts/install.sh - sourced by the other scripts: installs what a build needs and this machine
# lacks.
#
# A program counts as present wherever it comes from; for libraries, dpkg is asked. What is missing
# is taken from the folder that offline_deps.sh filled, if there is one, otherwise from apt. On a
# system with neither, nothing is installed, and CMake's configuration says what is missing.

build_libraries=(libcjson-dev libxxhash-dev libzstd-dev)
mpi_packages=(libopenmpi-dev openmpi-bin) # without them, training runs in one process
deps=$(realpath -m "${BLOB_DEPS:-${root:?}/deps}")
export BLOB_DEPS=$deps # CMakeLists.txt looks for libraries in it

# say WORDS..: prints a line to stderr; stdout belongs to the program that is run.
say() { echo "${0##*/}: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

# Whether there is a CUDA toolkit that can build this, in PATH or else in /usr/local/cuda.
nvcc_path() {
    local version
    if ! command -v nvcc >/dev/null && [[ -x /usr/local/cuda/bin/nvcc ]]; then
        export PATH=$PATH:/usr/local/cuda/bin
    fi
    command -v nvcc >/dev/null || return 1
    version=$(nvcc --version | sed -nE 's/.*release ([0-9.]+).*/\1/p')
    [[ $(printf '%s\n' 12.4 "$version" | sort -V | head -n 1) == 12.4 ]] && return
    say "CUDA $version is too old, 12.4 or later is needed: going on without CUDA"
    return 1
}

# Prints the architectures of the GPUs here as CMake wants them, such as "90"; PTX for those that
# the toolkit does not know; nothing if there is no GPU.
gpu_architectures() {
    local known newest cap caps
    # An old driver does not know this question, even though there is a GPU.
    caps=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null) ||
        { nvidia-smi >/dev/null 2>&1 && caps=unknown; } || return 0
    known=$(nvcc --list-gpu-arch 2>/dev/null | sed 's/compute_//' | sort -n)
    newest=$(tail -n 1 <<<"$known")
    for cap in $(tr -d . <<<"$caps" | sort -u); do
        if grep -qx "$cap" <<<"$known"; then
            echo "$cap"
        elif [[ ! $cap =~ ^[0-9]+$ ]]; then
            echo 75-virtual
        elif ((cap > ${newest:-0})); then
            echo "${newest:-75}-virtual"
        else
            say "this toolkit cannot compile for a GPU of compute capability $cap: skipped"
        fi
    done | sort -u | paste -sd ';'
}

compiles_c() { gcc -x c -o /dev/null - <<<'int main(void) { return 0; }' 2>/dev/null; }

has_mpi() { command -v mpirun >/dev/null && command -v mpicc >/dev/null; }

# unpacked PACKAGE: whether it is in $deps/root.
unpacked() { [[ -d $deps/root ]] && compgen -G "$deps/$1_*.deb" >/dev/null; }

# missing_packages [PACKAGE..]: prints the names of those that are missing; a word a:b stands for
# program a from package b.
missing_packages() {
    local item
    for item in "$@" "${build_libraries[@]}"; do
        if [[ $item == *:* ]]; then
            command -v "${item%%:*}" >/dev/null || echo "${item#*:}"
        elif ! unpacked "$item" && ! dpkg-query -W -f '${db:Status-Status}\n' "$item" 2>/dev/null |
            grep -qx installed; then
            echo "$item"
        fi
    done
    compiles_c || echo libc6-dev
}

# fetched_for PROGRAM PACKAGE: whether the program is missing and its package is in $deps.
fetched_for() { ! command -v "$1" >/dev/null && compgen -G "$deps/$2_*.deb" >/dev/null; }

# use_deps: unpacks once what offline_deps.sh fetched; its programs go to the end of PATH. Compilers
# and Open MPI only work at their proper paths, so they are installed, by root.
use_deps() {
    local deb program libraries
    compgen -G "$deps/*.deb" >/dev/null || return 0
    command -v dpkg-deb >/dev/null || fail "dpkg-deb is missing: it unpacks $deps"
    if ((EUID == 0)) && { fetched_for gcc gcc || fetched_for mpirun openmpi-bin; }; then
        say "installing the packages of $deps"
        dpkg -i "$deps"/*.deb >/dev/null || fail "dpkg -i $deps/*.deb failed"
        return 0
    fi
    if [[ ! -d $deps/root ]]; then
        say "unpacking $deps, packages of $(cat "$deps/release")"
        rm -rf "$deps/root.part"
        for deb in "$deps"/*.deb; do
            dpkg-deb -x "$deb" "$deps/root.part" || fail "$deb cannot be unpacked"
        done
        mv "$deps/root.part" "$deps/root" || fail "$deps cannot be written"
    fi
    libraries=$(printf '%s:' "$deps"/root/usr/lib/*-linux-gnu "$deps"/root/lib/*-linux-gnu)
    mkdir -p "$deps/root/bin"
    for program in cmake ctest ninja; do
        printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' "$libraries" \
            "$deps/root/usr/bin/$program" >"$deps/root/bin/$program"
        chmod +x "$deps/root/bin/$program"
    done
    export PATH=$PATH:$deps/root/bin
}

# take_packages PACKAGE..: installs them, as root or by sudo, or says why it cannot.
take_packages() {
    local as=() log apt=(apt-get install -y --no-install-recommends)
    local by_hand="as root, run: apt-get update && ${apt[*]} $*"
    if ((EUID != 0)); then
        as=(sudo)
        [[ -t 0 ]] || as=(sudo -n)
        if ! command -v sudo >/dev/null || ! "${as[@]}" true 2>/dev/null; then
            say "packages are missing; $by_hand"
            return 1
        fi
    fi
    say "installing $*"
    log=$(mktemp)
    if ! { "${as[@]}" apt-get update &&
        "${as[@]}" env DEBIAN_FRONTEND=noninteractive "${apt[@]}" "$@"; } </dev/null >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        rm -f "$log"
        say "installation failed; $by_hand"
        return 1
    fi
    rm -f "$log"
}

has_apt() { command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; }

# need_packages [PACKAGE..]: installs what a build cannot do without, or ends the script. If anything
# has to be installed, MPI is too, where possible, so that nobody is asked again later.
need_packages() {
    local missing=() wanted=(gcc:gcc cmake:cmake ninja:ninja-build "$@")
    if [[ -n $(missing_packages "${wanted[@]}") ]]; then use_deps; fi
    has_apt || return 0
    read -ra missing <<<"$(missing_packages "${wanted[@]}" | paste -sd ' ')"
    ((${#missing[@]})) || return 0
    take_packages "${missing[@]}" || exit 1
    has_mpi || want_packages "${mpi_packages[@]}" || say "going on without MPI: training runs in one process"
}

# want_packages PACKAGE..: installs what a build can do without, if possible.
want_packages() { has_apt && take_packages "$@"; }

# logged STEP LOG COMMAND..: runs quietly; if it fails, prints the end of the log and what failed.
logged() {
    local step=$1 log=$2
    shift 2
    "$@" </dev/null >"$log" 2>&1 && return
    tail -n 40 "$log" >&2
    say "$step failed; the full output is in $log"
    return 1
}

export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}
