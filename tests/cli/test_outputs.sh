#!/usr/bin/env bash
# tests/cli/test_outputs.sh BIN - outputs through links and to standard output; none over an input.
set -u
bin=$(realpath "$1")
tmp=$(mktemp -d) || exit 1
source "$(dirname "$0")/tidy.sh"
cd "$tmp" || exit 1
failed=0

fail() {
    printf '%s\n' "$1" >&2
    failed=1
}

# refused TEXT PROGRAM ARGS..: exit status 2, one line on stderr, and no file has changed.
refused() {
    local text=$1 program=$2 before got
    shift 2
    before=$(find . -type f ! -name err -exec cksum {} + | sort)
    (ulimit -S -f 1000 && exec "$bin/$program" "$@") 2>err # who reads what it writes does not end
    got=$?
    [[ $got == 2 && $(wc -l <err) == 1 && $(<err) == *"$text"* ]] ||
        fail "$program $*"$'\n'"  expected 2: $text"$'\n'"  found $got: $(<err)"
    [[ $before == "$(find . -type f ! -name err -exec cksum {} + | sort)" ]] ||
        fail "$program $*: a file changed"
}

"$bin/blob-gpu-selfplay" --device cpu --evaluator hash --players 3 --cards 3 --worlds 1 --quiet \
    --simulations 4 --threads 1 --games 30 --out g >out || fail 'no games'
arena=(--device cpu --players 3 --cards 3 --threads 1 --deals 20 --quiet)
echo '{}' >config.json
echo '{"id":"a"}' >query.jsonl
echo weights >b.safetensors
ln b.safetensors twin
ln -s b.safetensors alias

# An output that is an input, whatever it is called.
for name in b.safetensors ./b.safetensors "$tmp/b.safetensors" twin alias; do
    refused "--json $name: must be another file than b.safetensors, which is read too" \
        blob-arena "${arena[@]}" b.safetensors rule --json "$name"
done
refused '--json config.json: must be another file than --config config.json, which is read too' \
    blob-arena "${arena[@]}" random rule --json config.json --config config.json
echo '{"json":"config.json"}' >config.json
refused '--json config.json: must be another file than --config config.json' \
    blob-arena "${arena[@]}" random rule --config config.json
refused '--json twin: must be another file than --weights alias' blob-selftest --device cpu \
    --weights alias --json twin
refused '--trace alias: must be another file than --weights twin' blob-gpu-selfplay --weights twin \
    --trace alias --out new
echo '{}' >config.json
refused '--csv config.json: must be another file than --config ./config.json' blob-bench copy \
    --csv config.json --config ./config.json
refused '--output config.json: must be another file than --config config.json' blob-records \
    export g --config config.json --output config.json

# An output that a run keeps in its folder; beside no lock it is a file like any other.
refused '--json g/run.json: must not be a file that a run keeps for itself' blob-arena "${arena[@]}" \
    random rule --json g/run.json
refused '--trace g/lock: must not be a file that a run keeps for itself' blob-gpu-selfplay --trace \
    g/lock --out new
mkdir own
echo '{}' >own/run.json
"$bin/blob-arena" "${arena[@]}" random rule --json own/run.json >out || fail 'own/run.json: refused'

refused 'standard output: must be another file than query.jsonl' blob-analyze query.jsonl \
    >>query.jsonl
refused 'standard output: must be another file than standard input' blob-analyze <query.jsonl \
    >>query.jsonl
refused 'standard output: must be another file than query.jsonl' blob-replay query.jsonl >>query.jsonl
refused 'standard output: must be another file than --config config.json' blob-train \
    --config config.json --out new >>config.json
refused 'standard output: must be another file than g/games-000000.safetensors' blob-records check \
    g/games-000000.safetensors >>g/games-000000.safetensors
[[ ! -e new ]] || fail 'refused: the folder was made'
"$bin/blob-arena" "${arena[@]}" rule random --json rule >out || fail 'a bot is taken for a file'
"$bin/blob-arena" "${arena[@]}" rule random --json rule >out || fail 'a bot is taken for a file'

# Through a link, to a pipe, to a descriptor, to standard output, alone there and in order.
ln -s real.json link.json
"$bin/blob-arena" "${arena[@]}" rule random --json link.json >line || fail 'through a link'
[[ -L link.json && $(<real.json) == {*'"deals":	20'*} ]] || fail 'the link was replaced'
ln -s /proc/self/fd/1 stdout
same() { grep -v '"seconds"' "$1" | cmp - <(grep -v '"seconds"' real.json) || fail "$2"; }
for path in /dev/stdout stdout /dev/fd/1; do
    "$bin/blob-arena" "${arena[@]}" rule random --json $path 2>err | cat >piped
    cmp -s err line || fail "$path: the line is not on stderr: $(<err)"
    same piped "$path: the JSON through a pipe"
    "$bin/blob-arena" "${arena[@]}" rule random --json $path >plain 2>err
    same plain "$path: the JSON in a file"
done
[[ -L stdout ]] || fail 'the link to standard output was replaced'
"$bin/blob-arena" "${arena[@]}" rule random --json one >one 2>err
same one 'the file that is standard output'
"$bin/blob-arena" "${arena[@]}" rule random --json /dev/fd/7 7>seven >out
cmp -s out line || fail 'descriptor 7: the line'
same seven 'descriptor 7'
"$bin/blob-arena" "${arena[@]}" rule random --json >(cat >substituted) >out
for _ in {1..100}; do [[ $(tail -n 1 substituted) == '}' ]] && break; sleep 0.05; done
same substituted 'a process substitution'
"$bin/blob-records" export g --output dense >out || fail 'export'
"$bin/blob-records" export g --output /dev/stdout 2>err | cmp - dense || fail 'export to a pipe'
"$bin/blob-records" export g --output /dev/stdout >piped 2>err && cmp piped dense || fail 'export'
[[ $(<err) == '30 games, '*' rows to /dev/stdout' ]] || fail "export: said $(<err)"
"$bin/blob-bench" copy --device cpu --threads 1 --seconds 0.01 --repeats 1 --csv /dev/stdout \
    --json /dev/stdout >both || fail 'blob-bench'
[[ $(grep -c '^machine,name,value' both) == 1 && $(grep -c '^"' both) -gt 0 &&
    $(grep -c '^{' both) == 1 && $(tail -n 1 both) == '}' ]] || fail "blob-bench: $(<both)"
if [[ -w /dev/full ]]; then
    "$bin/blob-arena" "${arena[@]}" rule random --json /dev/full >out 2>err
    [[ $? == 1 && $(<err) == '/dev/full: cannot be written: No space left on device' ]] || fail "$(<err)"
fi
compgen -G '*aside*' && fail 'something was left aside'
exit "$failed"
