import json
import stat
import subprocess
import sys

from gioconda.provenance import log_output


def test_a_line_for_each_output_and_nothing_of_the_person(tmp_path):
    log = tmp_path / "audit.log"
    log_output(log, 0x2A, "ab" * 32, "a school")
    log_output(log, 0x2B, "cd" * 32, 'a "name"\nof two lines')
    first, second = (json.loads(line) for line in log.read_text().splitlines())
    assert set(first) == {"time", "mark", "portrait", "client"}
    assert first["mark"] == "0000002a"
    assert second["client"] == 'a "name"\nof two lines'
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


_FULL = """
import resource, signal, sys
from pathlib import Path
from gioconda.provenance import log_output

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
try:
    log_output(Path(sys.argv[1]), 1, "portrait", "ada")
except OSError:
    sys.exit(7)
"""


def test_a_line_for_which_there_is_no_room_is_an_error(tmp_path):
    done = subprocess.run([sys.executable, "-c", _FULL, str(tmp_path / "audit.log")], check=False)
    assert done.returncode == 7
