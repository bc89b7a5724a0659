#!/usr/bin/env bash
# tests/cli/test_timeline_file.sh BIN SCRIPTS - --trace draws the run as it was, and is whole at any end.
set -u
selfplay=$1/blob-gpu-selfplay summary=$2/timeline_summary.py
command -v python3 >/dev/null || { echo "python3 is missing: skipped" >&2; exit 77; }
tmp=$(mktemp -d) || exit 1
source "$(dirname "$0")/tidy.sh"
failed=0

wrong() {
    printf '%s\n' "$*" >&2
    failed=1
}

# play NAME ARGS..: a small run, its stderr in $tmp/NAME.err.
play() {
    local name=$1
    shift
    "$selfplay" --device cpu --evaluator hash --threads 2 --out "$tmp/$name" "$@" \
        >"$tmp/out" 2>"$tmp/$name.err"
}

# check FILE WAVES: whole JSON; on each row intervals of known names that do not overlap; a phase of
# each kind for every wave. With WAVES -1 any number of them.
check() {
    python3 - "$@" <<'PY' || wrong "the trace $1 is not what it should be"
import collections, json, sys

path, waves = sys.argv[1], int(sys.argv[2])
events = json.load(open(path))
rows, count = collections.defaultdict(list), collections.Counter()
for e in events:
    if e["ph"] == "X":
        assert e["ts"] >= 0 and e["dur"] >= 0, e
        rows[e["pid"], e["tid"]].append(e)
        count[e["name"]] += 1
names = {(e["name"], e["args"]["name"]) for e in events if e["ph"] == "M"}
assert {("process_name", "host"), ("process_name", "device"), ("thread_name", "phases")} <= names
for row in rows.values():
    for a, b in zip(row, row[1:]):
        assert a["ts"] + a["dur"] <= b["ts"] + 0.002, (a, b)
phases = {"descend", "place", "backup", "move", "emit", "refill"}
host = {"enqueue", "wait", "write games", "flush to disk"}
assert set(count) <= phases | host, count
assert {e["name"] for e in rows[2, 0]} == phases, count
if waves >= 0:
    for name in ("descend", "backup", "move", "emit"):
        assert count[name] == waves, (name, count, waves)
    assert count["refill"] == waves + 1  # the first games begin without a wave
PY
}

# The games are the same, drawn or not; what is drawn is every wave of the epochs that are told.
play plain --games 300 --waves 7
play drawn --games 300 --waves 7 --trace "$tmp/t.json" || wrong "--trace: exit status $?"
cmp "$tmp/plain/games-000000.safetensors" "$tmp/drawn/games-000000.safetensors" ||
    wrong "other games with --trace"
epochs=$(sed -n 's/.* events of \([0-9]*\) epochs: .*/\1/p' "$tmp/drawn.err")
check "$tmp/t.json" "$((${epochs:-0} < 48 ? 7 * ${epochs:-0} : 7 * 48))"

# At most 48 epochs.
play many --games 300 --waves 1 --trace "$tmp/many.json"
grep -q ' events of 48 epochs: ' "$tmp/many.err" || wrong "not 48 epochs: $(<"$tmp/many.err")"
check "$tmp/many.json" 48

# Stopped once, stopped twice, killed: whole JSON each time.
for signals in INT 'INT INT' KILL; do
    "$selfplay" --device cpu --evaluator hash --threads 2 --games 1000000 --parallel 64 \
        --waves 500 --out "$tmp/stop" --trace "$tmp/stop.json" >"$tmp/out" 2>"$tmp/stop.err" &
    until grep -qs backup "$tmp/stop.json" || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
    for signal in $signals; do kill -s "$signal" $!; done
    wait $! 2>/dev/null
    check "$tmp/stop.json" -1
    rm -rf "$tmp/stop" "$tmp/stop.json"
done

# refuse TEXT ARGS..: exit status 2, one line that holds the text, and no folder.
refuse() {
    local text=$1
    shift
    play refused --games 10 "$@"
    [[ $? == 2 && $(<"$tmp/refused.err") == *"$text"* && $(wc -l <"$tmp/refused.err") == 1 ]] ||
        wrong "$*: not refused: $(<"$tmp/refused.err")"
    [[ ! -e $tmp/refused ]] || wrong "$*: the folder was touched"
}
refuse "--trace $tmp/none/t.json: No such file" --trace "$tmp/none/t.json"
refuse "--trace $tmp: Is a directory" --trace "$tmp"
refuse '--trace /dev/null: must be a plain file' --trace /dev/null
refuse "--trace '': must not be empty" --trace ''
refuse "--trace $tmp/out: must be another file than standard output" --trace "$tmp/out"

# The summary: worked by hand. Two kernels that touch, then gaps of 2, 5 and 3 us; a memset runs
# beside a copy, and is no end of it.
python3 - "$tmp/nsys.sqlite" <<'PY' || wrong "no database"
import sqlite3, sys

db = sqlite3.connect(sys.argv[1])
db.execute("create table StringIds (id integer primary key, value text)")
db.execute("create table CUPTI_ACTIVITY_KIND_KERNEL (start int, end int, demangledName int)")
db.execute("create table CUPTI_ACTIVITY_KIND_MEMCPY (start int, end int, copyKind int)")
db.execute("create table CUPTI_ACTIVITY_KIND_MEMSET (start int, end int)")
db.execute("create table NVTX_EVENTS (start int, end int, text text)")
db.execute("insert into StringIds values (1, 'void x::descend<(int)8>(x::Search, int (*)(int))')")
db.execute("insert into StringIds values (2, 'backup(Search)')")
db.executemany("insert into CUPTI_ACTIVITY_KIND_KERNEL values (?, ?, ?)",
               [(1000, 3000, 1), (3000, 6000, 2), (8000, 10000, 1), (24000, 25000, 2)])
db.execute("insert into CUPTI_ACTIVITY_KIND_MEMCPY values (15000, 21000, 2)")
db.execute("insert into CUPTI_ACTIVITY_KIND_MEMSET values (16000, 17000)")
db.execute("insert into NVTX_EVENTS values (0, 500, 'descend')")
db.commit()
PY
"$summary" "$tmp/nsys.sqlite" >"$tmp/out" || wrong "the summary fails"
for line in '0.024 ms of the device' \
    'copy, device to host 1 0.006 6.00 25.0%' \
    'descend<(int)8> 2 0.004 2.00 16.7%' \
    'backup 2 0.004 2.00 16.7%' \
    'memset 1 0.001 1.00 4.2%' \
    'gaps: 3, 0.010 ms in all, 41.7% of the time' \
    '5.00 us after descend<(int)8>, before copy, device to host, at 0.009 ms' \
    '3.00 us after copy, device to host, before backup, at 0.020 ms' \
    'after backup 1 gaps 0.002 ms 2.00 us each' \
    'enqueue descend 1 0.001 0.50 100.0%'; do
    tr -s ' ' <"$tmp/out" | grep -qF "$line" || wrong "the summary lacks '$line': $(<"$tmp/out")"
done
"$summary" "$tmp/t.json" | tr -s ' ' | grep -q '^ descend [0-9]* ' || wrong "no line for descend"

# fails STATUS TEXT FILE: what cannot be summed up.
fails() {
    "$summary" "$3" >"$tmp/out" 2>"$tmp/err"
    [[ $? == "$1" && $(<"$tmp/err") == *"$3: "*"$2"* && $(wc -l <"$tmp/err") == 1 ]] ||
        wrong "$3: $(<"$tmp/err")"
}
echo '[' >"$tmp/torn"
echo '[]' >"$tmp/empty"
fails 2 'is not a timeline' "$tmp/torn"
fails 2 'No such file' "$tmp/none"
fails 1 'no kernel and no phase' "$tmp/empty"
exit "$failed"
