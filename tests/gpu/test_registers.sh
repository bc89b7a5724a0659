#!/usr/bin/env bash
# tests/gpu/test_registers.sh COMPILE_COMMANDS TABLE - what each kernel takes of a multiprocessor, against
# bench/registers.csv: registers, bytes of stack and of shared memory, and no spill. More of any may
# cost a resident block, and that shows without a GPU. The table is of one toolkit and
# architecture: with another this skips (77). On a difference the whole table is printed as found.
set -o pipefail
commands=$1 table=$2
fail() {
    echo "test_registers: $*" >&2
    exit 1
}
meant=$(sed -n 's/^# nvcc \([0-9.]*\), .*/\1/p' "$table")
[[ -n $meant ]] || fail "$table does not name its toolkit"
# the first word, in quotes where it has a space
nvcc=$(sed -nE 's/^ *"command": "(\\"([^"]*nvcc)\\"|([^ ]*nvcc)) .*/\2\3/p' "$commands" | head -n 1)
[[ -n $nvcc ]] || fail "$commands lists no CUDA file"
[[ $("$nvcc" --version | sed -nE 's/.*release ([0-9.]+),.*/\1/p') == "$meant" ]] || exit 77
command -v c++filt >/dev/null || exit 77

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
sed -n 's/^ *"command": "\(.*\)",\{0,1\}$/\1/p' "$commands" | sed 's/\\\(.\)/\1/g' |
    grep -E ' -c .*/(device/(search|replay|play)|nn/[a-z]+)/[a-z_0-9]+\.cu"? ' |
    sed -E 's/ "?--generate-code=[^ ]*//g; s/ -c / -arch=sm_90 -Xptxas=-v -cubin /
            s/ -o ("[^"]*"|[^ ]*)//' \
        >"$work/commands" || fail "$commands lists no CUDA file of search, replay, play and nn"
while IFS= read -r command; do
    eval "$command -o \"\$work/cubin\"" </dev/null >>"$work/said" 2>&1 ||
        fail "this failed: $command"
done <"$work/commands"

# name,registers,stack,shared,spills: one line a kernel, the same instance of two files once.
sed 's/ptxas info *: //' "$work/said" | awk '
    /Compiling entry function/ { split($0, part, "\x27"); name = part[2] }
    /bytes stack frame/ { stack = $1; spills = $5 + $9 }
    /Used [0-9]+ registers/ {
        shared = 0
        for (i = 1; i < NF; i++) if ($(i + 1) == "bytes" && $(i + 2) ~ /^smem/) shared = $i
        print name "," $2 "," stack "," shared "," spills
    }' | c++filt -p |
    sed -E 's/^void //; s/\(Precision\)//g; s/<([^>]*)>\([^,]*\)/<\1>/; s/, /;/g' |
    sort -u >"$work/found"
grep -v '^#' "$table" | sort >"$work/meant"
(($(wc -l <"$work/found") > 10)) || fail "only these kernels were seen: $(<"$work/found")"
cmp -s "$work/found" "$work/meant" && exit 0
diff "$work/meant" "$work/found" >&2
cat "$work/found" >&2
fail "kernels need other resources than $table says"
