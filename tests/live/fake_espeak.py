"""A fake espeak-ng: a program of that name that hums, longer for a longer text."""

import sys
from pathlib import Path

_PROGRAM = """#!{python}
import math, struct, sys

if "--voices" in sys.argv:
    print("Pty Language       Age/Gender VoiceName          File                 Other Languages")
    print(" 2  en-us           --/M      English_(America)  gmw/en-US            (en 3)")
    print(" 5  de              --/M      German             gmw/de")
    sys.exit()
assert sys.argv[1:] == ["--stdin", "--stdout", "-b", "1", "-v", "de"], sys.argv
text = sys.stdin.buffer.read().decode()
if text == "unspeakable":
    sys.exit("no")
rate = 22050
size = 0 if text == "..." else len(text) * rate // 10
pcm = [int(16000 * math.sin(i * 2 * math.pi * 200 / rate)) for i in range(size)]
# as espeak-ng: lengths of a stream that has not ended
head = b"RIFF" + struct.pack("<I", 0x7FFFF024) + b"WAVEfmt "
head += struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
head += b"data" + struct.pack("<I", 0x7FFFF000)
sys.stdout.buffer.write(head + struct.pack(f"<{{size}}h", *pcm))
"""


def install(folder: Path) -> Path:
    """Put the program into a folder; to be the first of PATH."""
    program = folder / "espeak-ng"
    program.write_text(_PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    return folder
