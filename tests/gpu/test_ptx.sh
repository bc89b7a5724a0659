#!/usr/bin/env bash
# tests/gpu/test_ptx.sh COMPILE_COMMANDS - search, replay, play and nn compiled to PTX by the build's own
# commands: nothing approximate, nothing fused that the source does not fuse, no float atomics.
# These floats decide games. PTX is made before a GPU is chosen: one architecture is enough.
set -o pipefail
commands=$1
# "kernel count" a line: where the source writes fmaf, over all instances of the kernel.
fused="linear_kernel 30
plain_product_kernel 15"
# What must be found, so that an empty list of kernels does not pass: kernel, exact instruction.
seen="
begin_kernel st.global    descend_kernel div.rn.f32   descend_kernel sqrt.rn.f32
backup_kernel div.rn.f32  observe_kernel st.global    move_kernel sqrt.rn.f32
emit_kernel st.global     refill_kernel sqrt.rn.f32   tally_kernel st.global
emit_kernel mul.rn.f64    replay_add_kernel div.rn.f64  gather_kernel div.rn.f32
input_kernel st.global    layernorm_kernel sqrt.rn.f32  layernorm_kernel rcp.rn.f32
linear_kernel fma.rn.f32  quantize_kernel div.rn.f32  head_kernel rcp.rn.f64
plain_product_kernel fma.rn.f32     train_norm_kernel sqrt.rn.f32
train_norm_back_kernel sqrt.rn.f32  train_loss_kernel div.rn.f32
train_columns_kernel add.rn.f32     train_blocks_kernel add.rn.f32
train_squares_kernel mul.rn.f32     train_count_kernel sqrt.rn.f32
train_adamw_kernel sqrt.rn.f32      train_adamw_kernel div.rn.f32"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
fail() {
    echo "test_ptx: $*" >&2
    exit 1
}

# Step 1: every such file's command, unquoted from JSON, with PTX as its output. It stays a line of
# shell: paths with spaces keep their quotes.
sed -n 's/^ *"command": "\(.*\)",\{0,1\}$/\1/p' "$commands" | sed 's/\\\(.\)/\1/g' |
    grep -E ' -c .*/(device/(search|replay|play)|nn/[a-z]+)/[a-z_0-9]+\.cu"? ' |
    sed -E 's/ "?--generate-code=[^ ]*//g; s/ -c / -arch=compute_90 -ptx /
            s/ -o ("[^"]*"|[^ ]*)//' \
        >"$work/commands" || fail "$commands lists no CUDA file of search, replay, play and nn"
n=0
while IFS= read -r command; do
    n=$((n + 1))
    eval "$command -o \"\$work/\$n.ptx\"" </dev/null || fail "this failed: $command"
    [ -s "$work/$n.ptx" ] || fail "this wrote nothing: $command"
done <"$work/commands"

# Step 2: a line for each instruction: kernel, instruction. Names are mangled as
# _Z<length><name>..; an unnamed function is inlined or called, and both would be listed here too.
awk '{ sub(/\/\/.*/, "") }
     match($0, /\.(entry|func) .*_ZL?[0-9]+[a-z]/) {
         name = $0
         sub(/.*_ZL?/, "", name)
         length_ = name + 0
         sub(/^[0-9]+/, "", name)
         kernel = substr(name, 1, length_)
     }
     /;/ {
         for (i = 1; i <= NF; i++)
             if ($i ~ /^[a-z][a-z0-9]*\.[a-z0-9.:]*[;]?$/) { print kernel, $i; break }
     }' "$work"/*.ptx >"$work/instructions" || fail "the PTX could not be read"

# Step 3: judge.
approximate='\.(approx|ftz|full)|^[^ ]* (ex2|lg2|sin|cos|tanh|rsqrt)\.|(div|sqrt|rcp)\.r[zmp]\.'
loose=' (add|sub|mul)\.(b?f16|f32|f64)' # without .rn the assembler may still fuse two into one
unordered='(atom|red)\..*\.(b?f16|f32|f64)'
if grep -E "$approximate|$loose|$unordered" "$work/instructions" | sort | uniq -c >&2; then
    fail "these decide games, and they are not exact or have no order"
fi
set -- $seen
while [ $# -gt 0 ]; do
    grep -q "^$1 ${2//./\\.}" "$work/instructions" || fail "$1 has no $2: these are not the kernels"
    shift 2
done
found=$(grep -E ' (fma|mad)\.([a-z]*\.)*(b?f16|f32|f64)' "$work/instructions" | sort | uniq -c |
    awk '{print $2, $1}')
[ "$found" = "$fused" ] || fail "fused multiply-adds: '$found', written: '$fused'"
