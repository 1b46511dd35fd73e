"""How long `inpars --help` and `import inpars` take, warm, beside a bare interpreter.

    python benchmarks/startup.py [--runs N]

Medians of N interleaved whole-process runs, with the ratio to `python -c pass` in the same run.
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import subprocess
import sys
import time
from statistics import median

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "python -c 'import inpars'": ["-c", "import inpars"],
    "inpars --help": ["-m", "inpars", "--help"],
    "inpars run --help": ["-m", "inpars", "run", "--help"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=11)
    runs = parser.parse_args().runs
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(runs + 1):
        for name, command in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
            if number:  # the first round warms the caches
                times[name].append(time.perf_counter() - started)
    bare = median(times["python -c pass"])
    print("| command | median s | over a bare interpreter |\n| --- | --- | --- |")
    for name, values in times.items():
        print(f"| `{name}` | {median(values):.3f} | {median(values) / bare:.1f}x |")
    torch = "installed" if importlib.util.find_spec("torch") else "not installed"
    print(f"\nPython {platform.python_version()}, torch {torch}, {runs} interleaved runs.")


if __name__ == "__main__":
    main()
