#!/usr/bin/env bash
# tests/cli/test_threads.sh BIN - passive waiting however a program is started; too many, no threads.
set -u
bin=$(realpath "$1")
tmp=$(mktemp -d) || exit 1
source "$(dirname "$0")/tidy.sh"
cd "$tmp" || exit 1
failed=0
unset OMP_WAIT_POLICY
export ASAN_OPTIONS=detect_leaks=0 # the search for leaks needs a process

fail() {
    printf '%s\n' "$1" >&2
    failed=1
}

# passive TEXT COMMAND..: it prints its version, and the last start of libgomp does not spin.
passive() {
    local text=$1
    shift
    OMP_DISPLAY_ENV=verbose "$@" --version >out 2>err
    [[ $? == 0 && $(tail -n 1 out) == 'blob-arena '* &&
        $(cat out err | grep -o "GOMP_SPINCOUNT = '[0-9]*'" | tail -n 1) == "GOMP_SPINCOUNT = '0'" ]] ||
        fail "$text: $(cat out err)"
}
passive 'as usual' "$bin/blob-arena"
loader=$(ldd "$bin/blob-arena" | sed -n 's|^[[:space:]]*\(/[^ ]*/ld[^ ]*\) (.*|\1|p')
if [[ -x $loader ]]; then
    passive 'by the loader' "$loader" "$bin/blob-arena"
    passive 'by the loader with words of its own' "$loader" --library-path /nowhere "$bin/blob-arena"
    (cd "$bin" && OMP_DISPLAY_ENV=false "$loader" ./blob-arena --version) | grep -q '^blob-arena ' ||
        fail 'by the loader, from its folder'
fi
hide=(unshare -rm sh -c 'mount -t tmpfs none /proc && exec "$@"' sh)
"${hide[@]}" true 2>err || hide=(unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh)
if ! ldd "$bin/blob-arena" | grep -q libasan && "${hide[@]}" true 2>err; then # which needs /proc
    passive 'without /proc' "${hide[@]}" "$bin/blob-arena"
    cp "$bin/blob-arena" . && passive 'without /proc, by a relative path' "${hide[@]}" ./blob-arena
    OMP_DISPLAY_ENV=false "${hide[@]}" "$loader" "$bin/blob-arena" --version >out 2>err
    grep -q '^blob-arena ' out || fail "by the loader without /proc: $(<err)"
fi

# More threads than libgomp bears are cut, and it is said; the program works.
query='{"id":"a","players":4,"cards":5,"trump":"S","dealer":3,"actions":["2","1","0","3"],'
query+='"hands":["AS KD 7C 3C 2H",null,null,null],"evaluator":"hash"}'
OMP_NUM_THREADS=100000 "$bin/blob-analyze" --device cpu <<<"$query" >out 2>err
case $?:$(<out):$(<err) in
    0:*'"rows":91'*:'OMP_NUM_THREADS is 100000: 4096 threads are used, the most that is allowed') ;;
    1::*'4096 threads are used'*'only '*' of 4097 threads can be started: '*) ;; # a small machine
    *) fail "OMP_NUM_THREADS=100000: $(cat err out)" ;;
esac
OMP_NUM_THREADS=100000 "$bin/blob-analyze" --device cpu --threads 2 <<<"$query" >out 2>err
[[ $? == 0 && $(<out) == *'"rows":91'* && ! -s err ]] || fail "--threads 2: $(<err)"

# none PROCESSES TEXT PROGRAM ARGS..: with so many processes and threads at most, one line, exit status 1.
limited=()
if [[ $(id -u) == 0 ]]; then # whom the limit does not bind
    limited=(setpriv --reuid 54321 --regid 54321 --clear-groups --bounding-set -all --inh-caps -all)
    chmod 777 "$tmp"
fi
none() {
    local processes=$1 text=$2 program=$3
    shift 3
    (ulimit -u "$processes" && OMP_WAIT_POLICY=passive exec "${limited[@]}" "$bin/$program" "$@") >out 2>err
    [[ $? == 1 && $(<err) == *"$text"* && $(wc -l <err) == 1 && $(<err) != *memory* && ! -s out ]] ||
        fail "$processes processes, $program $*: $(<err)"
}
if "${limited[@]}" "$bin/blob-analyze" --version >out 2>err && [[ $(id -u) != 54321 ]]; then
    at_most='only 1 of 4 threads can be started: Resource temporarily unavailable; --threads N takes fewer'
    none 1 "$at_most" blob-gpu-selfplay --device cpu --evaluator hash --games 9 --threads 3
    none 1 "$at_most" blob-arena --device cpu rule random --deals 9 --threads 3
    none 1 "$at_most" blob-analyze --device cpu --threads 3
    none 1 "$at_most" blob-selftest --device cpu --threads 3
    none 1 'only 1 of 6 threads' blob-train --device cpu --out new --preset tiny --threads 3
    [[ $(id -u) != 0 ]] || none 3 'only 3 of 4 threads' blob-arena --device cpu rule random --threads 3
    [[ ! -e new && ! -e games ]] || fail 'a folder was made'
else
    echo "setpriv is missing or $bin is closed to others: the limit was not tried" >&2
fi
exit "$failed"
