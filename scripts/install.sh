#!/usr/bin/env bash
# scripts/install.sh - sourced by run.sh and test.sh: what a build needs and this machine lacks.
#
# Programs count as present wherever they come from; libraries are asked of dpkg. On a system
# without apt nothing is installed and the configuration says what is missing.

# say WORDS..: one line to stderr; stdout belongs to the program that is run.
say() { echo "${0##*/}: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

nvcc_path() { # a toolkit outside PATH lies here
    if ! command -v nvcc >/dev/null && [[ -x /usr/local/cuda/bin/nvcc ]]; then
        export PATH=$PATH:/usr/local/cuda/bin
    fi
    command -v nvcc >/dev/null
}

# missing_packages [PACKAGE..]: the names of those that are not there; a word a:b is program a
# from package b.
missing_packages() {
    local item
    for item in "$@" libc6-dev libdnnl-dev libcjson-dev libxxhash-dev; do
        if [[ $item == *:* ]]; then
            command -v "${item%%:*}" >/dev/null || echo "${item#*:}"
        elif ! dpkg-query -W -f '${db:Status-Status}\n' "$item" 2>/dev/null |
            grep -qx installed; then
            echo "$item"
        fi
    done
}

# need_packages [PACKAGE..]: installs what is missing, as root or by sudo; or prints the command.
need_packages() {
    local missing=() as=() log
    local apt=(apt-get install -y --no-install-recommends)
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
    read -ra missing <<<"$(missing_packages gcc:gcc cmake:cmake ninja:ninja-build "$@" |
        paste -sd ' ')"
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        as=(sudo)
        [[ -t 0 ]] || as=(sudo -n)
        if ! command -v sudo >/dev/null || ! "${as[@]}" true 2>/dev/null; then
            fail "packages are missing; as root, run: apt-get update && ${apt[*]} ${missing[*]}"
        fi
    fi
    say "installing ${missing[*]}"
    log=$(mktemp)
    if ! { "${as[@]}" apt-get update &&
        "${as[@]}" env DEBIAN_FRONTEND=noninteractive "${apt[@]}" "${missing[@]}"; } \
        </dev/null >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        rm -f "$log"
        fail "installation failed; as root, run: apt-get update && ${apt[*]} ${missing[*]}"
    fi
    rm -f "$log"
}

# logged STEP LOG COMMAND..: runs quietly; on failure the end of the log and what failed.
logged() {
    local step=$1 log=$2
    shift 2
    "$@" </dev/null >"$log" 2>&1 && return
    tail -n 40 "$log" >&2
    say "$step failed; the whole output is in $log"
    return 1
}

export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}
