#!/usr/bin/env bash
# scripts/gpu_check.sh [--list] [--seconds N] [--steps A,B] [OUT] - all that a GPU can tell us.
#
# One command, without a network, in less than N seconds (470): builds for the GPU here, then checks
# and measures, the most informative steps first. A step that fails or runs out of time is reported,
# and the next one starts. The folder OUT (build/gpu_check) receives report.md, report.json and a log
# of every step. Packages are taken from deps/ if offline_deps.sh has put them there. --list prints
# the names of the steps; --steps runs only the build and those named, for example those that had no
# time left in an earlier call. Exit status: 0 all is well, 1 a step failed, 77 there is no GPU.
# shellcheck disable=SC2317,SC2015 # steps are called by their names
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
source "$root/scripts/install.sh"
cd "$root" || exit 1

usage() {
    echo 'usage: scripts/gpu_check.sh [--list] [--seconds N] [--steps A,B] [OUT]'
    exit "$1"
}
list=0 budget=470 out='' only=''
while (($#)); do
    case $1 in
        --list) list=1 ;;
        --seconds)
            [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || {
                say "--seconds ${2:-}: must be a whole number of at least 1"
                exit 2
            }
            budget=$2
            shift
            ;;
        --steps)
            [[ ${2:-} =~ ^[a-z_,]+$ ]] || usage 2 >&2
            only=${2//,/ }
            shift
            ;;
        --help) usage 0 ;;
        -*) usage 2 >&2 ;;
        *)
            [[ -z $out ]] || usage 2 >&2
            out=$1
            ;;
    esac
    shift
done
out=${out:-build/gpu_check}
build=$root/build/gpu
export OMP_WAIT_POLICY=passive # otherwise programs start themselves again, which tools do not follow
bin=$build/bin
programs=(blob-selftest blob-gpu-selfplay blob-bench blob-records blob-train blob-arena)

# The steps in order, each a function step_NAME with a limit in seconds.
steps=(build:240 selftest:120 tests:120 train:90 overlap:60 bench_medium:75 bench_train:60 loop:75
    torch:100 bench_rows:40 ceilings:40 graph:40 bench_replay:30 arena:30 parallel:60 files:40
    memcheck:90 bench_light:60 bench_tree:40 racecheck:60 initcheck:45 synccheck:45 profile:60)

step_build() {
    cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DBLOB_WERROR=OFF -DBLOB_CUDA=ON \
        "-DCMAKE_CUDA_ARCHITECTURES=$architectures" || return 1
    local tests
    mapfile -t tests < <(comm -12 \
        <(ctest --test-dir "$build" -N -L gpu | awk '/Test +#/ { print $NF }' | sort -u) \
        <(cmake --build "$build" --target help | grep -oE '^[A-Za-z0-9_]+' | sort -u))
    cmake --build "$build" --parallel "$(nproc)" --target "${programs[@]}" "${tests[@]}"
}

step_selftest() { "$bin/blob-selftest" --probe --json "$out/selftest.json"; }

step_tests() {
    ctest --test-dir "$build" -j4 -L gpu --no-tests=error --output-on-failure
}

# bench WORDS..: on the GPU, in the precision that plays there; appends to bench.csv.
bench() {
    "$bin/blob-bench" "$@" --device cuda --precision bf16 --repeats 3 --csv "$out/bench.csv"
}
step_ceilings() { bench gemm copy --seconds 0.5; }
step_bench_rows() { bench rows --seconds 0.5; }
step_bench_medium() { bench selfplay --budget medium --seconds 1; }
step_bench_light() { bench selfplay --budget light --seconds 1; }
step_bench_tree() { bench tree --seconds 1; }
step_bench_train() { bench train --rows 16384 --seconds 0.5; }
step_bench_replay() { bench replay --seconds 0.5; }

# The same training step in PyTorch, if it is installed; bench_train.log has ours.
step_torch() {
    python3 -c 'import torch' 2>/dev/null || skip "python3 has no module torch"
    local torch=(scripts/torch_train.py --device cuda --precision bf16 --seconds 0.5 --repeats 3
        --csv "$out/bench.csv")
    python3 "${torch[@]}" --batch 4096,512,16384 &&
        python3 "${torch[@]}" --batch 512,4096 --only compiled --mode reduce-overhead
}

# play NAME ARGS..: plays into a folder of that name.
play() {
    local name=$1
    shift
    "$bin/blob-gpu-selfplay" --quiet --out "$work/$name" --device cuda "$@"
}

# same A B: whether two runs wrote the same games, byte for byte.
same() {
    local file count=0
    for file in "$work/$1"/*.safetensors; do
        cmp "$file" "$work/$2/${file##*/}" || return 1
        count=$((count + 1))
    done
    [[ $count == "$(find "$work/$2" -name '*.safetensors' | wc -l)" ]] && ((count > 0)) || return 1
    echo "$1 and $2: the same bytes in $count files"
}

# train NAME ARGS..: becomes a small training run in a folder of that name, with two sizes of trees
# and two matches; to be called in a subshell.
device=cuda
train() {
    local name=$1
    shift
    exec "$bin/blob-train" --quiet --out "$work/$name" --device "$device" --preset tiny \
        --iterations 8 --games 1500 --curriculum 2x8:3,3x12 --batch 512 --arena-every 4 \
        --arena-deals 64 "$@"
}

# train_in_pieces NAME ARGS..: the same run, killed as soon as checkpoints 2, 4 and 6 are there.
train_in_pieces() {
    local name=$1 at pid killed=0
    for at in 2 4 6; do
        train "$@" &
        pid=$!
        until [[ -e $work/$name/checkpoints/00000$at.safetensors ]]; do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.01
        done
        kill -9 "$pid" 2>/dev/null && killed=$((killed + 1))
        wait "$pid" 2>/dev/null
    done
    echo "$name: killed $killed times"
    ((killed > 0)) && (train "$@")
}

# same_run A B: whether checkpoints, replay and weights are the same bytes.
same_run() {
    local name
    for name in "$1" "$2"; do
        (cd "$work/$name" &&
            find checkpoints replay weights.safetensors best.safetensors -type f | sort |
            xargs sha256sum) >"$work/$name.sums" || return 1
    done
    diff "$work/$1.sums" "$work/$2.sums" && echo "$1 and $2: the same bytes"
}

step_train() {
    (train train) && train_in_pieces train-pieces && same_run train train-pieces &&
        (train train-no-graph --no-graph) && same_run train train-no-graph &&
        (train train-parallel --parallel 300) && same_run train train-parallel
}
step_overlap() {
    (train overlap --overlap) && train_in_pieces overlap-pieces --overlap &&
        same_run overlap overlap-pieces && (train overlap-no-graph --overlap --no-graph) &&
        same_run overlap overlap-no-graph
}

# Full-size iterations: the speed of the whole loop, play and learning in turn and overlapped.
step_loop() {
    local mode
    for mode in --quiet --overlap; do
        "$bin/blob-train" --quiet --out "$work/loop" --device "$device" --preset reference \
            --iterations 3 --batch 4096 --epochs 4 --arena-every 0 "$mode" || return 1
        sed "s/^/$mode /" "$work/loop/metrics.jsonl"
        rm -r "$work/loop"
    done
}

step_arena() {
    "$bin/blob-arena" net:1 net:2 --device "$device" --deals 2000 &&
        "$bin/blob-arena" net:1 rule --device "$device" --deals 2000 --players 3:1,5:1 --cards 3,7
}

step_graph() {
    play graph --games 4096 && play no-graph --games 4096 --no-graph && same graph no-graph
}
step_parallel() {
    play parallel-512 --games 12288 --parallel 512 &&
        play parallel-8192 --games 12288 --parallel 8192 && same parallel-512 parallel-8192
}
step_files() {
    play cuda-hash --games 4096 --evaluator hash && play cpu-hash --games 4096 --evaluator hash \
        --device cpu && same cuda-hash cpu-hash
}

# sanitize TOOL: plays a few small games with each evaluator under compute-sanitizer.
sanitize() {
    local sanitizer small=(--games 8 --parallel 8 --cards 3 --worlds 2 --simulations 6)
    sanitizer=$(command -v compute-sanitizer) ||
        sanitizer=$(compgen -G '/usr/local/cuda*/bin/compute-sanitizer' | head -n 1)
    [[ -n $sanitizer ]] || skip "compute-sanitizer is not installed"
    play() { # the same, under the sanitizer
        local name=$1
        shift
        "$sanitizer" --tool "$tool" --error-exitcode 9 "$bin/blob-gpu-selfplay" --quiet \
            --out "$work/$name" --device cuda "$@"
    }
    local tool=$1
    # The library's kernels are not ours to judge, but the memory that we give them is.
    play "$tool-hash" "${small[@]}" --evaluator hash &&
        play "$tool-plain" "${small[@]}" --network plain || return 1
    [[ $tool != memcheck ]] || play "$tool-layers" "${small[@]}" --network layers || return 1
    [[ $tool != memcheck ]] ||
        "$sanitizer" --tool "$tool" --error-exitcode 9 "$bin/blob-train" --quiet --device cuda \
            --out "$work/$tool-train" --preset tiny --iterations 2 --games 24 --curriculum 2x4 \
            --batch 64 --epochs 1 --arena-every 2 --arena-deals 4 --overlap
}
step_memcheck() { sanitize memcheck; }
step_racecheck() { sanitize racecheck; }
step_initcheck() { sanitize initcheck; }
step_synccheck() { sanitize synccheck; }

step_profile() {
    play profile --games 12288 --trace "$out/trace.json" || return 1
    command -v python3 >/dev/null || skip "python3 is not installed: see trace.json"
    scripts/timeline_summary.py "$out/trace.json"
}

readonly SKIPPED=78 # the exit status of a step that cannot run here
skip() {
    echo "skipped: $*"
    exit "$SKIPPED"
}

if [[ -n $only ]]; then
    chosen=(build:240)
    for name in $only; do
        found=
        for step in "${steps[@]}"; do [[ $name == "${step%:*}" ]] && found=$step; done
        if [[ -z $found ]]; then
            say "--steps $name: no such step; --list names them"
            exit 2
        fi
        [[ $name == build ]] || chosen+=("$found")
    done
    steps=("${chosen[@]}")
fi
if ((list)); then
    for step in "${steps[@]}"; do
        printf '%-14s at most %3d s\n' "${step%:*}" "${step#*:}"
    done
    exit 0
fi
if ! nvidia-smi -L >/dev/null 2>&1 && ! compgen -G '/dev/nvidia[0-9]*' >/dev/null; then
    echo "gpu_check.sh: there is no GPU here: nothing checked"
    exit 77
fi
nvcc_path || fail "there is a GPU, but no nvcc in PATH or /usr/local/cuda/bin"
need_packages g++:g++
architectures=$(gpu_architectures)
architectures=${architectures:-native}

mkdir -p "$out" || fail "the folder $out cannot be created"
out=$(cd "$out" && pwd)
rm -f "$out"/{report.json,report.md,bench.csv,selftest.json,trace.json}
for step in "${steps[@]}"; do rm -f "$out/${step%:*}.log"; done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
began=$SECONDS failed=0 names=() results=() seconds=()

# run_step NAME SECONDS: runs it in a process group of its own, so that nothing outlives its limit.
run_step() {
    local name=$1 most=$2 start=$SECONDS left=$((budget - (SECONDS - began))) status=0 result pid
    ((most > left)) && most=$left
    if ((left < 5)); then
        result='no time left'
    elif [[ $name != build && ! -x $bin/blob-selftest ]]; then
        result='not built'
    else
        set -m
        ("step_$name") >"$out/$name.log" 2>&1 </dev/null &
        pid=$!
        set +m
        while kill -0 "$pid" 2>/dev/null && ((SECONDS - start < most)); do sleep 0.2; done
        if kill -0 "$pid" 2>/dev/null; then
            kill -- "-$pid" 2>/dev/null
            sleep 1
            kill -9 -- "-$pid" 2>/dev/null
            result="FAILED: stopped after $most s"
        fi
        wait "$pid" 2>/dev/null
        status=$?
        [[ -n ${result:-} ]] || case $status in
            0) result=ok ;;
            "$SKIPPED") result=$(tail -n 1 "$out/$name.log") ;;
            *) result="FAILED: exit status $status" ;;
        esac
    fi
    case $result in ok | skipped*) ;; *) failed=1 ;; esac
    names+=("$name") results+=("$result") seconds+=($((SECONDS - start)))
    printf '%-14s %4d s  %s\n' "$name" $((SECONDS - start)) "$result"
}

# json TEXT: prints it as a JSON string.
json() {
    local text=${1//\\/\\\\}
    text=${text//\"/\\\"}
    printf '"%s"' "${text//[[:cntrl:]]/ }"
}

write_json() {
    local i comma=
    {
        printf '{"ok": %s,\n' "$( ((failed)) && echo false || echo true)"
        printf ' "gpu": %s,\n "revision": %s,\n "toolkit": %s,\n "seconds": %d,\n "steps": [' \
            "$(json "$gpu")" "$(json "$revision")" "$(json "$toolkit")" $((SECONDS - began))
        for i in "${!names[@]}"; do
            printf '%s\n  {"step": "%s", "result": %s, "seconds": %d, "log": "%s.log"}' "$comma" \
                "${names[i]}" "$(json "${results[i]}")" "${seconds[i]}" "${names[i]}"
            comma=,
        done
        printf '],\n "bench": ['
        comma=
        while IFS= read -r line; do
            printf '%s\n  %s' "$comma" "$(json "$line")"
            comma=,
        done < <(cat "$out/bench.csv" 2>/dev/null)
        printf '],\n "selftest": '
        grep . "$out/selftest.json" 2>/dev/null || echo null
        echo '}'
    } >"$out/report.json"
}

# section TITLE LOG LINES: prints the end of a log under a heading.
section() {
    [[ -s $out/$2 ]] || return 0
    printf '\n## %s\n```\n' "$1"
    tail -n "$3" "$out/$2"
    printf '```\n'
}

write_markdown() {
    local i
    {
        printf '# GPU check: %s\n\n' "$( ((failed)) && echo FAILED || echo 'all is well')"
        printf -- '- GPU: %s\n- toolkit: %s\n- revision: %s\n- %s, %d s\n\n' "$gpu" "$toolkit" \
            "$revision" "$(date -u '+%F %T UTC')" $((SECONDS - began))
        printf '| step | result | seconds | log |\n|---|---|---|---|\n'
        for i in "${!names[@]}"; do
            printf '| %s | %s | %d | %s.log |\n' "${names[i]}" "${results[i]}" "${seconds[i]}" \
                "${names[i]}"
        done
        section 'Self-test and probes' selftest.log 250
        section 'Tests' tests.log 25
        for i in train overlap bench_medium bench_train torch loop bench_rows bench_replay arena \
            ceilings bench_light bench_tree graph parallel files profile; do
            section "$i" "$i.log" 40
        done
        for i in "${!names[@]}"; do
            [[ ${results[i]} == FAILED* ]] && section "${names[i]} failed" "${names[i]}.log" 60
        done
    } >"$out/report.md"
}

gpu=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null |
    head -n 1)
gpu=${gpu:-unknown: nvidia-smi does not answer}
toolkit=$(nvcc --version | grep -oE 'release [0-9.]+' | head -n 1)
revision=$(git describe --always --dirty 2>/dev/null || echo unknown)
echo "$gpu, toolkit $toolkit, revision $revision"
for step in "${steps[@]}"; do
    run_step "${step%:*}" "${step#*:}"
    write_json # after every step, so that there is a report whatever ends this script
    write_markdown
done
echo "$out/report.md: $( ((failed)) && echo 'a step FAILED' || echo 'all is well')"
exit $failed
