#!/usr/bin/env bash
# tests/cli/test_cli_refusals.sh BIN [SCRATCH] - mistakes are refused in one line, and damage nothing.
set -u
bin=$(realpath "$1")
tmp=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/blob-refusals.XXXXXX") || exit 1
source "$(dirname "$0")/tidy.sh"
cd "$tmp" || exit 1
failed=0 program=blob-gpu-selfplay blocks=unlimited
small=(--evaluator hash --players 3 --cards 3 --worlds 1 --simulations 4 --threads 1)

fail() {
    printf '%s\n' "$1" >&2
    failed=1
}

# run ARGS..: stdout goes to the file out, stderr to the file err; returns the program's status. Its
# files may have $blocks KiB; stderr goes through a pipe, which has no such limit.
run() {
    : >out
    (ulimit -S -f "$blocks" && exec "$bin/$program" "$@" 2>&1 >>out) | cat >err
    return "${PIPESTATUS[0]}"
}

# refused STATUS TEXT ARGS..: exactly one line on stderr, which holds the text, none on stdout.
refused() {
    local status=$1 text=$2 got
    shift 2
    run "$@"
    got=$?
    [[ $got == "$status" && $(wc -l <err) == 1 && $(<err) == *"$text"* && ! -s out ]] && return
    fail "$program $*"$'\n'"  expected $status: $text"$'\n'"  found $got: $(<err)$(<out)"
}

# An option of self-play that is refused before the folder is created.
option() {
    refused 2 "$1" "${small[@]}" --games 3 --out new "${@:2}"
    [[ ! -e new ]] || fail "${*:2}: the folder was made"
    rm -rf new
}

# Names, sizes and checksums of everything in a folder but its empty lock.
contents() {
    (cd "$1" && find . ! -name lock -exec ls -Fd {} + &&
        find . -type f ! -name lock -exec cksum {} +)
}

# kept STATUS TEXT FOLDER ARGS..: refused, and the folder is unchanged, byte for byte.
kept() {
    local folder=$3 before
    before=$(contents "$folder")
    refused "$1" "$2" "${small[@]}" --out "$folder" "${@:4}"
    [[ $before == "$(contents "$folder")" ]] || fail "$2: $folder changed"
}

# flip FILE OFFSET: changes one byte.
flip() {
    local byte=A
    [[ $(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | tr '\0' 0) == A ]] && byte=B
    printf %s "$byte" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# Words.
option '--bogus: unknown option' --bogus
option '-x: unknown option' -x
option '--=3: unknown option' --=3
option 'word: no word is expected' word
option '--pa: its value is missing' --pa
option '--p: may be --players or --' --p 3
option '--quiet=1: takes no value' --quiet=1

# Numbers: not whole, missing, not a number, too large for any type, out of range.
for value in 0 -1 1e-3 1e13 99999999999999999999 ' 4' '4 ' 4x 4.5 +4 0x10 nan inf 1000000000001 _4 4_ \
    4__0 4_e3 4,096 1e 9007199254740991.4 1e400 e3 - .; do
    option "--games $value: must be a whole number in 1..1000000000000" --games "$value"
done
option "--games '': must be a whole number" --games ''
option '--players 9: must be a whole number in 2..8' --players 9
option '--cards 18: must be a whole number in 1..17' --cards 18
option '--cards 13: must be 1..10 with --players 5' --cards 13 --players 5
option '--seed -1: must be a whole number in 0..9007199254740991' --seed -1
option '--seed 9007199254740992: must be' --seed 9007199254740992
option '--seed 9007199254740991.4: must be' --seed 9007199254740991.4 # whole, as a double
option '--parallel 0: must be a whole number in 1..1048576' --parallel 0
option '--threads 0: must be a whole number in 1..4096' --threads 0
option '--leaves 256: must be a whole number in 1..255' --leaves 256
option '--simulations 65535: must be a whole number in 0..65534' --simulations 65535
option '--simulations 0: without search --worlds must be 1, not 3' --simulations 0 --worlds 3
option '--simulations 65534: with --worlds 255 the visits reach 16711170' --worlds 255 \
    --simulations 65534
option '--dealer 4: must be -1..3 with --players 4' --dealer 4 --players 4
for value in 0 -1 nan inf 1e400 1e-400 0x1p1 +1 ' 1' 1x; do
    option "--c-puct $value: must be 1e-06..1000" --c-puct "$value"
done
option '--noise-weight 1.01: must be 0..1' --noise-weight 1.01

# Names, and options that contradict each other.
option '--players 8: must be 3..7 with --rules oh-hell' --players 8 --rules oh-hell
option '--trump: not with --rules oh-hell' --trump S --rules oh-hell
option '--points, --penalty: only with --rules oh-hell' --points 2
option '--move-power 3: must be one of best 1 2 4' --move-power 3
option "--rules '': must be one of blob oh-hell" --rules ''
option '--device tpu: no such device; allowed: auto, cuda, cpu' --device tpu
option '--precision bf16: only with --device cuda' --device cpu --precision bf16
option "--out '': must not be empty" --out ''
option '--weights w: only with --evaluator net' --weights w
option 'the largest that fits is' --device cpu --parallel 1048576 --games 2000000 --cards 17 \
    --simulations 65534

# Files of options: a refusal names the file; the command line wins over it.
config() {
    printf '%b' "$2" >options.json
    option "$1" --config options.json
}
option '--config none: No such file' --config none
option '--config .: ' --config .
config 'options.json: bogus: unknown option' '{"bogus":1}'
config 'options.json: format 5: must be one of round full' '{"format":5}'
config 'options.json: search: unknown option' '{"search":"puct"}'
config 'options.json: seed: must be a number or a string' '{"seed":[1]}'
config 'options.json: seed 1.5: must be a whole number' '{"seed":1.5}'
config 'options.json: out: must be a string' '{"out":5}'
config 'options.json: quiet: must be true or false' '{"quiet":1}'
for text in '' '[1]' '{"seed":1' '{"seed":1} x' '{"seed":1}\0x'; do
    config '--config options.json: not a JSON object of options' "$text"
done
printf '\xEF\xBB\xBF{"games":0}' >options.json # a byte order mark
option 'options.json: games 0: must be' --config options.json
printf '{"seed":7,"move_power":"best","quiet":true,"games":9}' >options.json
run "${small[@]}" --games 3 --out flags --config options.json --seed 8 || fail 'flags: refused'
[[ ! -s err && $(<flags/run.json) == *'"seed":'?'"8"'*'"move_power":'?'"best"'* ]] ||
    fail 'the command line does not win over a file, or the file is ignored'

# Weights. A valid file is made here, of equal bytes; tensors have PyTorch's names.
tensors() {
    local layer=transformer.layers n k
    printf '%s\n' 'positional_encoding 1,1,256' 'input_embedding.weight 256,256' \
        'input_embedding.bias 256' 'input_norm.weight 256' 'input_norm.bias 256'
    for n in 0 1 2 3 4 5; do
        printf "$layer.$n.%s\n" 'self_attn.in_proj_weight 768,256' 'self_attn.in_proj_bias 768' \
            'self_attn.out_proj.weight 256,256' 'self_attn.out_proj.bias 256' \
            'linear1.weight 1024,256' 'linear1.bias 1024' 'linear2.weight 256,1024' \
            'linear2.bias 256'
        for k in 1 2; do printf "$layer.$n.norm$k.%s\n" 'weight 256' 'bias 256'; done
    done
    printf '%s\n' 'policy_fc.0.weight 256,256' 'policy_fc.0.bias 256' 'policy_fc.3.weight 52,256' \
        'policy_fc.3.bias 52' 'value_fc.0.weight 128,256' 'value_fc.0.bias 128' \
        "value_fc.3.weight $1,128" "value_fc.3.bias $1"
}

# make FILE BYTE: the tensors of stdin, each byte the given one (octal).
make() {
    local at=0 header={ name shape bytes length i
    while read -r name shape; do
        bytes=$((4 * ${shape//,/*}))
        header+="\"$name\":{\"dtype\":\"F32\",\"shape\":[$shape],"
        header+="\"data_offsets\":[$at,$((at + bytes))]},"
        at=$((at + bytes))
    done
    header=${header%,}}
    length=${#header}
    {
        for i in 0 8 16 24 32 40 48 56; do printf "\\x$(printf %02x $((length >> i & 255)))"; done
        printf %s "$header"
        head -c "$at" /dev/zero | tr '\0' "\\$2"
    } >"$1"
}
weights() { option "$1" --evaluator net --device cpu --weights "$2"; }
tensors 8 | make good 000
run "${small[@]}" --evaluator net --device cpu --weights good --games 3 --out net --quiet ||
    fail "weights: a valid file is refused: $(<err)"
weights 'none: cannot be read: No such file' none
weights 'net: is not a plain file' net
: >empty
weights 'empty: 0 bytes: a safetensors file has at least 8' empty
head -c 1000 "$bin/$program" >garbage
weights 'garbage: a header of ' garbage
head -c 5000000 good >cut
weights 'cut: tensor transformer.layers.1.linear1.weight lies at ' cut
head -c 100 good >cut
weights 'truncated' cut
tensors 1 | make shape 000
weights 'shape: 256 inputs, 52 actions, 1 values: a player needs 256, 52, 8' shape
tensors 8 | grep -v policy_fc.3.bias | make lacking 000
weights 'lacking: has no tensor policy_fc.3.bias' lacking
cp good nan
printf '\0\0\xc0\x7f' | dd of=nan bs=1 seek=$(($(stat -c %s good) - 4)) conv=notrunc 2>/dev/null
weights 'nan: tensor value_fc.3.bias is nan at index 7, allowed are finite numbers' nan
tensors 8 | make huge 176 # 0x7E7E7E7E, finite, unlike what the network computes from it
run "${small[@]}" --evaluator net --device cpu --weights huge --games 3 --out new --quiet
[[ $? == 1 && $(sed -n 1p err) == *'fault 1, the network gave a logit that is not finite'* &&
    $(sed -n 2p err) == 'seed 1, 3 games in flight: 0, 1, 2; what was finished is in new' &&
    $(sed -n 3p err) == "to play these again: "*" --games 3 --out new --quiet" && ! -s out ]] ||
    fail "huge: $(<err)"
[[ ! -e new/games-000000.safetensors && ! -e new/games-000000.part ]] || fail 'huge: kept games'

# A file's name need not be UTF-8; the JSON that holds it is.
rm -rf new
odd=$'g\xE9\xC3\xA9od' valid=$'"g\xEF\xBF\xBD\xC3\xA9od"'
cp good "$odd"
for games in 3 4; do # the second time run.json is read
    run "${small[@]}" --evaluator net --device cpu --weights "$odd" --games $games --out new --quiet ||
        fail "not UTF-8: $(<err)"
    grep -qF "$valid" new/run.json || fail "not UTF-8: $(<new/run.json)"
done
"$bin/blob-arena" --device cpu --players 3 --cards 3 --worlds 1 --simulations 4 --threads 1 --deals 1 \
    "$odd" rule --quiet --json new.json >out || fail 'not UTF-8: blob-arena'
grep -qF $'"a":\t'"$valid," new.json || fail "not UTF-8: $(<new.json)"
rm -rf new new.json good "$odd" cut shape lacking nan huge

# Folders that cannot hold games.
: >plain
option 'plain: is not a folder' --out plain
option 'plain/x: cannot be made: Not a directory' --out plain/x
option 'no/such: cannot be made: No such file' --out no/such
ln -s nowhere link
option 'link: is not a folder' --out link
if [[ $(id -u) != 0 ]]; then
    mkdir -m 555 closed
    kept 2 'closed: cannot be written: Permission denied' closed --games 3
fi

# Folders of another run, and damaged ones. The run has two shards: one complete, one short.
run "${small[@]}" --games 4200 --out whole --quiet || fail "a run failed: $(<err)"
for games in 300 4200; do
    kept 2 'whole/run.json: belongs to another run: seed is 1 there, 2 here' whole --seed 2 \
        --games "$games"
done
kept 2 'run.json: belongs to another run: rules is blob there, oh-hell here' whole --rules oh-hell
[[ $(run "${small[@]}" --games 300 --out whole; cat out) == 'whole holds all 300 games'* ]] ||
    fail 'fewer games than there are: not reported'
copy() { rm -rf folder && cp -a whole folder; }
copy
rm folder/run.json
kept 2 'folder/games-000000.safetensors: belongs to another run: seed' folder --games 4200 --seed 2
for bad in gone hello '' '{"identity":5}'; do # lost, and written again: the games beside it tell
    printf %s "$bad" >folder/run.json
    [[ $bad == gone ]] && rm folder/run.json
    run "${small[@]}" --games 4200 --out folder --quiet || fail "run.json is '$bad': $(<err)"
    [[ $(wc -l <err) == 1 && $(<err) == 'folder/run.json: was '*'; written again, for the games'* ]] ||
        fail "run.json is '$bad': $(<err)"
    kept 2 'folder/run.json: belongs to another run: seed is 1 there, 2 here' folder --seed 2 --games 9
done
mkdir letters && echo dear >letters/mother
printf hello >letters/run.json
kept 2 'letters/run.json: is not JSON with an object "identity"' letters --games 4200
rm letters/mother # nothing that could be another program's is there now
run "${small[@]}" --games 3 --out letters --quiet || fail "a damaged run.json alone: $(<err)"
[[ $(<err) == 'letters/run.json: was damaged; written again' ]] || fail "run.json alone: $(<err)"
kept 2 'letters/run.json: belongs to another run: seed is 1 there, 2 here' letters --seed 2 --games 3
copy
flip folder/games-000000.safetensors 60000
kept 2 'folder/games-000000.safetensors: checksum is ' folder --games 4200
kept 2 'the file is damaged' folder --games 9000
copy
truncate -s -1 folder/games-000001.safetensors
kept 2 'folder/games-000001.safetensors: ' folder --games 4200
copy
printf hello >folder/games-000000.safetensors
kept 2 'folder/games-000000.safetensors: 5 bytes: a safetensors file has at least 8' folder --games 4200
copy
mv folder/games-000001.safetensors folder/games-000000.safetensors
kept 2 'games-000000.safetensors: begins with game 4096, expected 0' folder --games 4200
copy
printf 'hello, this is no part of games but longer than its head' >folder/games-000001.part
kept 2 'folder/games-000001.part: is not a part of a shard, and is left alone' folder --games 5000
rm folder/games-000001.part && mkfifo folder/games-000001.part
kept 2 'folder/games-000001.part: is not a plain file' folder --games 5000
copy
exec 9>folder/lock
flock -n 9 || fail 'flock'
kept 2 'folder: another process writes to it' folder --games 5000
exec 9>&-

# A full disk: no shard under its final name, and with room again the games that were saved count.
for blocks in 0 4 60; do
    folder=full$blocks
    refused 1 ': File too large' "${small[@]}" --games 4200 --out "$folder" --quiet
    [[ ! -e $folder/games-000000.safetensors ]] || fail "$folder: has a shard"
    blocks=unlimited
    run "${small[@]}" --games 4200 --out "$folder" --quiet || fail "$folder: $(<err)"
    cmp "$folder/games-000000.safetensors" whole/games-000000.safetensors || failed=1
    cmp "$folder/games-000001.safetensors" whole/games-000001.safetensors || failed=1
done

# Full or closed standard streams: the status tells, and no text ends up in a file of games.
closed() { # PROGRAM ARGS..
    local name=$1
    shift
    "$bin/$name" "$@" >&- 2>err
    [[ $? == 1 && $(wc -l <err) == 1 && $(<err) == *'tandard output'* ]] || fail "$name: $(<err)"
    [[ ! -w /dev/full ]] && return
    "$bin/$name" "$@" >/dev/full 2>err
    [[ $? == 1 && $(wc -l <err) == 1 && $(<err) == *'tandard output'* ]] || fail "$name: $(<err)"
}
closed blob-records check whole
closed blob-gpu-selfplay "${small[@]}" --games 300 --out whole
silent() { # STATUS, of a run whose streams the caller has closed
    "$bin/blob-gpu-selfplay" "${small[@]}" --games 4200 --out silent
    [[ $? == "$1" && ! -s silent/lock ]] || failed=1
    cmp silent/games-000000.safetensors whole/games-000000.safetensors &&
        cmp silent/games-000001.safetensors whole/games-000001.safetensors || failed=1
    rm -rf silent
}
before=$failed
silent 0 >out 2>&-
silent 1 >&- 2>&-
silent 1 <&- >&- 2>&-
[[ $failed == "$before" ]] || fail 'closed streams: a wrong status, or a message in a file'

# Options of other programs.
program=blob-bench
refused 2 'which bench? allowed: selfplay' --seconds 0.01
refused 2 'zz: no such bench; allowed: selfplay' zz
refused 2 '--cards 13: must be 1..10 with --players 5' worlds --cards 13 --players 5
refused 2 '--seconds 0: must be 0.01..60' worlds --seconds 0
program=blob-analyze
refused 2 '--bogus: unknown option' --bogus
program=blob-records
refused 1 'plain' check plain
refused 1 'no/such' check no/such
exit "$failed"
