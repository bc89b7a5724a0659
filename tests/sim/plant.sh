#!/usr/bin/env bash
# tests/sim/plant.sh ROOT BUILD VARIANT LINK.. - plants faults in a copy of the real sources, one at a
# time, rebuilds the changed file for the simulator, and requires test_sim_play to fail.
#
#   ROOT, BUILD  the project and the build, whose compile_commands.json says how to compile
#   VARIANT      what the build can see: plain, asan, msan, tsan; a fault is tried if it names this
#   LINK         the command that links test_sim_play, without its output; "@" stands for the object
#                of the changed file, and precedes the library that has the unchanged one
#
# VERBOSE=1 in the environment prints how each fault was found.
# A fault is a piece of text that the source has exactly once, and its replacement. If the source
# changes and the piece is gone, this test says so and fails: mend the fault here.
set -o pipefail
root=$1 build=$2 variant=$3
shift 3
link=("$@")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
tried=0 failures=0
complain() {
    echo "plant: $*" >&2
    failures=$((failures + 1))
}

# Sets words to the command that compiles source $1 of the copy $work/tree to $work/unit.o. It is split
# as by a shell, because paths may have spaces; the source is its last word.
command_of() {
    local line i
    while IFS= read -r line; do
        eval "words=($line)"
        [ "${words[-1]}" = "$root/$1" ] || continue
        words=("${words[@]//"$root/"/"$work/tree/"}")
        for i in "${!words[@]}"; do
            [ "${words[i]}" != -o ] || words[i + 1]=$work/unit.o
            [ "${words[i]}" != "-I$root" ] || words[i]=-I$work/tree
        done
        return
    done < <(sed -n 's/^ *"command": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" |
        sed 's/\\\(.\)/\1/g' | grep -- -DCUSIM)
    echo "plant: error: compile_commands.json of $build does not list $1" >&2
    return 1
}

# Builds test_sim_play with source $1 of the copy; other builds turn on warnings.
build_with() {
    local words
    command_of "$1" && (cd "$build" && "${words[@]}" -w -O1) &&
        "${link[@]/#@/$work/unit.o}" -o "$work/play"
}

# A sanitizer finds in one order of lanes what a plain build finds in one of several.
orders="asc desc rand:1" every=1
[ "$variant" = plain ] || orders=asc every=4

# Runs the games of test_sim_play in each order; returns the first exit status that is not 0.
all_runs_pass() {
    local order
    for order in $orders; do
        # in a subshell, whose complaint about a crash goes to a file
        (timeout $patience "$work/play" --orders $order --every $every >"$work/log" 2>&1; exit $?) \
            2>"$work/crash" || return
    done
}

# plant NAME VARIANTS UNIT FILE OLD NEW
plant() {
    local name=$1 variants=$2 unit=$3 file=$4 old=$5 new=$6 text rest status
    text=$(<"$root/$file") || return
    rest=${text#*"$old"}
    if [ "$rest" = "$text" ] || [ "${rest#*"$old"}" != "$rest" ]; then
        complain "$name: $file does not have this exactly once: $old"
        return
    fi
    [[ " $variants " == *" $variant "* ]] || return
    tried=$((tried + 1))
    printf '%s\n' "${text%%"$old"*}$new$rest" >"$work/tree/$file"
    if ! build_with "$unit" 2>"$work/log"; then
        complain "$name: $unit does not compile: $(grep -m 1 -i error "$work/log")"
        cp "$root/$file" "$work/tree/$file"
        return
    fi
    all_runs_pass
    status=$?
    if [ $status = 0 ]; then
        complain "$name: not found: under $variant, whole games pass in every order"
    elif [ $status = 124 ]; then
        complain "$name: not reported: the games never end"
    elif [ -n "$VERBOSE" ]; then
        echo "$name: $(grep -m 1 '[a-z]' "$work/log")"
    fi
    cp "$root/$file" "$work/tree/$file"
}

mkdir "$work/tree" || exit 1
cp -r "$root/device" "$root/game" "$root/nn" "$root/tests" "$work/tree" || exit 1
search=device/search/search_cuda.cu play=device/play/play_cuda.cu core=device/core/backend_cuda.cu
net=nn/infer/net_plain.cu

# Without a fault the games must pass, or the rest proves nothing; with one they hang if they take many
# times as long.
patience=0 since=$SECONDS
build_with $search && all_runs_pass || { cat "$work/log" >&2; complain "the games fail without a fault"; exit 1; }
patience=$((60 + 10 * (SECONDS - since)))

# --- Team synchronization
plant node_read_before_made "plain tsan" $search device/search/descend.h \
    '            edges[e].in_flight++;
        }
        team_sync(team);' \
    '            edges[e].in_flight++;
        }'
plant mark_set_before_read "plain tsan" $search device/search/descend.h \
    'int child = edges[e].child;
        team_sync(team);' \
    'int child = edges[e].child;'
plant leaf_read_before_written "plain tsan" $search device/search/descend.h \
    '(uint16_t)row;
        }
        team_sync(team);' \
    '(uint16_t)row;
        }'
plant edges_read_before_written "plain tsan" $search device/search/expand.h \
    'edges[e] = edge;
        }
    }
    team_sync(team);' \
    'edges[e] = edge;
        }
    }'

# --- Masks and lanes
plant mask_of_first_team "plain" $search device/core/launch.cuh \
    '<< (threadIdx.x % 32 / WIDTH * WIDTH)' '<< 0'
plant shuffle_past_team "plain" $search device/core/portable.h \
    'for (int d = team.width / 2; d > 0; d /= 2) {
        Best y;' \
    'for (int d = 16; d > 0; d /= 2) {
        Best y;'
plant every_lane_backs_up "plain" $search device/search/backup.h \
    'HD void backup_leaf(const Search *s, int b, int leaf, int64_t row, Team team) {
    if (team.lane == 0) {' \
    'HD void backup_leaf(const Search *s, int b, int leaf, int64_t row, Team team) {
    if (team.lane >= 0) {'
plant every_thread_tallies "plain" $play device/play/play_kernels.cuh \
    'if (team_item<1>() == 0) tally_one' 'if (team_item<1>() >= 0) tally_one'
plant scratch_shared "tsan" $play device/play/play_kernels.cuh \
    'move_one(&play, g, play.scratch + t)' 'move_one(&play, g, play.scratch)'

# --- Bounds and grids
plant descend_without_guard "asan" $search device/search/search_kernels.cuh \
    'if (b < search.B) descend_one' 'descend_one'
plant emit_without_guard "asan" $play device/play/play_kernels.cuh \
    'if (g < play.G) emit_one' 'emit_one'
plant grid_of_lanes "plain" $search $search \
    'descend_kernel<8>, launch_blocks(B, 8, THREADS)' \
    'descend_kernel<8>, launch_blocks(B, 1, THREADS)'
plant grid_of_rows "plain" $net $net \
    'launch_blocks((int64_t)p->rows * items, 32, THREADS)' \
    'launch_blocks((int64_t)p->rows, 32, THREADS)'
plant rows_past_count "plain" $net nn/infer/forward_kernels.cuh \
    'return r < rows && first + r < *count;' 'return r < rows;'
plant leaf_past_batch "asan plain" $search device/search/descend.h \
    's->leaf[(int64_t)b * s->K + k] =' 's->leaf[(int64_t)b * s->K + k + 1] ='

# --- Arguments
plant constants_swapped "plain" $search device/search/descend.h \
    's->c_puct, s->fpu' 's->fpu, s->c_puct'
plant layers_swapped "plain" $net $net \
    'linear_args(p, &w->fc0, p->residual, w->fc0.in, p->hidden)' \
    'linear_args(p, &w->fc0, p->hidden, w->fc0.in, p->residual)'
plant memset_swapped "plain" $core $core \
    'cudaMemsetAsync(dst, 0, bytes, stream)' 'cudaMemsetAsync(dst, (int)bytes, 0, stream)'
plant arguments_of_the_first_run "plain asan" $play $play \
    'LAUNCH(move_kernel, launch_blocks(play->workers, 1, WORKER_THREADS), WORKER_THREADS, stream,
           *play);' \
    'static Play first;
    if (!first.G) first = *play;
    LAUNCH(move_kernel, launch_blocks(play->workers, 1, WORKER_THREADS), WORKER_THREADS, stream,
           first);'

# --- Memory
plant memory_not_zeroed "plain msan" $core $core \
    'CUDA_TRY(cudaMemset(*out, 0, bytes));' ''
plant counters_not_zeroed "plain" $core $core \
    'CUDA_TRY(cudaMemsetAsync(dst, 0, bytes, stream));' ''
plant visits_half_written "msan" $play device/play/move.h \
    'for (int e = 0; e < n; e++) visits[e] =' 'for (int e = 1; e < n; e++) visits[e] ='

# --- Order on the stream
plant no_scan "plain" $core $core \
    'scan_cuda,' \
    '[](const int32_t *, int32_t *, int, void *, size_t, Stream) { return STATUS_OK; },'
plant epoch_not_waited_for "plain" $core $core \
    'CUDA_TRY(cudaEventSynchronize(event));' ''
plant stream_not_waited_for "plain asan" $core $core \
    'CUDA_TRY(cudaStreamSynchronize(stream));' ''
plant copy_left_out "plain" $core $core \
    'CUDA_TRY(cudaMemcpyAsync(dst, src, bytes, cudaMemcpyDeviceToHost, stream));' ''

if [ "$tried" -lt 2 ]; then complain "no faults are tried under '$variant'"; fi
exit $((failures != 0))
