"""What a stream costs: CPU per token, streams per core, time to the first token, idle streams.

Beside the tutorial app and a byte relay, in one run. A fake upstream, the server under test and
the clients are separate processes; the server has one core to itself, the others share the second.
Each contestant runs in turn, several rounds. How to make the peer's Python is in
docs/performance.md.

    .venv/bin/python benchmarks/stream.py --peer-python PEER/bin/python [--rounds 3] [--plot FILE]
        [--large-home RAG_HOME]

`--large-home` names a store of many chunks, as `search_latency.py --home` makes one: with it the
overhead to the first token is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import replace
from pathlib import Path

import psutil
from contestants import (
    BIN,
    OTHER_CORE,
    OURS,
    QUESTION,
    ROOT,
    TOOLS,
    Bench,
    Figures,
    contestants,
    free_port,
    load,
    serving,
    upstream,
    wait_for_tokens,
)
from search_latency import make_questions, read_sentences

CORPUS = ROOT.parent / "shared" / "data" / "beir" / "scifact" / "corpus.jsonl"
SAMPLE = ROOT / "data" / "sample"
READING_RATE = 50  # tokens a second and stream
MOST_FOR_THE_TUTORIAL = 100  # streams; more take it minutes
CALLERS = 8
QUESTIONS = 40  # of each caller
UPSTREAM_TTFT = 0.3
FOLLOWERS, ANSWERS = 10_000, 1_000

Reading = dict[str, dict[int, Figures]]


def full_speed(bench: Bench, rounds: int) -> dict[str, list[Figures]]:
    """Print CPU per token, 32 clients at the upstream's full speed."""
    found: dict[str, list[Figures]] = {}
    with upstream(bench.python, rate=0) as model:
        for _ in range(rounds):
            for one in contestants(bench):
                with serving(one, bench, model) as (url, pid):
                    options = ["--concurrency", "32", "--requests", "6"]
                    figures = load(bench, url, one.body, pid=pid, options=options)
                found.setdefault(one.name, []).append(figures)
                print(one.name, figures, file=sys.stderr)
    print("| | µs CPU/token | lowest | tokens/s | errors |\n|---|--:|--:|--:|--:|")
    for name, runs in found.items():
        costs = [run["cpu_us_per_token"] for run in runs]
        cost, speed = statistics.median(costs), statistics.median(r["tokens_per_s"] for r in runs)
        errors = sum(run["errors"] for run in runs)
        print(f"| {name} | {cost:.1f} | {min(costs):.1f} | {speed:.0f} | {errors} |", flush=True)
    return found


def reading_speed(bench: Bench, streams: list[int]) -> Reading:
    """Print how many streams of 50 tokens/s a core carries."""
    found: Reading = {}
    print(
        f"\n| streams of {READING_RATE} tokens/s | | p99 of all gaps, ms | p99 of each answer's "
        "longest gap, ms | CPU of one core |\n|--:|---|--:|--:|--:|",
        flush=True,
    )
    with upstream(bench.python, rate=READING_RATE) as model:
        for count in streams:
            for one in contestants(bench):
                too_many = one.name == "tutorial" and count > MOST_FOR_THE_TUTORIAL
                if too_many or one.name == "ours, chat completions":
                    continue
                with serving(one, bench, model) as (url, pid):
                    before = used(pid)
                    figures = wait_for_tokens(bench, url, [one.body], callers=count, each=2)
                    figures["core_percent"] = 100 * (used(pid) - before) / figures["seconds"]
                found.setdefault(one.name, {})[count] = figures
                gaps = f"{figures['gap_p99_ms']:.0f} | {figures['longest_p99_ms']:.0f}"
                print(
                    f"| {count} | {one.name} | {gaps} | {figures['core_percent']:.0f} % |",
                    flush=True,
                )
    return found


def used(pid: int) -> float:
    """Seconds of processor time of a server and its children."""
    server = psutil.Process(pid)
    times = [one.cpu_times() for one in (server, *server.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def first_token(bench: Bench) -> None:
    """Print what we add to the upstream's own time to the first token, 8 callers at once."""
    one = contestants(bench)[0]
    body = json.dumps({"stream": True, "messages": [{"role": "user", "content": QUESTION}]})
    questions = make_questions(read_sentences(bench.home))
    kinds = {
        "the same question": [one.body],
        "another question each time": [json.dumps({"question": text}) for text in questions],
    }
    print(f"\n| time to the first token, {CALLERS} callers | p50 ms | p99 ms |\n|---|--:|--:|")
    with upstream(bench.python, rate=READING_RATE, ttft=UPSTREAM_TTFT, tokens=8) as model:
        alone = wait_for_tokens(
            bench, f"{model}/chat/completions", [body], callers=CALLERS, each=QUESTIONS
        )
        print(f"| the upstream alone | {alone['first_p50_ms']:.0f} | {alone['first_p99_ms']:.0f} |")
        for kind, bodies in kinds.items():
            with serving(one, bench, model) as (url, _):
                ours = wait_for_tokens(bench, url, bodies, callers=CALLERS, each=QUESTIONS)
            added = [ours[name] - alone[name] for name in ("first_p50_ms", "first_p99_ms")]
            print(f"| added by us, {kind} | {added[0]:.1f} | {added[1]:.1f} |", flush=True)


def idle(bench: Bench) -> None:
    """Print the memory of streams that wait: followers of one answer, and answers of their own."""
    one = contestants(bench)[0]
    more = {"CHAT_FIRST_TOKEN_SECONDS": "3600", "RAG_MAX_ANSWERS": "20000"}
    print("\n| idle streams | MB of the server | KB a stream |\n|---|--:|--:|", flush=True)
    for count, own in ((FOLLOWERS, False), (ANSWERS, True)):
        with (
            upstream(bench.python, ttft=3600) as model,
            serving(one, bench, model, **more) as (url, pid),
        ):
            request = urllib.request.Request(
                url, one.body.encode(), {"content-type": "application/json"}
            )
            answer = urllib.request.urlopen(request)
            server = psutil.Process(pid)
            before = server.memory_info().rss
            followed = f"{url}/{answer.headers['x-answer-id']}/events"
            arguments = [url, str(count), one.body] if own else [followed, str(count)]
            holder = [bench.python, ROOT / "benchmarks" / "hold_streams.py", *arguments]
            with subprocess.Popen(
                ["taskset", "-c", OTHER_CORE, *holder], stdout=subprocess.PIPE
            ) as holding:
                opened = int(holding.stdout.readline() if holding.stdout else 0)
                after = server.memory_info().rss
                holding.kill()
        kind = "answers of their own" if own else "followers of one answer"
        each = (after - before) / opened / 1e3
        print(f"| {opened:,} {kind} | {after / 1e6:.0f} | {each:.0f} |", flush=True)


def plot(path: Path, speeds: dict[str, list[Figures]], reading: Reading) -> None:
    """Draw CPU per token, and the longest gap by the number of streams."""
    import matplotlib as mpl  # noqa: PLC0415 - half a second, for one option

    mpl.use("svg")
    mpl.rcParams["svg.fonttype"] = "none"  # text that stays text: a tenth of the size
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    costs = {
        n: statistics.median(r["cpu_us_per_token"] for r in runs) for n, runs in speeds.items()
    }
    bars = left.barh(list(costs), list(costs.values()), color="#4c72b0")
    left.bar_label(bars, fmt="%.0f", padding=3)
    left.set(title="CPU per streamed token, µs", xticks=[])
    left.margins(x=0.15)
    left.invert_yaxis()
    for name, by_count in reading.items():
        gaps = [figures["longest_p99_ms"] for figures in by_count.values()]
        right.plot(list(by_count), gaps, marker="o", label=name)
    right.set(ylim=(0, None), xlabel=f"streams of {READING_RATE} tokens/s on one core")
    right.set_title("p99 of an answer's longest gap, ms")
    right.axhline(100, linestyle="--", linewidth=1, color="grey")
    right.legend()
    figure.savefig(path)


def main() -> int:
    """Ingest the sample, then print the tables and draw the plot."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--peer-python", type=Path, required=True)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--streams", type=int, nargs="*", default=[50, 100, 200, 400])
    arguments.add_argument("--large-home", type=Path)
    arguments.add_argument("--plot", type=Path)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(options.peer_python, Path(name), free_port())
        environment = os.environ | {"RAG_HOME": name}
        subprocess.run([BIN / "ingest", "add", SAMPLE], env=environment, check=True)
        fill = [options.peer_python, TOOLS / "peers" / "tutorial_ingest.py", CORPUS]
        subprocess.run([*fill, bench.home / "tutorial", "300"], check=True)
        speeds = full_speed(bench, options.rounds)
        reading = reading_speed(bench, options.streams)
        idle(bench)
        if options.large_home is not None:
            first_token(replace(bench, home=options.large_home.absolute()))
        if options.plot is not None:
            plot(options.plot, speeds, reading)
    print(f"\nours: {OURS}; {options.rounds} rounds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
