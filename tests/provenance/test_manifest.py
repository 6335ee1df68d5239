import os
import stat
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from gioconda.errors import GiocondaError
from gioconda.media import VideoWriter
from gioconda.provenance import Output, find_mark, read_manifest
from gioconda.provenance.manifest import SOURCE_TYPE
from gioconda.provenance.signer import ENVIRONMENT, load_signer, local_key, make_key


@pytest.fixture
def output(photo_path, voice_path):
    settings = {"seed": 3, "gaze": [-10, 5.5]}
    return Output({"portrait": photo_path, "voice": voice_path}, settings, "she agreed")


@pytest.fixture
def signed(tmp_path, output, photo):
    path = tmp_path / "signed.mp4"
    with VideoWriter(path, 512, 512, None, output.sign) as video:
        for _ in range(3):
            video.write(output.mark(photo[:512, :512]))
    return path


def test_a_signed_file_says_what_it_is(signed, output, tmp_path, photo_path):
    manifest = read_manifest(signed)
    assert manifest.state == "valid"
    assert manifest.generator.startswith("Gioconda ")
    assert manifest.local
    assert manifest.source_types == (SOURCE_TYPE,)
    said = manifest.output
    assert said["consent"] == "she agreed"
    assert said["settings"] == {"seed": 3, "gaze": [-10, 5.5]}
    assert said["mark"] == f"{output.id:08x}"
    assert set(said["hashes"]) == {"portrait", "voice"}
    assert [file.name for file in tmp_path.iterdir()] == ["signed.mp4"]
    assert photo_path.name.encode() not in signed.read_bytes()  # no file's name is told
    with av.open(signed) as video:
        assert sum(1 for _ in video.decode(video=0)) == 3


def test_one_changed_byte_is_found(signed):
    content = bytearray(signed.read_bytes())
    start = content.index(b"mdat") + 4
    for place in np.linspace(start, len(content) - 1, 7).astype(int):
        content[place] ^= 1
        signed.write_bytes(content)
        content[place] ^= 1
        assert read_manifest(signed).state == "tampered"


def test_the_mark_outlives_the_manifest(signed, output, tmp_path):
    copy = tmp_path / "copy.mp4"
    with av.open(signed) as source, av.open(copy, "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert read_manifest(copy).state == "absent"
    with av.open(copy) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert find_mark(frames).id == output.id


@pytest.mark.parametrize("content", [b"x", b"no video at all", b"\0\0\0\x18ftypisom damaged"])
def test_files_without_a_manifest(tmp_path, content):
    file = tmp_path / "file.mp4"
    file.write_bytes(content)
    assert read_manifest(file).state == "absent"


def test_the_local_key_is_made_once_and_its_owners_alone(data_home):
    first = load_signer()
    assert local_key().is_relative_to(data_home)
    assert stat.S_IMODE(local_key().stat().st_mode) == 0o600
    assert stat.S_IMODE(local_key().parent.stat().st_mode) == 0o700
    assert load_signer() == first
    assert [file.name for file in local_key().parent.iterdir()] == ["sign-key.pem"]


def test_the_users_key_signs_and_can_be_trusted(tmp_path, monkeypatch, photo, photo_path):
    key, path = tmp_path / "mine.pem", tmp_path / "out.mp4"
    key.write_bytes(make_key())
    monkeypatch.setenv(ENVIRONMENT, str(key))
    output = Output({"portrait": photo_path}, {})
    with VideoWriter(path, 64, 64, None, output.sign) as video:
        video.write(photo[:64, :64])
    assert read_manifest(path, load_signer(key).certificates).state == "trusted"
    other = tmp_path / "other.pem"
    other.write_bytes(make_key())
    assert read_manifest(path, load_signer(other).certificates).state == "valid"


@pytest.mark.parametrize("content", [None, b"", b"not a key"])
def test_a_bad_key_is_refused_before_any_work(tmp_path, photo_path, content):
    key = tmp_path / "key.pem"
    if content is not None:
        key.write_bytes(content)
    with pytest.raises(GiocondaError, match="signing key"):
        Output({"portrait": photo_path}, {}, sign_key=key)


def test_a_key_and_the_certificate_of_another_are_refused(tmp_path):
    key, other = make_key(), make_key()
    end = b"-----END PRIVATE KEY-----\n"
    file = tmp_path / "mixed.pem"
    file.write_bytes(key.split(end)[0] + end + other.split(end)[1])
    with pytest.raises(GiocondaError, match="not that of its private key"):
        load_signer(file)


def test_what_cannot_be_signed_leaves_nothing(tmp_path, photo, monkeypatch):
    def fail(path):
        raise GiocondaError("no signature")

    with (
        pytest.raises(GiocondaError, match="no signature"),
        VideoWriter(tmp_path / "out.mp4", 64, 64, None, fail) as video,
    ):
        video.write(photo[:64, :64])
    assert list(tmp_path.iterdir()) == []


def test_the_same_making_has_the_same_id_and_consent_does_not_matter(photo_path):
    def made(seed, consent=None):
        return Output({"portrait": photo_path}, {"seed": seed}, consent).id

    assert made(1) == made(1, "yes") != made(2)


def test_signing_loads_nothing_until_it_signs():
    script = "import sys, gioconda.provenance; sys.exit('c2pa' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], env=os.environ).returncode == 0


def test_signing_does_not_hold_the_file(tmp_path):
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell a process its peak")
    path, noise = tmp_path / "long.mp4", np.random.default_rng(0)
    with VideoWriter(path, 1280, 1280, None) as video:
        for _ in range(60):
            video.write(noise.integers(0, 256, (1280, 1280, 3), np.uint8))
    assert path.stat().st_size > 40 << 20
    code = (
        "import re, sys, c2pa\n"
        "from pathlib import Path\n"
        "from gioconda.provenance.manifest import sign\n"
        "from gioconda.provenance.signer import load_signer\n"
        "status = Path('/proc/self/status').read_text\n"
        "most = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', status())[1]) >> 10\n"
        "signer, before = load_signer(), most()\n"
        "sign(Path(sys.argv[1]), {}, {}, signer)\n"
        "print(most() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert int(done.stdout) < 50, done.stderr
    assert read_manifest(path).state == "valid"
