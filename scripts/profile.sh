#!/usr/bin/env bash
# scripts/profile.sh [--train] [--kernel NAME] [--out DIR] [ARGS..] - shows where a run spends time.
#
# ARGS are passed to blob-gpu-selfplay, such as --games 100000, or with --train to blob-train, such as
# --preset reference --iterations 3. With a GPU, nsys records the run, node by node of its graphs. If
# nsys is missing or fails, self-play records itself by --trace; training cannot. With --kernel, ncu
# records three launches of the kernels whose names contain NAME. Recordings and games are run.* in
# build/profile, or in the folder given by --out; each run replaces the previous ones.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
source "$root/scripts/install.sh"
folder=$root/build/profile kernel='' top=(--top 20) name=blob-gpu-selfplay

usage() {
    echo "usage: scripts/profile.sh [--train] [--kernel NAME] [--out DIR] [ARGS of the program]" >&2
    exit 2
}

args=()
while (($#)); do
    case $1 in
        --train) name=blob-train ;;
        --kernel)
            [[ -n ${2-} ]] || usage
            kernel=$2
            shift
            ;;
        --kernel=?*) kernel=${1#*=} ;;
        --kernel=) usage ;;
        --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
        --out)
            [[ -n ${2-} ]] || usage
            folder=$2
            shift
            ;;
        --out=?*) folder=${1#*=} ;;
        --out=) usage ;;
        --trace | --trace=*)
            say "--trace: cannot be given here; the recording is run.json in the folder of --out"
            exit 2
            ;;
        *) args+=("$1") ;;
    esac
    shift
done
command -v python3 >/dev/null || fail "python3 is missing: it reads the recordings"

mkdir -p "$folder" || fail "the folder $folder cannot be created"
rm -rf "$folder"/run.{games,log,json,sqlite,nsys-rep,ncu-rep}
args+=(--out "$folder/run.games")
"$root/scripts/run.sh" "$name" --version >/dev/null || exit
program=$root/build/run/bin/$name
export OMP_WAIT_POLICY=passive # as the program sets it itself, by starting once more

if [[ -n $kernel ]]; then
    command -v ncu >/dev/null || fail "ncu is missing (NVIDIA Nsight Compute): --kernel needs it"
    # launched one by one: older drivers show a graph as a single kernel
    ncu --kernel-name "regex:$kernel" --launch-skip 20 --launch-count 3 --set full \
        --target-processes all --force-overwrite --export "$folder/run.ncu-rep" \
        "$program" "${args[@]}" --no-graph --quiet || fail "ncu failed: see above"
    [[ -s $folder/run.ncu-rep ]] || fail "no kernel whose name contains '$kernel' ran 20 times"
    ncu --import "$folder/run.ncu-rep"
    exit
fi

# with_nsys: records to $folder/run.sqlite; if it cannot, says why on stderr and returns false.
with_nsys() {
    if ! command -v nsys >/dev/null; then
        say "nsys is missing (NVIDIA Nsight Systems)"
        return 1
    fi
    nsys profile -t cuda,nvtx --cuda-graph-trace=node --sample=none --cpuctxsw=none \
        --force-overwrite true -o "$folder/run" "$program" "${args[@]}" >"$folder/run.log" 2>&1 &&
        nsys export --type sqlite --force-overwrite true -o "$folder/run.sqlite" \
            "$folder/run.nsys-rep" >>"$folder/run.log" 2>&1 && return
    tail -n 5 "$folder/run.log" >&2
    say "nsys failed (the full output is in $folder/run.log)"
    return 1
}

if with_nsys && "$root/scripts/timeline_summary.py" "$folder/run.sqlite" "${top[@]}"; then
    echo "recording: $folder/run.nsys-rep"
    exit
fi
[[ $name != blob-train ]] || fail "blob-train can be recorded by nsys only"
say "taking --trace instead"
rm -rf "$folder/run.games"
"$program" "${args[@]}" --trace "$folder/run.json" || exit
"$root/scripts/timeline_summary.py" "$folder/run.json" "${top[@]}" || exit
echo "recording: $folder/run.json, for https://ui.perfetto.dev or chrome://tracing"
