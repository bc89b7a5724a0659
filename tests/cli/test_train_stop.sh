#!/usr/bin/env bash
# tests/cli/test_train_stop.sh BIN - SIGTERM at any time, kill -9 while --fresh clears a folder.
set -u
source "$(dirname "$0")/train_runs.sh"
run=(--iterations 5 --games 200 --window-max 1000 --overlap)

# pause MILLISECONDS
pause() { sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"; }

begin=${EPOCHREALTIME/[.,]/}
train "${run[@]}" --out whole || wrong "a run failed: $(<err)"
whole=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) # milliseconds

# Stopped by SIGTERM again and again: each time it ends with status 0 and can be resumed; in the end it
# equals the run that was never stopped.
asked=0
for piece in {1..40}; do
    "$bin/blob-train" "${base[@]}" "${run[@]}" --out asked >out 2>err &
    pid=$!
    pause $((whole * piece / 18))
    kill -TERM "$pid" 2>/dev/null
    wait "$pid"
    status=$?
    [[ $status == 143 && ! -s out ]] && continue # the program had not started yet
    asked=$((asked + 1))
    [[ $status == 0 ]] || wrong "SIGTERM: exit status $status, $(<err)"
    [[ ! -s err ]] || wrong "SIGTERM: $(<err)"
    [[ $(<out) == *'5 of 5 iterations are in asked'* || $(<out) == *'nothing to do'* ]] && break
    [[ $(<out) == *'the same command makes the rest' || $(<out) == *'makes the rest'$'\n'* ]] ||
        wrong "SIGTERM: $(<out)"
    [[ -z $(find asked -name '*.aside-*') ]] || wrong 'SIGTERM: files were left aside'
done
((asked >= 3)) || wrong "only $asked pieces were asked"
same whole asked 'SIGTERM: other bytes'

# newest_same TEXT: run other and the folder end the same; the folder may lack older checkpoints.
newest_same() {
    local file
    for file in checkpoints/000005.safetensors weights.safetensors; do
        cmp -s other/$file folder/$file || wrong "$1: another $file"
    done
}

# The folder holds a run of another seed, and kill -9 comes while --fresh clears it. Then the folder
# holds one run or the other, never a mixture: --fresh and resumed runs end as always.
train "${run[@]}" --out other --seed 2 || wrong "a run failed: $(<err)"
killed=0
for delay in 1 4 8 12 16 20 25 30 40 60; do
    rm -rf folder && cp -a other folder
    "$bin/blob-train" "${base[@]}" "${run[@]}" --out folder --fresh >out 2>err &
    pid=$!
    pause "$delay"
    kill -KILL "$pid" 2>/dev/null && killed=$((killed + 1))
    wait "$pid" 2>/dev/null
    owner=1
    grep -q '"seed":.*"2"' folder/run.json && owner=2
    train "${run[@]}" --out folder --seed $((3 - owner))
    [[ $? == 2 && $(<err) == *'belongs to another run: seed is '$owner' there'* ]] ||
        wrong "--fresh, killed after $delay ms: $(<err)"
    # Checkpoints go first: without them the games of later iterations are useless.
    later=$(find folder/replay -name '??????.safetensors' ! -name 000000.safetensors)
    if [[ -z $(find folder/checkpoints -name '??????.safetensors') && -n $later ]]; then
        train "${run[@]}" --out folder --seed "$owner"
        [[ $? == 2 && $(<err) == *'no checkpoint; --fresh begins again'* ]] ||
            wrong "killed after $delay ms, no checkpoint: $(<err)"
        train "${run[@]}" --out folder --fresh || wrong "killed after $delay ms: $(<err)"
        same whole folder "killed after $delay ms, --fresh again: other bytes"
        continue
    fi
    train "${run[@]}" --out folder --seed "$owner" || wrong "killed after $delay ms: $(<err)"
    [[ $owner == 1 ]] && same whole folder "killed after $delay ms: other bytes"
    [[ $owner == 2 ]] && newest_same "killed after $delay ms, not yet cleared"
    [[ -z $(find folder -name '*.aside-*') ]] || wrong "killed after $delay ms: files aside"
done
((killed >= 5)) || wrong "only $killed were killed"
train "${run[@]}" --out folder --fresh || wrong "--fresh: $(<err)"
same whole folder '--fresh: other bytes'

# A file that cannot be removed stops --fresh halfway: the rest still counts as the old run.
rm -rf folder && cp -a other folder
rm folder/checkpoints/000004.safetensors && mkdir folder/checkpoints/000004.safetensors
train "${run[@]}" --out folder --fresh
[[ $? == 1 && $(<err) == 'folder/checkpoints: a file in it cannot be removed'* ]] || wrong "$(<err)"
cmp -s other/run.json folder/run.json || wrong 'half a --fresh: run.json is another'
rmdir folder/checkpoints/000004.safetensors
train "${run[@]}" --out folder --fresh || wrong "after half a --fresh: $(<err)"
same whole folder 'after half a --fresh: other bytes'

exit "$failed"
