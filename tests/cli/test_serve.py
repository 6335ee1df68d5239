import socket
import subprocess
import sys

import pytest

from gioconda.cli import main
from gioconda.cli.serve import check_audit, kept_keys, read_ice_server, read_keys, read_origin
from gioconda.errors import GiocondaError


def test_other_hosts_demand_a_key(capsys):
    assert main(["serve", "--host", "0.0.0.0"]) == 2
    assert "--key" in capsys.readouterr().err


def test_a_port_that_is_taken_is_one_line(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    shown = capsys.readouterr().err
    assert f"port {port} cannot be used" in shown
    assert shown.count("\n") == 1


def test_more_sessions_than_connections_are_refused(capsys):
    assert main(["serve", "--sessions", "257"]) == 2
    shown = capsys.readouterr().err
    assert "256 connections" in shown
    assert shown.count("\n") == 1


def test_an_audit_log_that_cannot_be_written_is_one_line(tmp_path, capsys):
    for path in (tmp_path, tmp_path / "none" / "audit.log"):
        assert main(["serve", "--audit", str(path)]) == 2
        shown = capsys.readouterr().err
        assert f"the audit log {path} cannot be written" in shown
        assert shown.count("\n") == 1


def test_an_audit_log_keeps_its_lines_and_is_its_owners_alone(tmp_path):
    log = tmp_path / "audit.log"
    check_audit(log)
    assert log.stat().st_mode & 0o077 == 0
    log.write_text("a line\n")
    check_audit(log)
    assert log.read_text() == "a line\n"


def test_keys_have_names():
    assert read_keys(["ada=secret1", "secret2"]) == {"ada": "secret1", "key 2": "secret2"}


def test_keys_may_be_kept_where_ps_does_not_show_them(tmp_path, monkeypatch):
    monkeypatch.delenv("GIOCONDA_KEYS", raising=False)
    assert kept_keys(None) == []
    file = tmp_path / "keys"
    file.write_text("# of a school\nada=secret1\n\n  secret2  \n")
    monkeypatch.setenv("GIOCONDA_KEYS", "bob=secret3 secret4")
    found = read_keys(kept_keys(file))
    assert found == {"bob": "secret3", "key 2": "secret4", "ada": "secret1", "key 4": "secret2"}
    with pytest.raises(GiocondaError, match="cannot be read"):
        kept_keys(tmp_path)


def test_statements_of_consent_need_a_log(capsys):
    assert main(["serve", "--require-consent"]) == 2
    assert "--audit" in capsys.readouterr().err


def test_sites_are_named_as_browsers_name_them():
    assert read_origin("https://Example.org/", keys=False) == "https://example.org"
    assert read_origin("http://127.0.0.1:8000", keys=False) == "http://127.0.0.1:8000"
    assert read_origin("*", keys=True) == "*"
    for text in ("*", "example.org", "https://example.org/page", "https://", "null", "https://a b"):
        with pytest.raises(GiocondaError):
            read_origin(text, keys=False)


def test_ice_servers_are_read_with_their_password():
    stun, turn = map(read_ice_server, ("stun:a.example:3478", "turn:ada:pa:ss@a.example:3478"))
    assert (stun.urls, stun.username) == ("stun:a.example:3478", None)
    assert (turn.urls, turn.username) == ("turn:a.example:3478", "ada")
    assert turn.credential == "pa:ss"
    for text in ("a.example", "stun:", "turn:a.example", "stun:ada:pass@a.example", "http://x"):
        with pytest.raises(GiocondaError):
            read_ice_server(text)


@pytest.mark.parametrize(
    "given", [["short"], ["a=secret1", "a=secret2"], [""], ["a="], ["schlüssel"], ["two words"]]
)
def test_keys_that_protect_nothing_or_cannot_be_sent_are_refused(given):
    with pytest.raises(GiocondaError):
        read_keys(given)


@pytest.mark.parametrize("options", [["--port", "0"], ["--port", "x"], ["--sessions", "0"]])
def test_wrong_options_give_status_2(options):
    with pytest.raises(SystemExit) as stop:
        main(["serve", *options])
    assert stop.value.code == 2


def test_without_the_live_parts_it_says_what_to_install():
    script = (
        "import sys\n"
        "sys.modules['fastapi'] = None\n"
        "from gioconda.cli import main\n"
        "sys.exit(main(['serve']))\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 2
    assert "gioconda-portrait[live]" in result.stderr
    assert "Traceback" not in result.stderr
