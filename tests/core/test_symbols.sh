#!/usr/bin/env bash
# tests/core/test_symbols.sh NM ARCHIVE.. - code that affects games calls no function of libm, whose
# results differ in the last bit between machines. device/core/real.h replaces it; sqrtf is exact
# and allowed, and so is fmaf.
set -o pipefail
symbols=$("$@" --undefined-only | awk '$1 == "U" {print $2}' | sort -u) || exit 1
libm='a?(sin|cos|tan)h?|sincos|exp(2|10|m1)?|log(2|10|1p)?|pow|cbrt|hypot|[lt]gamma|erfc?'
libm="($libm|atan2|fmod)(f|l)?"
if ! grep -qx product_float32 <<<"$symbols"; then
    echo "no call of product_float32 is listed: these are not the expected archives" >&2
    exit 1
fi
if grep -xE "$libm" <<<"$symbols" >&2; then
    echo "the archives call the libm functions above" >&2
    exit 1
fi
