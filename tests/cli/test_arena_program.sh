#!/usr/bin/env bash
# tests/cli/test_arena_program.sh BLOB-ARENA - result line, JSON, stopping, and refusals.
set -u
arena=$(realpath "$1")
tmp=$(mktemp -d) || exit 1
source "$(dirname "$0")/tidy.sh"
cd "$tmp" || exit 1
failed=0
small=(--device cpu --players 3 --cards 3 --worlds 1 --simulations 4 --threads 1)

fail() {
    printf '%s\n' "$1" >&2
    failed=1
}

# refused STATUS TEXT ARGS..: one line on stderr, which holds the text, none on stdout.
refused() {
    local status=$1 text=$2 got
    shift 2
    "$arena" "${small[@]}" "$@" >out 2>err
    got=$?
    [[ $got == "$status" && $(wc -l <err) == 1 && $(<err) == *"$text"* && ! -s out ]] && return
    fail "blob-arena $*"$'\n'"  expected $status: $text"$'\n'"  found $got: $(<err)$(<out)"
}

# One line, the same for any threads and live games; the JSON agrees.
"$arena" "${small[@]}" rule random --deals 400 --quiet --json r.json >one 2>err || fail "$(<err)"
"$arena" "${small[@]}" rule random --deals 400 --quiet --threads 2 --parallel 3 >two || failed=1
[[ $(wc -l <one) == 1 && ! -s err && $(<one) == *"A is better" ]] || fail "$(<one)$(<err)"
cmp -s one two || fail "$(<one)"$'\n'"$(<two)"
for word in '"deals":	400,' '"verdict":	"A is better",' '"rounds":	800,' '"seconds":'; do
    [[ $(<r.json) == *"$word"* ]] || fail "r.json has no $word: $(<r.json)"
done
"$arena" "${small[@]}" net:7 net:7 --deals 20 >one 2>err || fail "$(<err)"
[[ $(wc -l <one) == 2 && $(<one) == *"+0.000    +0.000 .. +0.000"*undecided ]] || fail "$(<one)"

"$arena" "${small[@]}" net:1e3 net:1_000 --deals 1e1 --quiet >one 2>err || fail "$(<err)"
[[ $(<one) == *"  10 "*"+0.000 .. +0.000"*undecided ]] || fail "net:1e3 is not net:1_000: $(<one)"

# Players that solve worlds; which of them knows the deal shows.
"$arena" "${small[@]}" pimc:1e1 cheat:pimc --deals 60 --quiet >one 2>err || fail "$(<err)"
"$arena" "${small[@]}" pimc:10 cheat:pimc --deals 60 --quiet --threads 2 --parallel 3 >two || failed=1
[[ $(wc -l <one) == 1 && ! -s err && $(<one) == *"B is better" ]] || fail "$(<one)$(<err)"
[[ $(<one) == "pimc:1e1$(tail -c +9 two)" ]] || fail "$(<one)"$'\n'"$(<two)"

# Asked to stop: a result if there is one, and no failure.
: >err
"$arena" "${small[@]}" --parallel 4 net:1 net:2 --deals 1000000000 >one 2>err &
until grep -q '^device: ' err || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
kill -TERM $!
wait $! || fail "stopped: status $?, $(<err)"
[[ $(<err) == *"no result"* || -s one ]] || fail "stopped: $(<err)"

refused 2 '1 player given: must be two' rule
refused 2 'too many' rule rule rule
refused 2 'net:-1: the seed must be a whole number' rule net:-1
refused 2 'net:: the seed' net: rule
refused 2 'net:1.5: the seed' net:1.5 rule
refused 2 'pimc:0: the number of worlds must be a whole number in 1..65536' pimc:0 rule
refused 2 'pimc:: the number of worlds' rule pimc:
refused 2 'pimc:65537: the number of worlds' rule pimc:65537
refused 2 'nowhere.safetensors: cannot be read' nowhere.safetensors rule
refused 2 'r.json: ' r.json rule
refused 2 '--deals 0: must be' rule random --deals 0
refused 2 '--margin -1: must be' rule random --margin -1
refused 2 '9 players: must be' rule random --players 4,9
refused 2 'only with --rules oh-hell' rule random --penalty
refused 2 'at most 65535' rule random --worlds 255 --simulations 60000
refused 1 'cannot be written' rule random --json "$tmp/nowhere/r.json"
[[ $(ls) == $'err\none\nout\nr.json\ntwo' ]] || fail "left behind: $(ls)"
exit $failed
