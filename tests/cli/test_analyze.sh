#!/usr/bin/env bash
# tests/cli/test_analyze.sh BLOB-ANALYZE - files, standard input, options, and exit statuses.
set -u
analyze=$1
tmp=$(mktemp -d) || exit 1
source "$(dirname "$0")/tidy.sh"
failed=0
query='{"id":"a","players":4,"cards":5,"trump":"S","dealer":3,"actions":["2","1","0","3"],'
query+='"hands":["AS KD 7C 3C 2H",null,null,null],"evaluator":"hash"}'

# expect STATUS LINES TEXT ARGS..: runs the program on $tmp/in and checks its status, the number of
# lines on stdout, and that stdout or stderr holds the text.
expect() {
    local status=$1 lines=$2 text=$3 got
    shift 3
    "$analyze" --device cpu "$@" <"$tmp/in" >"$tmp/out" 2>"$tmp/err"
    got=$?
    [[ $got == "$status" && $(wc -l <"$tmp/out") == "$lines" &&
        $(cat "$tmp/out" "$tmp/err") == *"$text"* ]] && return
    printf 'blob-analyze %s\n  expected %s, %s lines: %s\n  found %s: %s%s\n' "$*" "$status" \
        "$lines" "$text" "$got" "$(cut -c 1-300 "$tmp/out")" "$(<"$tmp/err")" >&2
    failed=1
}

# Standard input: empty lines are skipped, a wrong one does not stop the next, the last lacks a newline.
printf '%s\n\n \t\r\nwrong\n%s' "$query" "$query" >"$tmp/in"
expect 0 3 '"rows":91'
[[ $(sed -n 1p "$tmp/out") == "$(sed -n 3p "$tmp/out")" ]] || failed=1
[[ $(sed -n 2p "$tmp/out") == '{"id":null,"error":"not JSON'*'"field":null}' ]] || failed=1
[[ ! -s $tmp/err ]] || failed=1

# Files are read in order, and standard input is not.
cp "$tmp/in" "$tmp/one.jsonl"
printf '{"id":"b"}\n' >"$tmp/two.jsonl"
expect 0 4 '{"id":"b","error":"is missing: the number of seats","field":"players"}' \
    "$tmp/two.jsonl" "$tmp/one.jsonl"
[[ $(head -c 9 "$tmp/out") == '{"id":"b"' ]] || failed=1

# A byte order mark may stand before the first line of each file, and nowhere else.
printf '\xEF\xBB\xBF%s\n\xEF\xBB\xBF%s\n' "$query" "$query" >"$tmp/in"
expect 0 2 '"rows":91'
[[ $(sed -n 1p "$tmp/out") == '{"id":"a",'*'"rows":91'* ]] || failed=1
[[ $(sed -n 2p "$tmp/out") == '{"id":null,"error":"not JSON'* ]] || failed=1
expect 0 4 '"rows":91' "$tmp/in" "$tmp/in"
[[ $(sed -n 3p "$tmp/out") == '{"id":"a",'*'"rows":91'* ]] || failed=1
printf '\xEF\xBB' >"$tmp/in"
expect 0 1 'not JSON'

# A line may be 1 MiB long; a zero byte does not end it.
{
    printf '{"id":"%1048500s"}\n{"id":"%1048600s"}\n' x x
    printf '{"id":"a\0b"}\n'
    printf '%s\n' "$query"
} >"$tmp/in"
expect 0 4 'the line is longer than 1 MiB'
[[ $(sed -n 1p "$tmp/out" | wc -c) -gt 1048500 ]] || failed=1
[[ $(sed -n 3p "$tmp/out") == '{"id":null,'* ]] || failed=1
[[ $(sed -n 4p "$tmp/out") == *'"rows":91'* ]] || failed=1

# Each query is answered before the next is sent.
coproc "$analyze" --device cpu 2>/dev/null
process=$COPROC_PID
for _ in 1 2; do
    printf '%s\n' "$query" >&"${COPROC[1]}"
    read -r -t 100 answer <&"${COPROC[0]}" && [[ $answer == *'"rows":91'* ]] || failed=1
done
exec {COPROC[1]}>&-
wait "$process" || failed=1

# Options; without weights, the random network is reported once.
net=${query/hash/net}
printf '%s\n%s\n' "$net" "$net" >"$tmp/in"
expect 0 2 'no --weights: a random network answers, --weights-seed 1'
[[ $(wc -l <"$tmp/err") == 1 ]] || failed=1
cp "$tmp/out" "$tmp/seed1"
printf '%s\n' '{"id":"a","players":2,"cards":1,"trump":"N","dealer":1,"hands":["AS",null],' \
    '"actions":["1","1"]}' | tr -d '\n' >"$tmp/in" # one legal action: needs no network
expect 0 1 '"rows":0'
[[ ! -s $tmp/err ]] || failed=1
printf '%s\n%s\n' "$net" "$net" >"$tmp/in"
expect 0 2 '--weights-seed 2' --weights-seed 2 --threads 1 --precision float32
cmp -s "$tmp/out" "$tmp/seed1" && failed=1
expect 2 0 '--weights-seed -1: must be' --weights-seed -1
expect 2 0 '--threads 0: must be' --threads 0
expect 2 0 '--precision int3: must be one of' --precision int3
expect 2 0 '--precision bf16: only with --device cuda' --precision bf16
expect 2 0 '--device tpu' --device tpu
expect 2 0 --bogus --bogus
expect 1 0 "$tmp/none" --weights "$tmp/none"
expect 1 0 "$tmp/one.jsonl" --weights "$tmp/one.jsonl"
expect 1 0 "$tmp/none: cannot be opened: " "$tmp/none"
expect 1 0 "$tmp: cannot be read: " "$tmp"
if [[ -w /dev/full ]]; then
    "$analyze" --device cpu "$tmp/one.jsonl" >/dev/full 2>"$tmp/err"
    [[ $? == 1 && $(<"$tmp/err") == 'standard output cannot be written: '* ]] || failed=1
fi

# The example of --help works as printed.
"$analyze" --help >"$tmp/help" && "$analyze" --version >"$tmp/version" || failed=1
sed -n '/printf/,/blob-analyze/p' "$tmp/help" |
    sed "s|blob-analyze|'$analyze' --device cpu|" >"$tmp/try"
[[ $(bash "$tmp/try") == *'"rows":91'* ]] || failed=1
[[ $failed == 0 ]] || echo 'blob-analyze: a check failed' >&2
exit "$failed"
