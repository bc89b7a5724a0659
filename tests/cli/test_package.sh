#!/usr/bin/env bash
# tests/cli/test_package.sh CMAKE SOURCE BENCH - the Debian package runs where it is unpacked, and on a clean
# system if one can be made here: as root, with debootstrap and a network. BENCH is blob-bench of this build.
set -u
cmake=$1 source=$2 bench=$3
command -v dpkg-deb >/dev/null || exit 77
tmp=$(mktemp -d "${TMPDIR:-/tmp}/blob-package.XXXXXX") || exit 1
source "$(dirname "$0")/tidy.sh"
failed=0

fail() {
    printf '%s\n' "$1" >&2
    failed=1
}

cd "$source" || exit 1
for step in "--preset package -B $tmp/build" "--build $tmp/build --parallel $(nproc)"; do
    # shellcheck disable=SC2086 # words
    "$cmake" $step >"$tmp/log" 2>&1 || {
        tail -n 20 "$tmp/log" >&2
        exit 1
    }
done
(cd "$tmp/build" && "${cmake%/*}/cpack") >"$tmp/log" 2>&1 || fail "cpack: $(<"$tmp/log")"
deb=$(echo "$tmp"/build/blob_*.deb)
[[ -f $deb ]] || exit 1

# Nothing for this processor alone, no run path, and a package for every library.
grep -q march=native "$tmp/build/compile_commands.json" && fail 'compiled for this processor alone'
dpkg-deb -x "$deb" "$tmp/root" || fail "$deb cannot be unpacked"
depends=$(dpkg-deb -f "$deb" Depends)
[[ $depends != *dnnl* ]] || fail "depends on what it can do without: $depends"
for program in "$tmp"/root/usr/bin/blob-*; do
    [[ $(head -c 2 "$program") == '#!' ]] && continue # a script: test_install runs it
    "$program" --version >/dev/null || fail "$program --version: exit status $?"
    ldd "$program" | grep 'not found' && fail "$program: libraries are missing"
    readelf -d "$program" | grep -E 'RPATH|RUNPATH' && fail "$program: has a run path"
    for library in $(readelf -d "$program" | sed -nE 's/.*NEEDED.*\[(lib.*|ld-.*)\.so\.[0-9]+\]/\1/p'); do
        case $library in
            libc | libm | ld-*) library=libc ;;
            libmpi) library=libopenmpi ;;
        esac
        [[ $depends == *"$library"[0-9]* ]] || fail "$library: no package in Depends: $depends"
    done
done
signature=$("$bench" signature)
[[ $("$tmp/root/usr/bin/blob-bench" signature) == "$signature" ]] || fail 'another signature'

# clean_system: makes one of this release in $tmp/clean, without anything that it does not need.
clean_system() {
    local release
    release=$(. /etc/os-release && [[ $ID == debian ]] && echo "$VERSION_CODENAME") && ((EUID == 0)) &&
        command -v debootstrap >/dev/null &&
        debootstrap --variant=minbase "$release" "$tmp/clean" >"$tmp/log" 2>&1
}
if clean_system; then
    cp "$deb" "$tmp/clean/root"
    chroot "$tmp/clean" apt-get -q -y --no-install-recommends install "/root/${deb##*/}" >"$tmp/log" 2>&1 ||
        fail "apt-get install: $(tail -n 5 "$tmp/log")"
    for program in "$tmp"/root/usr/bin/blob-*; do
        name=${program##*/}
        chroot "$tmp/clean" "$name" --version >/dev/null || fail "clean: $name does not start"
    done
    [[ $(chroot "$tmp/clean" blob-bench signature) == "$signature" ]] || fail 'clean: another signature'
else
    echo 'no clean system could be made: tried here only'
fi
exit "$failed"
