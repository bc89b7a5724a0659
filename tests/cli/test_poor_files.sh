#!/usr/bin/env bash
# tests/cli/test_poor_files.sh BIN LIBRARY - file systems without locks, or that cannot flush folders.
#
# Each lack costs one warning, and the files are the same. Without locks a file keeps other processes
# out; one that a killed process left does not.
set -u
source "$(dirname "$0")/train_runs.sh"
library=$2
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
games=(--evaluator hash --players 3 --cards 3 --worlds 1 --simulations 4 --games 300 --quiet)
none=38 # ENOSYS
lacks=(38 95 37 22) # ENOSYS EOPNOTSUPP ENOLCK EINVAL
said='this file system has no locks ('

# poor VARIABLES.. -- PROGRAM ARGS..: stdout goes to the file out, stderr to the file err.
poor() {
    local settings=()
    while [[ $1 != -- ]]; do
        settings+=("$1")
        shift
    done
    shift
    env LD_PRELOAD="$library" "${settings[@]}" "$bin/$1" "${@:2}" >out 2>err
}

# warned TEXT WHAT: stderr has one line, which holds the text.
warned() { [[ $(wc -l <err) == 1 && $(<err) == *"$1"* ]] || wrong "$2: $(<err)"; }

"$bin/blob-gpu-selfplay" "${games[@]}" --out whole >out 2>err || wrong "a run failed: $(<err)"
train --iterations 3 --out run || wrong "a run failed: $(<err)"
for lack in "${lacks[@]}"; do
    poor POOR_FLOCK=$lack -- blob-gpu-selfplay "${games[@]}" --out games || wrong "flock $lack: $(<err)"
    warned "games: $said" "flock $lack"
    cmp whole/games-000000.safetensors games/games-000000.safetensors || wrong "flock $lack: other games"
    [[ ! -e games/lock.held ]] || wrong "flock $lack: lock.held stays"
    rm -r games
    poor POOR_FOLDERS=$lack -- blob-gpu-selfplay "${games[@]}" --out games || wrong "fsync $lack: $(<err)"
    warned 'this file system cannot flush folders (' "fsync $lack"
    cmp whole/games-000000.safetensors games/games-000000.safetensors || wrong "fsync $lack: other games"
    rm -r games
done
for lacking in "POOR_FLOCK|$said" 'POOR_FOLDERS|cannot flush folders (' 'POOR_FILES|cannot flush files ('; do
    poor "${lacking%|*}=$none" -- blob-train "${base[@]}" --iterations 3 --out poor ||
        wrong "$lacking: $(<err)"
    warned "${lacking#*|}" "$lacking"
    same run poor "$lacking: other bytes"
    poor "${lacking%|*}=$none" -- blob-train "${base[@]}" --iterations 3 --out poor --fresh ||
        wrong "$lacking: $(<err)"
    rm -r poor
done

# What fails otherwise is a failure.
poor POOR_FLOCK=5 -- blob-gpu-selfplay "${games[@]}" --out games
[[ $? == 1 && $(<err) == 'games: cannot be locked: Input/output error' ]] || wrong "flock, EIO: $(<err)"
for flush in POOR_FOLDERS POOR_FILES; do
    poor $flush=5 -- blob-gpu-selfplay "${games[@]}" --out broken
    [[ $? == 1 && $(<err) == *'cannot be flushed to disk: Input/output error' ]] || wrong "EIO: $(<err)"
done

# Without locks lock.held keeps a second process out, with a flock and without, until its own has ended.
long=("${games[@]}" --games 4000 --simulations 200 --worlds 3 --format full)
env LD_PRELOAD="$library" POOR_FLOCK=$none "$bin/blob-gpu-selfplay" "${long[@]}" --out held >out 2>err &
pid=$!
until [[ -e held/run.json ]] || ! kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
read -r host space holder start <held/lock.held
[[ $holder == "$pid" && $start -gt 0 && $space == pid:* ]] || wrong "lock.held: $(<held/lock.held)"
for lacking in X=1 POOR_FLOCK=$none; do
    poor $lacking -- blob-gpu-selfplay "${long[@]}" --out held
    [[ $? == 2 && $(<err) == "held: another process writes to it: $pid on $host" ]] ||
        wrong "two processes: $(<err)"
done
kill -KILL "$pid"
wait "$pid" 2>/dev/null
[[ -e held/lock.held ]] || wrong 'killed: lock.held is gone'

# begun TEXT WHAT: one game more can be played in the folder, with the file that holds the text.
begun() {
    printf '%s' "$1" >folder/lock.held
    poor POOR_FLOCK=$none -- blob-gpu-selfplay "${games[@]}" --out folder || wrong "$2: $(<err)"
    warned "$said" "$2"
    [[ $(echo folder/lock*) == folder/lock ]] || wrong "$2: $(echo folder/lock*)"
}
cp -r whole folder
begun "$(<held/lock.held)" 'of a process that was killed'
begun "$host $space $$ 1"$'\n' 'of a process whose id another one has now'
: >folder/lock.held
poor POOR_FLOCK=$none -- blob-gpu-selfplay "${games[@]}" --out folder
[[ $? == 2 && $(<err) == 'folder: another process writes to it, as lock.held says' ]] ||
    wrong "an empty lock.held: $(<err)"
touch -d '1 minute ago' folder/lock.held
poor POOR_FLOCK=$none -- blob-gpu-selfplay "${games[@]}" --out folder || wrong "an old one: $(<err)"
for other in "elsewhere $space" "$host pid:[1]"; do
    echo "$other 1 1" >folder/lock.held
    for lacking in X=1 POOR_FLOCK=$none; do
        poor $lacking -- blob-gpu-selfplay "${games[@]}" --out folder
        [[ $? == 2 && $(<err) == *'; remove that file if it has ended' && $(wc -l <err) == 1 ]] ||
            wrong "$other: $(<err)"
    done
    [[ $(<folder/lock.held) == "$other 1 1" ]] || wrong "$other: lock.held is another"
done

# Two at once, with a stale file before them: one plays, the other is refused.
mkdir race
printf '%s' "$host $space $pid 1" >race/lock.held
for i in 1 2 3 4; do
    env LD_PRELOAD="$library" POOR_FLOCK=$none "$bin/blob-gpu-selfplay" "${long[@]}" --out race \
        >"out$i" 2>"err$i" &
    pids[i]=$!
done
sleep 1
kill -INT "${pids[@]}" 2>/dev/null
wait
[[ $(grep -l 'another process writes to it' err? | wc -l) == 3 ]] || wrong "four at once: $(cat err?)"

# A training run that is killed goes on, and ends in the same bytes.
env LD_PRELOAD="$library" POOR_FLOCK=$none POOR_FOLDERS=$none "$bin/blob-train" "${base[@]}" \
    --iterations 3 --out killed >out 2>err &
pid=$!
until [[ -e killed/checkpoints/000001.safetensors ]] || ! kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
kill -KILL "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
poor POOR_FLOCK=$none POOR_FOLDERS=$none -- blob-train "${base[@]}" --iterations 3 --out killed ||
    wrong "killed: $(<err)"
same run killed 'killed without locks: other bytes'

exit "$failed"
