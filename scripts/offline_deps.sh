#!/usr/bin/env bash
# scripts/offline_deps.sh [--compilers] [--mpi] [--for ARCHITECTURE] [DIR] - fetches what a build
# needs on a machine without a network.
#
# Run it where there is a network, on the same release of Debian or Ubuntu as the other machine; then
# copy the repository there, with DIR (deps, in the repository). The scripts and CMake find the
# packages in deps, or in another folder with BLOB_DEPS=DIR, and unpack them to DIR/root; nothing is
# installed. About 26 MiB. A machine with a CUDA toolkit has compilers; --compilers fetches them too,
# and --mpi Open MPI, for training in several processes. Both are installed, by root. --for arm64
# fetches only the libraries, for a cross compiler.
#
# Needs apt, but neither root nor any installed package; fetches all that a bare release lacks.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
source "$root/scripts/install.sh"

packages=(cmake ninja-build "${build_libraries[@]}")
folder=$deps architecture=$(dpkg --print-architecture 2>/dev/null) || architecture=unknown
while (($#)); do
    case $1 in
        --compilers) packages+=(gcc g++ libc6-dev) ;;
        --mpi) packages+=("${mpi_packages[@]}") ;;
        --for)
            architecture=${2:-unknown}
            packages=("${build_libraries[@]}")
            shift $(($# > 1))
            ;;
        -*)
            echo "usage: scripts/offline_deps.sh [--compilers] [--mpi] [--for ARCHITECTURE] [DIR]" >&2
            exit 2
            ;;
        *) folder=$1 ;;
    esac
    shift
done
for program in apt-get apt-cache dpkg; do
    command -v "$program" >/dev/null || fail "$program is missing: this script needs Debian or Ubuntu"
done

# Lists and state of our own: of the system, only the sources are read, and nothing is written.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial"
touch "$work/status"
apt=(-q -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status"
    -o "Dir::Cache::archives=$work/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture"
    -o Debug::NoLocking=1 -o APT::Sandbox::User= -o APT::Install-Recommends=0)

# closure PACKAGE..: prints all that they depend on, one "name=version" a line.
closure() {
    apt-get "${apt[@]}" -s install "$@" |
        sed -nE 's/^Inst ([^ ]+) \(([^ ]+) .*/\1=\2/p' | sort -u
}

say "reading the package lists"
apt-get "${apt[@]}" update >"$work/log" 2>&1 || {
    tail -n 5 "$work/log" >&2
    say "some lists could not be read; going on with the others"
}
mapfile -t bare < <(apt-cache "${apt[@]}" dumpavail |
    awk -v RS= '/\n(Priority: required|Essential: yes)/ { print $2 }' | sort -u)
((${#bare[@]})) || fail "the package lists are empty: is there a network?"
bare+=(apt)
[[ $architecture == "$(dpkg --print-architecture)" ]] || bare=() # a cross compiler has none of them
: >"$work/bare"
((!${#bare[@]})) || closure "${bare[@]}" >"$work/bare"
closure "${bare[@]}" "${packages[@]}" >"$work/all"
mapfile -t wanted < <(comm -13 "$work/bare" "$work/all")
((${#wanted[@]})) || fail "apt names no packages: $(apt-get "${apt[@]}" -s install \
    "${packages[@]}" 2>&1 | tail -n 1)"

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
rm -rf "$folder"/*.deb "$folder/root"
say "fetching ${#wanted[@]} packages into $folder"
if ! (cd "$folder" && apt-get "${apt[@]}" download "${wanted[@]}") >"$work/log" 2>&1; then
    tail -n 5 "$work/log" >&2
    fail "not all packages could be fetched"
fi
release=$(. /etc/os-release && echo "${PRETTY_NAME:-unknown}")
printf '%s, %s\n' "$release" "$architecture" >"$folder/release"
for package in "${packages[@]}"; do
    compgen -G "$folder/${package}_*.deb" >/dev/null || fail "$package was not fetched"
done
say "$(du -sh --apparent-size "$folder" | cut -f 1) for $release in $folder"
