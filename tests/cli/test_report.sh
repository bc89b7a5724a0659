#!/usr/bin/env bash
# tests/cli/test_report.sh SAMPLE SCRIPTS - events read back as TensorBoard does, the page of a run.
set -u
sample=$1 report=$2/report.py
command -v python3 >/dev/null || { echo "python3 is missing: skipped" >&2; exit 77; }
tmp=$(mktemp -d) || exit 1
source "$(dirname "$0")/tidy.sh"
failed=0

wrong() {
    printf '%s\n' "$*" >&2
    failed=1
}

# A run of 30 iterations that stopped in iteration 17 and went on at 15, whose checkpoint it had.
mkdir "$tmp/run" && "$sample" "$tmp/run" 0 17 2>"$tmp/err" && sleep 1 &&
    "$sample" "$tmp/run" 15 30 2>"$tmp/err" || wrong "no log: $(<"$tmp/err")"

# Events, by the formats' own words; the checksum by a table, against RFC 3720's example.
cat >"$tmp/events.py" <<'PY'
import glob, json, math, struct, sys

TABLE = []
for i in range(256):
    for _ in range(8):
        i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
    TABLE.append(i)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283


def check(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    while data:
        (size, check_size), body = struct.unpack("<QI", data[:12]), data[12:]
        assert check_size == check(data[:8])
        assert struct.unpack("<I", body[size : size + 4])[0] == check(body[:size])
        yield body[:size]
        data = body[size + 4 :]


def varint(data, at):
    x = shift = 0
    while True:
        x |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 128:
            return x, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            x, at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            x, at = data[at : at + size], at + size
        else:
            size = {1: 8, 5: 4}[key & 7]
            x, at = struct.unpack("<d" if size == 8 else "<f", data[at : at + size])[0], at + size
        assert at <= len(data)
        yield key >> 3, x


run = sys.argv[1]
lines = [json.loads(line) for line in open(f"{run}/metrics.jsonl")]
assert [line["iteration"] for line in lines] == list(range(30))
paths = sorted(glob.glob(f"{run}/tensorboard/events.out.tfevents.*"))
assert len(paths) == 2
drawn = {}
for path, first in zip(paths, (0, 15)):
    events = [dict(fields(record)) for record in records(open(path, "rb").read())]
    assert events[0][3] == b"brain.Event:2" and events[1][2] == first
    assert list(fields(events[1][7])) == [(1, 1)]
    assert all(1.6e9 < event[1] < 1e10 for event in events)
    drawn = {key: x for key, x in drawn.items() if key[1] < first}
    for event in events[2:]:
        for _, value in fields(event[5]):
            value = dict(fields(value))
            drawn[value[1].decode(), event[2]] = value[2]
tags = {tag.split("/")[1]: tag for tag, _ in drawn if not tag.startswith("arena/")}
expected = {}
for line in lines:
    i, arena = line.pop("iteration"), line.pop("arena", None)
    expected.update({(tags[key], i): x for key, x in line.items() if x is not None})
    for key in ("deals", "difference", "low", "high") if arena else ():
        expected[f"arena/{arena['opponent']}/{key}", i] = arena[key]
assert set(drawn) == set(expected), set(drawn) ^ set(expected)
assert ("train/gradient_norm", 4) not in drawn and ("train/gradient_norm", 5) in drawn
for key, x in expected.items():
    assert math.isclose(drawn[key], x, rel_tol=1e-6), (key, x, drawn[key])
PY
python3 "$tmp/events.py" "$tmp/run" || wrong "the events are not what they should be"

# A Python with matplotlib; Debian's where the first one in PATH is another.
python=
for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import matplotlib' 2>/dev/null && python=$candidate && break
done

# refuse STATUS TEXT ARGS..: one line that holds the text, and no page.
refuse() {
    local status=$1 text=$2
    shift 2
    "${python:-python3}" "$report" "$@" >"$tmp/out" 2>"$tmp/err"
    [[ $? == "$status" && $(tail -n 1 "$tmp/err") == *"$text"* ]] ||
        wrong "$*: not refused: $(<"$tmp/err")"
    [[ ! -e $tmp/bad/report.html ]] || wrong "$*: a page was written"
}
mkdir "$tmp/bad"
refuse 2 'metrics.jsonl: No such file' "$tmp/bad"
: >"$tmp/bad/metrics.jsonl"
refuse 2 'is empty' "$tmp/bad"
printf '{"iteration":1\n[]\n{"iteration":"1"}\n{"iteration":1,"loss":"x"}\n\x80\n' \
    >"$tmp/bad/metrics.jsonl"
refuse 2 'none of its 5 lines can be read' "$tmp/bad"
refuse 2 'must end in .html or .png' "$tmp/run" --output "$tmp/page.pdf"
ln -s run/metrics.jsonl "$tmp/input.html"
refuse 2 'input.html: must be another file than' "$tmp/run" --output "$tmp/input.html"
if [[ -z $python ]]; then
    refuse 1 'install the package python3-matplotlib' "$tmp/run"
    echo "matplotlib is missing: the page was not drawn" >&2
    exit $((failed ? 1 : 77))
fi
refuse 1 'No such file' "$tmp/run" --output "$tmp/none/page.html"

# The page: whole, with the drawing inside; damaged lines are told, and change nothing else.
export MPLCONFIGDIR=$tmp/matplotlib # no list of fonts is left behind
page() { "$python" "$report" "$@" >"$tmp/out" 2>"$tmp/err" || wrong "$*: $(<"$tmp/err")"; }
echo '{"identity":{"rules":"blob","odd":"<b>&$x$"},"machine":{"threads":2}}' >"$tmp/run/run.json"
page "$tmp/run"
[[ $(<"$tmp/out") == "$tmp/run/report.html" && ! -s $tmp/err ]] || wrong "said: $(<"$tmp/err")"
for text in '0 to 29' '<td>30,000</td>' '<td>68.9%</td>' 'against best' '</html>' 'identity.rules' \
    '&lt;b&gt;&amp;$x$' "src='data:image/png;base64,iVBOR"; do
    grep -qF "$text" "$tmp/run/report.html" || wrong "the page lacks $text"
done
page "$tmp/run" --output "$tmp/page.png"
[[ $(head -c 4 "$tmp/page.png" | tail -c 3) == PNG ]] || wrong "no PNG"
ln -s page.png "$tmp/link.png" && ln -s /proc/self/fd/1 "$tmp/stdout.png"
page "$tmp/run" --output "$tmp/link.png"
[[ -L $tmp/link.png && $(head -c 4 "$tmp/page.png" | tail -c 3) == PNG ]] || wrong "not behind a link"
[[ $("$python" "$report" "$tmp/run" --output "$tmp/stdout.png" | head -c 4 | tail -c 3) == PNG &&
    -L $tmp/stdout.png ]] || wrong "no PNG on standard output"
printf 'torn {"iter\n{"iteration":2,"loss":[1]}\n{"iteration":3' >>"$tmp/run/metrics.jsonl"
page "$tmp/run"
grep -q '3 damaged lines' "$tmp/err" || wrong "damaged lines are not told: $(<"$tmp/err")"
grep -qF '<td>damaged lines left out</td><td>3</td>' "$tmp/run/report.html" ||
    wrong "nor on the page"

# The first iteration alone, with nothing but its number.
mkdir "$tmp/first"
echo '{"iteration":0,"loss":null}' >"$tmp/first/metrics.jsonl"
page "$tmp/first" --output "$tmp/first.png"
[[ ! -s $tmp/err ]] || wrong "one line alone: $(<"$tmp/err")"
compgen -G "$tmp/*aside*" >/dev/null && wrong "something was left aside"
compgen -G "$tmp/run/*aside*" >/dev/null && wrong "something was left aside in the run"
exit "$failed"
