"""python -m benchmarks.reading: read a saved image of a gigabyte, beside sha256sum."""

import hashlib
import io
import json
import re
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console

FILE = Path(__file__).parent / "reading.json"
FILES = 200_000
# For each file, in bytes: with header and padding, 200,000 of them are 1.1 GB.
SIZE = 4_900
# Reads an image as `dockgen check --no-gzip --no-secrets` does, and prints its memory use.
READ = """
import sys
from pathlib import Path
from dockgen.image import saved
image = saved.read(Path(sys.argv[1]), gzip_sizes=False, secrets=False)
assert len(image.tree) == int(sys.argv[2]), len(image.tree)
print(Path("/proc/self/status").read_text())
"""


@dataclass(frozen=True)
class ReadingResults:
    """The time to read a saved image beside `sha256sum` on the same file, and the memory used.

    ``ratio`` is the median of pairs of consecutive runs, so that a busy machine slows both.
    """

    rounds: int
    files: int
    image_bytes: int
    seconds: float
    ratio: float
    memory_bytes: int

    def sentence(self) -> str:
        """Return the results in words, as Markdown."""
        size, memory = self.image_bytes / 10**9, self.memory_bytes / 10**6
        return (
            f"A saved image of {size:.2f} GB with {self.files:,} files, its layer uncompressed, is"
            f" read in {self.seconds:.1f} s and {memory:.0f} MB of memory: {self.ratio:.2f} times"
            f" as long as `sha256sum` takes for the same file, without sizes after gzip and the"
            f" search for secrets. Medians of {self.rounds} pairs of runs, on a busy machine."
        )


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(min=1))
@click.option("--save", is_flag=True, help=f"Write the results to benchmarks/{FILE.name}.")
def reading(rounds: int, save: bool) -> None:
    """Read a saved image of a gigabyte, in turn with sha256sum.

    \b
    Examples:
      make benchmark-reading
      make benchmark-reading ARGS="--save" && make docs
    """
    console = Console(stderr=True, highlight=False)
    with tempfile.TemporaryDirectory(prefix="dockgen-") as folder, console.status("") as status:
        status.update("Writing an image …")
        saved = write(Path(folder))
        ratios, times, memory = [], [], 0
        for number in range(rounds):
            status.update(f"{number + 1} of {rounds} rounds …")
            theirs, _ = _run(["sha256sum", str(saved)])
            ours, said = _run([sys.executable, "-c", READ, str(saved), str(FILES)])
            ratios.append(ours / theirs)
            times.append(ours)
            # The kernel's kB are 1024 bytes.
            (peak,) = re.findall(r"VmHWM:\s*(\d+) kB", said)
            memory = max(memory, int(peak) * 1024)
        size = saved.stat().st_size
    results = ReadingResults(
        rounds, FILES, size,
        round(statistics.median(times), 2), round(statistics.median(ratios), 2), memory,
    )  # fmt: skip
    if save:
        FILE.write_text(json.dumps(asdict(results), indent=2) + "\n", encoding="utf-8")
    Console(highlight=False).print(results.sentence(), soft_wrap=True)


def load() -> ReadingResults | None:
    """Return the saved results, or None."""
    if not FILE.is_file():
        return None
    return ReadingResults(**json.loads(FILE.read_text(encoding="utf-8")))


def write(folder: Path, files: int = FILES) -> Path:
    """Write an image of one layer, as `docker save` does."""
    layer = folder / "layer.tar"
    # None is all zeros, and no two are the same.
    content = hashlib.shake_128(b"dockgen").digest(2 * SIZE)
    with tarfile.open(layer, "w") as archive:
        for number in range(files):
            member = tarfile.TarInfo(
                f"usr/lib/python3/site-packages/part_{number % 997}/{number}.py"
            )
            member.size = SIZE
            start = number % SIZE
            archive.addfile(member, io.BytesIO(content[start : start + SIZE]))
    with layer.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    config = json.dumps({"rootfs": {"diff_ids": [f"sha256:{digest}"]}}).encode()
    manifest = json.dumps([{"Config": "config.json", "Layers": ["layer.tar"]}]).encode()
    saved = folder / "image.tar"
    with tarfile.open(saved, "w") as archive:
        archive.add(layer, "layer.tar")
        for name, text in (("config.json", config), ("manifest.json", manifest)):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    layer.unlink()
    return saved


def _run(command: list[str]) -> tuple[float, str]:
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return time.perf_counter() - start, done.stdout


if __name__ == "__main__":
    reading()
