#!/usr/bin/env bash
# tests/test_symbols.sh NM ARCHIVE.. - what games feel calls no function of libm: they differ between
# machines in the last place. device/core/real.h is ours; sqrtf is exact and allowed.
nm=$1
shift
calls=$("$nm" --undefined-only "$@" | awk '$1 == "U" {print $2}' | sort -u |
    grep -xE '(a?(sin|cos|tan)h?|sincos|exp(2|10|m1)?|log(2|10|1p)?|pow|cbrt|hypot|fma|[lt]gamma|erfc?|atan2|fmod)(f|l)?' || true)
if [[ -n $calls ]]; then
    echo "these call libm:" $calls >&2
    exit 1
fi
