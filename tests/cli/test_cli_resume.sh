#!/usr/bin/env bash
# tests/cli/test_cli_resume.sh BIN [SCRATCH] - however a run is interrupted, it ends in the same bytes.
set -u
bin=$(realpath "$1") selfplay=$bin/blob-gpu-selfplay records=$bin/blob-records
tmp=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/blob-resume.XXXXXX") || exit 1
source "$(dirname "$0")/tidy.sh"
cd "$tmp" || exit 1
failed=0 process=
# Full games of 6 rounds: their records fill the buffer of a part a dozen times, so that a kill finds
# games on disk. Two shards, the second one short.
hash=(--evaluator hash --players 2 --cards 3 --format full --worlds 1 --simulations 8)
net=(--evaluator net --device cpu --players 2 --cards 2 --worlds 1 --simulations 4)

fail() {
    printf '%s\n' "$1" >&2
    failed=1
}

# play FOLDER ARGS..: a run that must succeed; repairs are reported to the file err.
play() {
    "$selfplay" --quiet --out "$@" >out 2>err ||
        fail "blob-gpu-selfplay --out $*: $? $(<err)"
}

# same FOLDER REFERENCE: the same shards, byte for byte, and nothing incomplete.
same() {
    local file
    for file in "$2"/games-*; do
        cmp "$1/${file##*/}" "$file" || fail "$1 is not $2"
    done
    [[ $(cd "$1" && echo games-* run*) == $(cd "$2" && echo games-* run*) ]] ||
        fail "$1: $(ls "$1")"
}

# begin FOLDER ARGS..: starts a run in the background.
begin() {
    "$selfplay" --out "$@" >out 2>err &
    process=$!
}

# wait_for TEST..: waits until the test holds, or the run has ended.
wait_for() {
    until "$@"; do
        kill -0 "$process" 2>/dev/null || return 1
        sleep 0.01
    done
}
holds() { [[ -e $1 && $(stat -c %s "$1") -gt $2 ]]; } # FILE BYTES
says() { grep -q "$1" err; }

# ends STATUS WHAT: the run in the background ends with that status.
ends() {
    local got
    wait "$process" 2>/dev/null
    got=$?
    process=
    [[ $got == "$1" ]] || fail "$2: expected status $1, found $got: $(<err)"
}

play whole "${hash[@]}" --games 5000 --threads 1 --parallel 64
"$records" check whole >out || fail "whole: check: $?"
[[ $(<out) == *'5000 games in shards, 0 in parts'* ]] || fail "whole: $(<out)"

# Live games, threads, waves between two checks, the name of the device: no difference.
play batch "${hash[@]}" --games 5000 --threads 2 --parallel 16 --waves 3
same batch whole
play batch2 "${hash[@]}" --games 5000 --threads 2 --parallel 256 --waves 500 --device cpu
same batch2 whole

# A run that is extended equals the longer run at once, with steps within a shard and beyond it.
play grown "${hash[@]}" --games 3000
play short "${hash[@]}" --games 3000 --parallel 7
same grown short
play grown "${hash[@]}" --games 3001 --parallel 16
play grown "${hash[@]}" --games 5000
same grown whole
play grown "${hash[@]}" --games 3000
same grown whole

# Killed repeatedly, whenever more is on disk than before; then run to the end.
RANDOM=1 kills=0
for shard in 0 0 0 1 1; do
    part=killed/games-00000$shard.part
    bytes=$(stat -c %s "$part" 2>/dev/null || echo 40)
    begin killed "${hash[@]}" --games 5000 --threads 1 --parallel 32 --waves 8
    wait_for holds "$part" "$bytes" && sleep "0.0$((RANDOM % 5))"
    kill -KILL "$process" 2>/dev/null && kills=$((kills + 1))
    wait "$process" 2>/dev/null
done
[[ $kills -ge 2 ]] || fail "only $kills of 5 kills met a run"
play killed "${hash[@]}" --games 5000
same killed whole

# Torn and damaged parts: whole records are kept, and one line reports the rest.
begin torn "${hash[@]}" --games 5000 --threads 1 --parallel 32 --waves 8
wait_for holds torn/games-000000.part 100000 || fail 'no part to tear'
kill -KILL "$process"
ends 137 'killed'
cp -a torn damaged
cp -a torn zeros
bytes=$(stat -c %s torn/games-000000.part)
truncate -s $((bytes - 3)) torn/games-000000.part
play torn "${hash[@]}" --games 5000
[[ $(wc -l <err) == 1 && $(<err) == *'torn record at byte '*' games kept, the rest dropped' ]] ||
    fail "torn: $(<err)"
same torn whole
printf damage | dd of=damaged/games-000000.part bs=1 seek=$((bytes / 2)) conv=notrunc 2>/dev/null
play damaged "${hash[@]}" --games 5000
[[ $(wc -l <err) == 1 && $(<err) == *'damaged record at byte '*' games kept, the rest dropped' ]] ||
    fail "damaged: $(<err)"
[[ $(<err) != *' 0 games kept'* ]] || fail "damaged: nothing was kept"
same damaged whole

# What a machine that lost power may leave: a part of zeros, a line of metrics without its end.
head -c 5000 /dev/zero >zeros/games-000000.part
printf '{"games":1,' >zeros/metrics.jsonl
play zeros "${hash[@]}" --games 5000
[[ $(wc -l <err) == 1 && $(<err) == *'its head was never written: its games are played again' ]] ||
    fail "zeros: $(<err)"
same zeros whole
[[ $(sed -n 1p zeros/metrics.jsonl) == '{"games":1,' && $(tail -1 zeros/metrics.jsonl) == '{'*'}' &&
    $(wc -l <zeros/metrics.jsonl) -ge 2 ]] || fail "zeros: $(<zeros/metrics.jsonl)"

# Asked to stop: it succeeds, says what to do, saves its games, and can be resumed. Meanwhile no other
# process may write.
for signal in INT TERM; do
    begin "asked$signal" "${hash[@]}" --games 5000 --threads 1 --parallel 32 --waves 8
    wait_for holds "asked$signal/games-000000.part" 40 || fail 'no part before the signal'
    "$selfplay" --out "asked$signal" "${hash[@]}" --games 5000 --quiet >out2 2>err2
    [[ $? == 2 && $(<err2) == "asked$signal: another process writes to it" ]] ||
        fail "two processes: $(<err2)"
    kill -"$signal" "$process"
    ends 0 "$signal"
    [[ $(<out) == *' of 5000 games are in '*'; the same command plays the rest'* ]] ||
        fail "$signal: $(<out)"
    [[ $(<err) == *'stopping after the waves under way'* ]] || fail "$signal: $(<err)"
    "$records" check "asked$signal" >out || fail "asked$signal: check: $?"
    play "asked$signal" "${hash[@]}" --games 5000
    same "asked$signal" whole
done

# Asked twice, in an epoch that would last far longer: it ends at once. Asked before the first wave it
# would stop with status 0.
begin twice "${hash[@]}" --games 5000 --simulations 500 --threads 1 --parallel 256 --waves 65536
wait_for test -e twice/run.json
sleep 1
kill -INT "$process"
wait_for says 'once more stops at once'
kill -INT "$process"
ends 130 'INT twice'
[[ ! -e twice/games-000000.safetensors && $(cat twice/*.part 2>/dev/null | wc -c) -le 40 ]] ||
    fail "twice: $(ls -l twice)" # no game yet: a part's head at most

# Games with the network, too: stopped, killed, in other batches and on two threads. Ten runs are
# stopped, since interrupting the generated code of a product must not change its memory.
play net "${net[@]}" --games 60 --parallel 8 --threads 1
for wait in 0 1 2 3 4 5 6 7 8 9; do
    rm -rf net2
    begin net2 "${net[@]}" --games 60 --parallel 16 --threads 2 --waves 2
    wait_for says '^memory'
    sleep "0.0$wait"
    kill -INT "$process" 2>/dev/null
    ends 0 "net, INT after 0.0$wait s"
done
begin net3 "${net[@]}" --games 60 --parallel 16 --threads 2 --waves 2
wait_for says '^memory'
sleep 0.05
kill -KILL "$process" 2>/dev/null
wait "$process" 2>/dev/null
process=
play net3 "${net[@]}" --games 60 --threads 2
same net3 net
play net2 "${net[@]}" --games 60 --threads 2
same net2 net
exit "$failed"
