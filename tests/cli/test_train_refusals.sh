#!/usr/bin/env bash
# tests/cli/test_train_refusals.sh BIN - blob-train refuses mistakes in one line, and damages nothing.
set -u
source "$(dirname "$0")/train_runs.sh"

# refused LINES TEXT ARGS..: exit status 2, that many lines on stderr, which hold the text, none on stdout.
refused() {
    local lines=$1 text=$2 got
    shift 2
    train "$@"
    got=$?
    [[ $got == 2 && $(wc -l <err) == "$lines" && $(<err) == *"$text"* && ! -s out ]] && return
    wrong "$*"$'\n'"  expected 2: $text"$'\n'"  found $got: $(<err)$(<out)"
}

# An option that is refused before the folder is created.
option() {
    refused 1 "$1" --iterations 2 --out new "${@:2}"
    [[ ! -e new ]] || wrong "${*:2}: the folder was made"
    rm -rf new
}

# kept LINES TEXT FOLDER ARGS..: refused, and the folder is unchanged, byte for byte.
kept() {
    local before
    before=$(contents "$3")
    refused "$1" "$2" --iterations 6 --out "$3" "${@:4}"
    [[ $before == "$(contents "$3")" ]] || wrong "$2: $3 changed"
}

# Words and numbers.
option '--bogus: unknown option' --bogus
option 'word: no word is expected' word
option '--rate: its value is missing' --rate
option '--preset huge: must be one of tiny policy small reference' --preset huge
option '--games 0: must be a whole number in 1..268435456' --games 0
option '--games 1e-3: must be a whole number' --games 1e-3
option '--games 1_e3: must be a whole number' --games 1_e3
option '--iterations 0: must be' --iterations 0
option '--batch 65537: must be a whole number in 1..65536' --batch 65537
option '--rate nan: must be 1e-09..10' --rate nan
option '--ema 1: must be 0..' --ema 1
option '--keep 0: must be' --keep 0
option '--replay-compress 2: must be' --replay-compress 2
option '--device tpu: no such device' --device tpu
option '--precision int8: ' --precision int8
option '--precision bf16: only with --device cuda' --precision bf16

# Impossible sizes, alone or together.
option '--width 48: must be a multiple of 32' --width 48
option '--heads 3: must divide --width 32' --heads 3
option 'parameters: must be at most' --width 8192 --hidden 32768 --layers 64
option '--window-max 59: must be at least --games 60, one iteration' --window-max 59 --window-min 1
option '--window-min 301: must be at most --window-max 300' --window-min 301
option '--rate-min 0.1: must be at most --rate 0.002' --rate-schedule cosine --rate-min 0.1
option '--curriculum 300x4' --curriculum 300x4
option '--curriculum 255x60000: 15300000 visits: must be at most 65535' --curriculum 255x60000
option '3x' --curriculum 3x
option '9' --players 9
option '18' --cards 18
option 'only with --rules oh-hell' --points 2
option '--parallel 20000: needs ' --parallel 20000 --games 20000 --window-max 20000 \
    --curriculum 255x200 --cards 17
option 'not enough memory: the replay of --window-max 268435456 games takes' --format full \
    --players 8 --cards 6 --games 268435456 --window-max 268435456

# Files of options.
config() {
    printf '%b' "$2" >options.json
    option "$1" --config options.json
}
option '--config none: No such file' --config none
config 'options.json: bogus: unknown option' '{"bogus":1}'
config 'options.json: games: must be a number or a string' '{"games":[1]}'
config 'options.json: games 1.5: must be a whole number' '{"games":1.5}'
config 'options.json: overlap: must be true or false' '{"overlap":1}'
config 'options.json: players: must be a string' '{"players":4}'
for text in '' '[1]' '{"games":1'; do
    config '--config options.json: not a JSON object of options' "$text"
done

# Folders that cannot hold a run.
: >plain
option 'plain: is not a folder' --out plain
option 'plain/x: cannot be made: Not a directory' --out plain/x
option 'no/such: cannot be made: No such file' --out no/such
option "--out '': must not be empty" --out ''
if [[ $(id -u) != 0 ]]; then
    mkdir -m 555 closed
    kept 1 'closed: cannot be written: Permission denied' closed
fi
"$bin/blob-gpu-selfplay" --evaluator hash --players 3 --cards 3 --worlds 1 --simulations 4 \
    --games 50 --out games --quiet >out 2>err || wrong "games: $(<err)"
kept 1 'games/run.json: belongs to a run of another program, not of blob-train' games
kept 1 'games/run.json: belongs to a run of another program, not of blob-train' games --fresh
mkdir letters && echo dear >letters/mother
kept 1 'letters: holds mother but no run.json' letters
kept 1 'letters: holds mother but no run.json' letters --fresh

# A run of three iterations; each checkpoint needs the games before it.
train --iterations 3 --out run || wrong "a run failed: $(<err)"
train --iterations 6 --out whole || wrong "a run failed: $(<err)"
train --iterations 3 --out wide --width 64 || wrong "a run failed: $(<err)"
copy() { rm -rf folder && cp -a run folder; }

# A run.json that is lost is written again, with the same bytes, for a checkpoint tells what run it is;
# metrics, weights, lock and curves too. Another run is refused all the same.
for bad in gone hello '' '{"identity":5}'; do
    copy
    printf %s "$bad" >folder/run.json
    [[ $bad == gone ]] && rm folder/run.json
    kept 1 'folder/checkpoints/000003.safetensors: belongs to another run: width is 32 there, 64 here' \
        folder --width 64
    train --iterations 3 --out folder || wrong "run.json is '$bad': $(<err)"
    [[ $(wc -l <err) == 1 && $(<err) == 'folder/run.json: was '*'; written again from '* ]] ||
        wrong "run.json is '$bad': $(<err)"
    cmp run/run.json folder/run.json || wrong "run.json is '$bad': written again it is another"
    train --iterations 6 --out folder || wrong "after '$bad': $(<err)"
    same whole folder "run.json was '$bad': other bytes"
    printf %s "$bad" >folder/run.json
    for file in folder/*/0*.safetensors; do : >"$file"; done
    kept 1 'no checkpoint tells what run this is; --fresh removes it and begins again' folder
    train --iterations 6 --out folder --fresh || wrong "--fresh over '$bad': $(<err)"
    same whole folder "--fresh over '$bad': other bytes"
done
copy
rm -r folder/lock folder/metrics.jsonl folder/tensorboard folder/weights.safetensors
: >folder/best.safetensors
train --iterations 6 --out folder || wrong "without small files: $(<err)"
same whole folder 'without small files: other bytes'
grep -q '^folder/metrics.jsonl: had no lines of 3 iterations; written again from the checkpoint' err ||
    wrong "without small files: $(<err)"
# known FOLDER: what a checkpoint knows of each iteration.
known() {
    grep -oE '"(iteration|step|policy_loss|value_loss|target_entropy|score_mean|bids_hit_frac)":[^,]*' \
        "$1/metrics.jsonl"
}
[[ $(known folder) == "$(known whole)" ]] || wrong 'metrics.jsonl: written again, other numbers'
copy
exec 9>folder/lock
flock -n 9 || wrong flock
kept 1 'folder: another process writes to it' folder
kept 1 'folder: another process writes to it' folder --fresh
exec 9>&-
kept 1 'folder/run.json: belongs to another run: width is 32 there, 64 here' folder --width 64

# Valid checkpoints that are not of this run: each is reported, nothing is changed.
# none TEXT: all three are refused.
none() {
    kept 4 "$1" folder
    [[ $(tail -1 err) == 'folder: none of its checkpoints can be resumed from; --fresh removes'* ]] ||
        wrong "$1: the last line is $(tail -1 err)"
}
checkpoints=(folder/checkpoints/00000{1,2,3}.safetensors)
# every FIND TEXT: replaces a text in each checkpoint.
every() {
    local file
    copy
    for file in "${checkpoints[@]}"; do "$bin/reseal" "$file" "$1" "$2" || wrong "$1: reseal"; done
}
copy
cp wide/checkpoints/* folder/checkpoints/
none 'folder/checkpoints/000003.safetensors: model.width is 64, expected 32'
every '"checkpoint_version":"1"' '"checkpoint_version":"2"'
none 'folder/checkpoints/000003.safetensors: checkpoint_version is 2, this program reads 1'
every '"model.layers":"1"' '"model.layers":"2"'
none 'folder/checkpoints/000001.safetensors: model.layers is 2, expected 1'
every '\"seed\":\"1\"' '\"seed\":\"2\"'
none 'folder/checkpoints/000002.safetensors: belongs to another run: seed is 2 there, 1 here'
every '"history":"[' '"history":"x'
none 'folder/checkpoints/000003.safetensors: its history'
every '"best_checkpoint":"0"' '"best_checkpoint":"7"'
none 'folder/checkpoints/000003.safetensors: '
every '"weights.input_norm.bias"' '"weights.input_norm.bios"'
none 'folder/checkpoints/000003.safetensors: '

# Replay files that are cut, of another version, or of other games.
header=$(od -An -t u8 -N 8 run/replay/000000.safetensors | tr -d ' ')
size=$(stat -c %s run/replay/000000.safetensors)
for at in 0 7 8 100 $((header + 7)) $((header + 8)) $((header + 500)) $((size / 2 + header / 2)) \
    $((size - 1)); do
    copy
    truncate -s "$at" folder/replay/000000.safetensors
    none 'folder/replay/000000.safetensors: '
done
copy
rm folder/replay/000000.safetensors
none 'folder/replay/000000.safetensors: cannot be read: No such file'
copy
"$bin/reseal" folder/replay/000000.safetensors '"replay_version":"1"' '"replay_version":"3"'
none 'folder/replay/000000.safetensors: '
copy
cp folder/replay/000001.safetensors folder/replay/000000.safetensors
none 'folder/replay/000000.safetensors: holds games 60 .. 119, not those of iteration 0'
copy
cp wide/replay/000000.safetensors folder/replay/
none 'folder/replay/000000.safetensors: belongs to another run: width is 64 there, 32 here'

# If an older one is good it is taken, which is reported, and the end is the same.
copy
"$bin/reseal" folder/checkpoints/000003.safetensors '"model.width":"32"' '"model.width":"64"'
truncate -s -1 folder/replay/000001.safetensors
train --iterations 6 --out folder || wrong "an older checkpoint: $(<err)"
[[ $(wc -l <err) == 2 && $(sed -n 1p err) == folder/checkpoints/000003.safetensors:* &&
    $(sed -n 2p err) == folder/replay/000001.safetensors:* ]] || wrong "falls back: $(<err)"
same whole folder 'from an older checkpoint other bytes'

exit "$failed"
