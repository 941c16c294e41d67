"""Start-up: `import tfinpaint` and `tfinpaint --help`, each in fresh processes.

`python -m benchmarks.import_time` prints the times and writes `benchmarks/results/import_time.json`. The import must
take under 0.2 s; what an empty Python takes is taken off.
"""

import argparse
import statistics
import subprocess
import sys
import time

CODES = {
    "python": "pass",
    "import tfinpaint": "import tfinpaint",
    "tfinpaint --help": "import sys, tfinpaint.cli; sys.argv[1:] = ['--help']; tfinpaint.cli.main()",
}


def seconds(code: str) -> float:
    """Wall time of a Python process that runs the code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    times = {name: [seconds(code) for _ in range(repeats + 1)][1:] for name, code in CODES.items()}
    results = {
        name: {"min_s": round(min(values), 4), "median_s": round(statistics.median(values), 4)}
        for name, values in times.items()
    }
    import_s = round(results["import tfinpaint"]["min_s"] - results["python"]["min_s"], 4)
    for name, numbers in results.items():
        print(f"{name:18} min {numbers['min_s']:.3f} s, median {numbers['median_s']:.3f} s")
    print(f"the import itself  {import_s:.3f} s")

    from benchmarks.machine import describe, write

    print(write("import_time", {"machine": describe(), "repeats": repeats, "import_s": import_s, "processes": results}))


if __name__ == "__main__":
    main()
