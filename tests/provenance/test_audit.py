import json
import stat

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
