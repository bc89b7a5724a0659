#!/usr/bin/env python3
"""scripts/report.py - draws a training run on one page.

    scripts/report.py RUN [--output FILE.html|FILE.png]

RUN is the folder of a run. The page draws its metrics.jsonl and lists its settings if there is a
config.json or run.json. Without --output the page is RUN/report.html. Lines that cannot be read are
counted and left out. Needs matplotlib (Debian: python3-matplotlib). Exit status: 0 written,
1 matplotlib is missing or the page cannot be written, 2 usage, or nothing to draw.
"""
import argparse
import base64
import html
import io
import json
import math
import os
import sys

VERSION = "of the source tree"  # an installed copy has the project's number

# A panel: title, lines on the left axis, lines on the right axis, labels of both axes.
# A line: key in metrics.jsonl, label, factor.
PANELS = [
    ("policy loss and its lower bound", [("policy_loss", "policy loss", 1),
     ("target_entropy", "entropy of the targets", 1)], [], "nats", ""),
    ("what is left to learn", [("policy_kl", "policy loss - entropy of the targets", 1)],
     [("value_loss", "value loss", 1)], "nats", "squared error"),
    ("accuracy", [("accuracy", "most probable action is the target's", 100)], [], "%", ""),
    ("gradient and learning rate", [("gradient_norm", "gradient norm, before clipping", 1)],
     [("rate", "learning rate", 1)], "norm", "rate"),
    ("speed", [("games_per_minute", "games per minute", 1)],
     [("examples_per_second", "examples per second", 1)], "games/min", "examples/s"),
    ("how the games go", [("score_mean", "score per seat and round", 1)],
     [("bids_hit_frac", "bids hit", 100)], "points", "%"),
    ("search", [("search_entropy", "entropy of the visits", 1)],
     [("worlds", "worlds", 1), ("simulations", "simulations per world", 1)], "nats", "count"),
]
NUMBERS = {key for _, left, right, _, _ in PANELS for key, _, _ in left + right} | {
    "step", "seconds", "games", "window_games", "window_examples", "rows_per_second",
    "waiting_frac", "loss", "skipped"}
ARENA_NUMBERS = ("deals", "difference", "low", "high")
ARENA = "arena: score per seat and round, new minus opponent, with 95% interval"

SETTINGS = ("config.json", "run.json")


class Unreadable(Exception):
    pass


def is_number(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def check_line(line):
    """The object of a line; ValueError: it is not a line of a run."""
    line = json.loads(line)
    if not isinstance(line, dict) or not isinstance(line.get("iteration"), int):
        raise ValueError
    arena = line.get("arena") or {}
    if not isinstance(arena, dict) or (arena and not isinstance(arena.get("opponent"), str)):
        raise ValueError
    for x in [line.get(key) for key in NUMBERS] + [arena.get(key) for key in ARENA_NUMBERS]:
        if x is not None and not is_number(x):
            raise ValueError
    return line


def read_metrics(path):
    """The last line of each iteration, ascending, and how many lines could not be read."""
    lines, damaged = {}, 0
    try:
        with open(path, "rb") as f:
            texts = [text for text in f.read().split(b"\n") if text.strip()]
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    if not texts:
        raise Unreadable(f"{path}: is empty: no iteration is complete yet")
    for text in texts:
        try:
            line = check_line(text)
            lines[line["iteration"]] = line
        except (ValueError, RecursionError):
            damaged += 1
    if not lines:
        raise Unreadable(f"{path}: none of its {damaged} lines can be read")
    return [lines[i] for i in sorted(lines)], damaged


def read_settings(folder):
    """Key and value of each setting, from the files beside the metrics."""
    settings = []

    def flatten(name, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                flatten(f"{name}.{key}" if name else key, inner)
        else:
            settings.append((name, value if isinstance(value, str) else json.dumps(value)))

    for name in SETTINGS:
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            continue
        try:
            with open(path, encoding="utf-8") as f:
                flatten("", json.load(f))
        except (OSError, ValueError, RecursionError) as error:
            print(f"report.py: {path} is left out: {error}", file=sys.stderr)
    return settings


def known(line, key):
    x = line.get(key)
    return math.nan if x is None else float(x)


def summary(lines, damaged):
    """The metrics above the drawings, as (name, text)."""
    last = lines[-1]

    def total(key):
        return sum(x for x in (known(line, key) for line in lines) if not math.isnan(x))

    def metric(key, form, factor=1):
        x = factor * known(last, key)
        return "-" if math.isnan(x) else form.format(x)

    rows = [
        ("iterations", f"{lines[0]['iteration']} to {last['iteration']}"),
        ("steps", metric("step", "{:,.0f}")),
        ("games", f"{total('games'):,.0f}"),
        ("hours", f"{total('seconds') / 3600:.2f}"),
        ("loss", metric("loss", "{:.4f}")),
        ("accuracy", metric("accuracy", "{:.1f}%", 100)),
        ("score per seat and round", metric("score_mean", "{:.3f}")),
        ("bids hit", metric("bids_hit_frac", "{:.1f}%", 100)),
        ("steps skipped", f"{total('skipped'):,.0f}"),
    ]
    matches = [line["arena"] for line in lines if line.get("arena")]
    if matches:
        a = matches[-1]
        numbers = (a.get(key) for key in ("difference", "low", "high"))
        numbers = ["-" if x is None else f"{x:+.3f}" for x in numbers]
        rows.append((f"last match, against {a['opponent']}",
                     "{} ({} to {}) ".format(*numbers) + str(a.get("verdict", ""))))
    if damaged:
        rows.append(("damaged lines left out", str(damaged)))
    return rows


def draw_panel(axis, lines, panel):
    title, left, right, left_unit, right_unit = panel
    x = [line["iteration"] for line in lines]
    drawn = []
    for side, keys, unit in ((axis, left, left_unit), (None, right, right_unit)):
        if not keys:
            continue
        side = side or axis.twinx()
        side.set_ylabel(unit)
        for key, label, factor in keys:
            y = [factor * known(line, key) for line in lines]
            drawn += side.plot(x, y, label=label, color=f"C{len(drawn)}", linewidth=1.2,
                               marker="." if len(x) < 40 else None)
        if unit in ("norm",) and any(known(line, keys[0][0]) > 0 for line in lines):
            side.set_yscale("log")
    axis.set_title(title, fontsize=10, loc="left")
    axis.legend(handles=drawn, fontsize=8)
    axis.grid(alpha=0.3)


def draw_arena(axis, lines):
    matches = {}
    for line in lines:
        arena = line.get("arena")
        if arena and all(is_number(arena.get(key)) for key in ("difference", "low", "high")):
            matches.setdefault(arena["opponent"], []).append((line["iteration"], arena))
    for i, (opponent, held) in enumerate(matches.items()):
        y = [a["difference"] for _, a in held]
        error = [[max(0, a["difference"] - a["low"]) for _, a in held],
                 [max(0, a["high"] - a["difference"]) for _, a in held]]
        axis.errorbar([x for x, _ in held], y, yerr=error, fmt="o", markersize=3, capsize=2,
                      color=f"C{i}", label=f"against {opponent}")
    axis.axhline(0, color="grey", linewidth=0.8)
    axis.set_title(ARENA, fontsize=10, loc="left")
    if matches:
        axis.legend(fontsize=8)
    else:
        axis.text(0.5, 0.6, "no match yet", transform=axis.transAxes, ha="center")
    axis.set_ylabel("points")
    axis.grid(alpha=0.3)


def draw(pyplot, lines):
    """Draws every panel, two per row."""
    figure, axes = pyplot.subplots(4, 2, figsize=(13, 15))
    axes = axes.flatten()
    for axis, panel in zip(axes, PANELS):
        draw_panel(axis, lines, panel)
    draw_arena(axes[len(PANELS)], lines)
    for axis in axes[-2:]:
        axis.set_xlabel("iteration")
    figure.tight_layout()
    return figure


def write_words(figure, title, rows, settings):
    """Adds title, metrics and settings around the drawings, for a page that is one picture."""
    def cut(text, most):
        return text if len(text) <= most else text[: most - 3] + "..."

    def literal(text):
        return text.replace("$", r"\$")

    inch = 1 / figure.get_figheight()
    words = [f"{key}: {value}" for key, value in rows]
    settings = [cut(f"{key} = {value}", 62) for key, value in settings]
    columns = [settings[i::3] for i in range(3)]
    top, bottom = 1 - 0.9 * inch, (0.4 + 0.16 * len(columns[0])) * inch
    figure.tight_layout(rect=(0, bottom, 1, top))
    half = (len(words) + 1) // 2
    figure.text(0.02, 1 - 0.15 * inch, literal(title), fontsize=14, va="top")
    for i, some in enumerate((words[:half], words[half:])):
        figure.text(0.02, 1 - (0.45 + 0.2 * i) * inch, literal("   ".join(some)), fontsize=9,
                    va="top")
    for i, column in enumerate(columns):
        figure.text(0.02 + 0.33 * i, bottom - 0.1 * inch, literal("\n".join(column)), fontsize=7,
                    va="top", family="monospace")


def picture(figure):
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=100, metadata={"Software": None})
    return out.getvalue()


def table(rows):
    return "<table>" + "".join(
        f"<tr><td>{html.escape(str(key))}</td><td>{html.escape(str(value))}</td></tr>\n"
        for key, value in rows) + "</table>"


def page(title, rows, settings, png):
    title = html.escape(title)
    parts = [
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>",
        "<style>body { font-family: sans-serif; margin: 2em; max-width: 1300px }",
        "td { padding: 0.1em 1em 0.1em 0; font-size: 90% } img { width: 100% }</style></head>",
        f"<body><h1>{title}</h1>", table(rows),
        f"<img alt='the run, by iteration' src='data:image/png;base64,"
        f"{base64.b64encode(png).decode()}'>"]
    if settings:
        parts += ["<h2>Settings</h2>", table(settings)]
    return "\n".join(parts + ["</body></html>\n"]).encode()


def write(path, content):
    """Writes aside first, so that an older report stays whole; behind links. What is no plain file, such
    as a pipe, is not renamed over."""
    target = os.path.realpath(path)
    plain = os.path.exists(path) and not os.path.isfile(path)
    aside = f"{target}.aside-{os.getpid()}"
    try:
        if plain:
            with open(path, "wb") as f:
                f.write(content)
            return
        with open(aside, "wb") as f:
            f.write(content)
        os.replace(aside, target)
    except OSError as error:
        if os.path.exists(aside):
            os.unlink(aside)
        raise SystemExit(f"report.py: {path}: {error.strerror}") from None


def main():
    parser = argparse.ArgumentParser(description="Draws a training run on one page.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    parser.add_argument("--output", metavar="FILE", help=".html or .png; default RUN/report.html")
    given = parser.parse_args()
    output = given.output or os.path.join(given.run, "report.html")
    if not output.endswith((".html", ".png")):
        parser.error(f"--output {output}: must end in .html or .png")
    for name in ("metrics.jsonl", *SETTINGS):
        source = os.path.join(given.run, name)
        if os.path.exists(source) and os.path.exists(output) and os.path.samefile(source, output):
            parser.error(f"--output {output}: must be another file than {source}, which is read too")
    try:
        lines, damaged = read_metrics(os.path.join(given.run, "metrics.jsonl"))
    except Unreadable as error:
        print(f"report.py: {error}", file=sys.stderr)
        return 2
    try:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError as error:
        print(f"report.py: {error}: install the package python3-matplotlib, "
              f"or matplotlib with pip for {sys.executable}", file=sys.stderr)
        return 1
    title = "Run " + os.path.basename(os.path.abspath(given.run))
    rows, settings = summary(lines, damaged), read_settings(given.run)
    figure = draw(pyplot, lines)
    if output.endswith(".png"):
        write_words(figure, title, rows, settings)
        write(output, picture(figure))
    else:
        write(output, page(title, rows, settings, picture(figure)))
    if damaged:
        print(f"report.py: {damaged} damaged lines were left out", file=sys.stderr)
    print(output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
