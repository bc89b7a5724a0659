#!/usr/bin/env bash
# tests/cli/test_openspiel_games.sh BLOB-REPLAY TRACE - good files pass, and each kind of error is named.
set -u
replay=$1 trace=$2
tmp=$(mktemp -d) || exit 1
source "$(dirname "$0")/tidy.sh"
failed=0 where=

# expect STATUS TEXT ARGS..: runs the program; it has that status and writes one line, to stdout if all
# is well and to stderr otherwise, which holds $where and then the text.
expect() {
    local status=$1 text=$2 got out err
    shift 2
    "$replay" "$@" >"$tmp/out" 2>"$tmp/err"
    got=$?
    out=$(<"$tmp/out") err=$(<"$tmp/err")
    if [[ $status == 0 ]]; then local said=$out other=$err; else local said=$err other=$out; fi
    [[ $got == "$status" && $said == *"$where"*"$text"* && -z $other ]] &&
        [[ $(wc -l <<<"$said") == 1 ]] && return
    printf 'blob-replay %s\n  expected %s: %s\n  found %s: %s%s\n' "$*" "$status" "$text" "$got" \
        "$out" "$err" >&2
    failed=1
}

# bad LINE SED TEXT: refuses a file of a good line and that line, changed.
bad() {
    head -n 1 "$trace" >"$tmp/bad.jsonl"
    sed -n "$1p" "$trace" | sed "$2" >>"$tmp/bad.jsonl"
    where="$tmp/bad.jsonl:2: "
    expect 1 "$3" "$tmp/bad.jsonl"
    where=
}

expect 0 '6 games, 123 decisions, all as recorded' "$trace"
expect 0 '12 games, 246 decisions, all as recorded' "$trace" "$trace"

# Differences from the rules, in the first game of the file: 3 seats, 1 card.
bad 1 's/{"p":0,/{"p":1,/' 'step 1: seat to move: expected 1, found 0'
bad 1 's/\[52,53\],"a":53/[52],"a":53/' 'step 1: legal actions: expected [52], found [52 53]'
bad 1 's/"legal":\[53\]/"legal":[52,53]/' 'step 2: legal actions: expected [52 53], found [53]'
bad 1 's/"returns":\[0,0,1\]/"returns":[0,0,10]/' 'step 6: returns[2]: expected 10, found 1'
bad 1 's/false/true/' 'step 6: returns[0]: expected 0, found -1'
bad 1 's/,53,40,36,12\]/,52,40,36,12]/; s/\[53\],"a":53/[53],"a":52/' \
    'step 2: action: expected 52, found legal only [53]'
# The dealer, the winner of a trick and the trump show in the seat to move, or in the returns.
bad 1 's/\[1,1,36/[1,0,36/' 'step 0: seat to move: expected 2, found 1'
bad 3 's/,"a":8},{"p":3,"legal":\[0,11,29\]/,"a":8},{"p":3,"legal":[0,29]/' \
    'step 8: legal actions: expected [0 29], found [0 11 29]'
bad 3 's/\[3,39\],"a":39/[39,45],"a":39/' 'step 12: legal actions: expected [39 45], found [3 39]'
bad 3 's/,11,6,55/,11,5,55/' 'step 20: returns[0]: expected -4, found -2'

# Not a recorded game.
bad 1 's/$/}/' 'not JSON from column'
bad 1 's/,"returns.*//' 'not JSON from column'
bad 1 's/.*//' 'not JSON from column'
bad 1 's/.*/[1,2]/' 'not a JSON object'
bad 1 's/"game":"[^"]*",//' 'game is missing or not a string'
bad 1 's/oh_hell(/hearts(/' 'game is "hearts(players=3'
bad 1 's/players=3/players=8/' 'P 3..7, P * T at most 51'
bad 1 's/fixed=1,/fixed=18,/' 'P 3..7, P * T at most 51'
bad 1 's/penalty=false/penalty=maybe/' 'off_bid_penalty=true or false'
bad 1 's/trick=1)/trick=256)/' 'points_per_trick=0..255'
bad 1 's/trick=1)/trick=1),/' 'points_per_trick=0..255'
bad 1 's/"history":\[1,1/"history":["1",1/' 'history[0] is not a number: an integer 0..69'
bad 1 's/"history":\[1,1/"history":[2,1/' 'history[0] is 2: num_tricks_fixed=1 is allowed'
bad 1 's/"history":\[1,1/"history":[1,3/' 'history[1] is 3: a dealer 0..2 is allowed'
bad 1 's/,36,12,40,3,/,36,12,52,3,/' 'history[4] is 52: a card 0..51 is allowed'
bad 1 's/,36,12,40,3,/,36,12,36,3,/' 'history[4] is 36: that card is dealt already'
bad 1 's/,36,12,40,3,/,36,12,40,70,/' 'history[5] is 70: an integer 0..69 is allowed'
bad 1 's/,36,12,40,3,/,36,12,40,3.5,/' 'history[5] is 3.5: an integer 0..69 is allowed'
bad 1 's/,36,12,40,3,/,36,12,40,-1,/' 'history[5] is -1: an integer 0..69 is allowed'
bad 1 's/,36,12,40,3,/,36,12,40,1e999,/' 'history[5] is inf: an integer 0..69 is allowed'
bad 1 's/,36,12\],/],/' 'history has 10 elements: 12 are allowed'
bad 1 's/"history":[^]]*\],//' 'history is missing: an array'
bad 1 's/"history":[^]]*\],/"history":7,/' 'history is not an array'
bad 1 's/,{"p":1,"legal":\[12\],"a":12}//' 'decisions has 5 elements: 6 are allowed'
bad 1 's/{"p":0,"legal":\[52,53\],"a":53}/5/' 'decisions[1] is not an object'
bad 1 's/"p":0,//' 'decisions[1].p is missing: an integer 0..7'
bad 1 's/"legal":\[52,53\],"a":53/"a":53/' 'decisions[1].legal is not an array'
bad 1 's/\[52,53\],"a":53/[53,52],"a":53/' \
    'decisions[1].legal[1], ascending, is 52: an integer 54..69'
bad 1 's/"a":53},{"p":1/"a":52},{"p":1/' 'decisions[1].a is 52, but history[7] is 53'
bad 1 's/"returns":\[0,0,1\]/"returns":[0,1]/' 'returns has 2 elements: 3 are allowed'
bad 1 's/"returns":\[0,0,1\]/"returns":[0,0,"1"]/' 'returns[2] is not a number'
bad 1 's/"game"/"game\x00"/' 'not JSON: the line holds a zero byte'

expect 1 "$tmp: cannot be read: " "$tmp"
expect 1 "$tmp/none: cannot be opened: " "$tmp/none"
: >"$tmp/empty"
expect 1 "$tmp/empty: is empty: one game a line is expected" "$tmp/empty"

"$replay" >"$tmp/out" 2>"$tmp/err"
[[ $? == 2 && $(<"$tmp/err") == *'FILE is missing'* ]] ||
    { echo 'no FILE: not refused' >&2; failed=1; }
"$replay" --bogus "$trace" >"$tmp/out" 2>"$tmp/err"
[[ $? == 2 && $(<"$tmp/err") == *--bogus* ]] || { echo '--bogus: not refused' >&2; failed=1; }
"$replay" --help >"$tmp/out" && "$replay" --version >"$tmp/out" || failed=1
exit "$failed"
