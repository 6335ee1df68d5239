"""Is a set the same, to the byte, however often the run that makes it is killed?

``python benchmarks/killed_runs.py SOURCE -o FOLDER [--kills 20] [--ray]``

Makes the set of SOURCE once undisturbed and once with kills at random moments (signal 9): of the
whole run and of single workers in turn, or with --ray of the workers of a local Ray cluster of two
nodes. Then compares every file of the two sets.
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ray", action="store_true")
    args = parser.parse_args()
    if args.output.exists():
        parser.error(f"{args.output} exists; name a new folder")
    started = time.monotonic()
    if run(args.source, args.output / "whole").wait():
        return 1  # it has said why
    seconds = time.monotonic() - started
    print(f"undisturbed: {seconds:.0f} s", flush=True)
    chance = random.Random(args.seed)
    if args.ray:
        kills = with_ray(args, chance, seconds)
    else:
        kills = with_kills(args, chance, seconds)
    same = contents(args.output / "whole") == contents(args.output / "killed")
    files = len(contents(args.output / "killed"))
    print(f"{kills} kills; {files} files, {'the same to the byte' if same else 'NOT the same'}")
    return 0 if same else 1


def run(source: Path, output: Path, *options: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", "import sys; from gioconda.cli import main; sys.exit(main())"]
    return subprocess.Popen(
        [*command, "prepare", str(source), "-o", str(output), *options],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def with_kills(args: argparse.Namespace, chance: random.Random, seconds: float) -> int:
    kills = 0
    while True:
        process = run(args.source, args.output / "killed")
        while kills < args.kills:
            try:
                process.wait(chance.uniform(0.3, 2.5 * seconds / args.kills))
                break
            except subprocess.TimeoutExpired:
                workers = children(process.pid)
                whole = chance.random() < 0.5 or not workers
                os.kill(process.pid if whole else chance.choice(workers), signal.SIGKILL)
                kills += 1
                print(f"kill {kills}: {'the run' if whole else 'a worker'}", flush=True)
                if whole:
                    break
        if process.wait() != -signal.SIGKILL:
            return kills


def with_ray(args: argparse.Namespace, chance: random.Random, seconds: float) -> int:
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=1)
    process = run(args.source, args.output / "killed", "--ray", cluster.address)
    kills = 0
    while process.poll() is None:
        time.sleep(chance.uniform(2, 2 * seconds / args.kills))
        workers = [pid for pid, name in processes() if name.startswith("ray::cut_into")]
        if workers and kills < args.kills:
            os.kill(chance.choice(workers), signal.SIGKILL)
            kills += 1
            print(f"kill {kills}: a worker of Ray", flush=True)
    ray.shutdown()
    cluster.shutdown()
    return kills


def processes() -> list[tuple[int, str]]:
    """Of all processes, number and command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                name = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            found.append((int(folder.name), name))
    return found


def children(parent: int) -> list[int]:
    """The worker processes of a run."""
    workers = []
    for pid, name in processes():
        try:
            own = (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if int(own) == parent and "spawn_main" in name:
            workers.append(pid)
    return workers


def contents(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    }


if __name__ == "__main__":
    sys.exit(main())
