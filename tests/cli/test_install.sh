#!/usr/bin/env bash
# tests/cli/test_install.sh CMAKE BUILD SOURCE - what is installed works wherever it lies, and is complete.
set -u
cmake=$1 build=$(realpath "$2") source=$(realpath "$3")
tmp=$(mktemp -d "${TMPDIR:-/tmp}/blob-install.XXXXXX") || exit 1
source "$(dirname "$0")/tidy.sh"
failed=0

fail() {
    printf '%s\n' "$1" >&2
    failed=1
}

"$cmake" --install "$build" --prefix "$tmp/first" >"$tmp/log" 2>&1 || fail "$(<"$tmp/log")"
mv "$tmp/first" "$tmp/usr" # nothing may depend on the prefix
bin=$tmp/usr/bin share=$tmp/usr/share
version=$(sed -nE 's/^project\(blob VERSION ([0-9.]+) .*/\1/p' "$source/CMakeLists.txt")
revision=$(sed -nE 's/.*BLOB_REVISION "(.*)"/\1/p' "$build/host/options/revision.h")
[[ $version && $revision ]] || fail "no version or revision: '$version', '$revision'"

# options_of TEXT: those that begin a line of --help, or of a page as page_text prints it.
options_of() { grep -oE '^ +(-., )?--[a-z0-9-]+' "$1" | grep -oE '[-]-[a-z0-9-]+' | sort -u; }

# page_text PAGE: what a manual page says, without its macros and escapes.
page_text() {
    sed -E -e 's/^\.TP$//; s/^\\fB/    /' -e 's/\\f[BIR]//g' -e 's/\\-/-/g' -e "s/\\\\\(aq/'/g" \
        -e 's/\\\(ha/^/g; s/\\\(ti/~/g; s/\\\(ga/`/g; s/\\&//g; s/\\e/\\/g' "$1"
}

# words_of TEXT: without what argp adds about its own options and about arguments.
words_of() {
    sed -E '/^Mandatory or/,/short options/d; /^ +(-., )?--(help|usage|version) /d; s/^(Usage|  or)://' "$1" |
        tr -s ' =' '\n' | sed -E 's/[]:;,.[]+$//; s/^\[//' | grep . | sort -u
}

# complete_words PROGRAM WORDS..: what completion offers for the last of the words, sorted.
complete_words() {
    (
        program=$1
        compopt() { :; } # it works only while bash itself completes
        source "$share/bash-completion/completions/$program" || exit
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        "_${program//-/_}" "$program" "${!#}" ''
        ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}" | sort
    )
}

# offers WORDS PROGRAM WORDS..: whether completion offers exactly those.
offers() {
    local found
    found=$(complete_words "${@:2}" 2>&1 | paste -sd ' ')
    [[ $found == "$1" ]] ||
        fail "completion of ${*:2}: expected '$1', found '$found'"
}

check_page() {
    local name=$1 page=$share/man/man1/$1.1
    [[ ! -f $page.gz ]] || gzip -d "$page.gz"
    [[ -f $page ]] || return
    page_text "$page" >"$tmp/page"
    grep -qE "^$name - [a-z].+" "$tmp/page" || fail "$name.1: no line of name and purpose"
    if command -v groff >/dev/null; then
        groff -man -Tutf8 -ww "$page" 2>"$tmp/warnings" >/dev/null
        [[ ! -s $tmp/warnings ]] || fail "$name.1: $(<"$tmp/warnings")"
    fi
}

# A program's page has the words of --help, and the page and its completion the same options.
check_program() {
    local name=$1 file=$share/bash-completion/completions/$1
    [[ $("$bin/$name" --version) == "$name $version, revision $revision" ]] ||
        fail "$name --version: $("$bin/$name" --version)"
    "$bin/$name" --help >"$tmp/help" || fail "$name --help: exit status $?"
    options_of "$tmp/help" >"$tmp/options"
    (($(wc -l <"$tmp/options") >= 4)) || fail "$name --help lists $(<"$tmp/options")"
    check_page "$name"
    options_of "$tmp/page" | diff "$tmp/options" - || fail "$name.1: other options than --help"
    comm -23 <(words_of "$tmp/help") <(words_of "$tmp/page") >"$tmp/lost"
    [[ ! -s $tmp/lost ]] || fail "$name.1: of --help it lacks: $(paste -sd ' ' "$tmp/lost")"
    bash -n "$file" || fail "$file: bash cannot read it"
    [[ $(bash -c 'source "$1" && complete -p "$2"' - "$file" "$name") == \
        "complete -F _${name//-/_} $name" ]] || fail "$name: completion is not loaded"
    complete_words "$name" -- | diff "$tmp/options" - || fail "$name: completes other options than --help"
}

programs=0
for program in "$bin"/*; do
    name=${program##*/}
    [[ -f $share/man/man1/$name.1.gz || -f $share/man/man1/$name.1 ]] || fail "$name has no page"
    if [[ $(head -c 2 "$program") == '#!' ]]; then # a script
        command -v python3 >/dev/null || continue
        [[ $("$program" --version) == "$name $version" ]] || fail "$name --version"
        "$program" --help >"$tmp/help" || fail "$name --help"
        check_page "$name"
        continue
    fi
    programs=$((programs + 1))
    check_program "$name"
    while read -r path; do
        [[ $path == *"$build"* || $path == *"$source"* ]] && fail "$name: run path $path"
    done < <(readelf -d "$program" | grep -E 'RPATH|RUNPATH')
done
built=("$build"/bin/blob-*)
((programs == ${#built[@]})) || fail "$programs programs are installed, ${#built[@]} were built"

# Values, words, files and folders.
cd "$tmp" || exit 1
mkdir -p a-folder && : >a-file
offers 'policy reference small tiny' blob-train --preset ''
offers tiny blob-train --preset t
offers tiny blob-train --preset = t
offers 'policy reference small tiny' blob-train --preset =
offers '' blob-train --games ''
offers a-folder blob-train --out a-
offers 'a-file a-folder' blob-train --weights-seed 1 --config a-
offers 'a-file a-folder' blob-analyze --weights a-
offers 'a-file a-folder' blob-analyze a-
offers 'auto cpu cuda' blob-analyze --device ''
offers check blob-records ch
offers 'a-file a-folder' blob-records check a-
offers random blob-arena ra
offers random blob-exploit ra
offers 'replay rows' blob-bench r
offers '' blob-bench a-
offers '--device' blob-selftest --d
offers '--parallel --penalty --players --points --precision' blob-arena --p

# --describe is no option that a beginning could mean, or that --help lists.
refused() {
    local found
    found=$("$bin/blob-train" "$2" 2>&1)
    [[ $? == 2 && $found == "$1" ]] || fail "blob-train $2: $found"
}
refused '--describe=x: must be one of man bash' --describe=x
refused '--describe: unknown option; --help lists them' --describe
refused '--desc=man: unknown option; --help lists them' --desc=man
"$bin/blob-train" --describe=man --quiet >/dev/full 2>"$tmp/err" && fail 'a full disk is not noticed'

# Links of the installed README lead to installed pages.
while read -r link; do
    [[ -f $share/doc/blob/$link ]] || fail "README.md: $link is not installed"
done < <(grep -oE '\]\([^):]+\)' "$share/doc/blob/README.md" | sed 's/](\(.*\))/\1/')
cmp "$share/doc/blob/copyright" "$source/LICENSE" || fail 'the licence is not installed'
exit "$failed"
