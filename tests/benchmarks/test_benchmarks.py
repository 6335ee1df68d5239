"""Every benchmark runs, on the smallest input that it takes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda import example
from gioconda.data.heads import EMOTIONS
from gioconda.data.shards import pack, read_tar, unpack, write_shards
from gioconda.evaluation.heads import Anchors
from gioconda.face.basis import released_basis
from gioconda.media import SAMPLE_RATE, VideoWriter
from gioconda.motion import Motion
from gioconda.portrait import Portrait, make_portrait
from tests.prepared import write_set

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
LANDMARKER = os.environ.get("GIOCONDA_LANDMARKER", "")
COMMAND = ("-c", "import sys; from gioconda.cli import main; sys.exit(main())")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, voice: NDArray[np.float32]) -> Path:
    portrait = make_portrait(example.photo(), 720)  # large enough for teeth to be sharp
    return write_set(tmp_path_factory.mktemp("prepared"), portrait, voice)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one portrait."""
    folder = tmp_path_factory.mktemp("pictures")
    shutil.copy(example.PHOTO, folder / "portrait.jpg")
    return folder


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, voice: NDArray[np.float32]) -> Path:
    """A second of speech in a video, without a face."""
    path = tmp_path_factory.mktemp("sound") / "voice.mp4"
    with VideoWriter(path, 64, 64, voice[:SAMPLE_RATE]) as video:
        for _ in range(25):
            video.write(np.zeros((64, 64, 3), np.uint8))
    return path


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory, sound: Path) -> Path:
    """A video of the example that speaks for a second."""
    path = tmp_path_factory.mktemp("talks") / "ann" / "talk.mp4"
    path.parent.mkdir()
    run(*COMMAND, "animate", str(example.PHOTO), str(sound), "-o", str(path))
    return path


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT / "src", BENCHMARKS]))},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def benchmark(name: str, *arguments: object) -> str:
    return run(str(BENCHMARKS / f"{name}.py"), *map(str, arguments))


def test_blendshapes(portrait: Portrait, tmp_path: Path) -> None:
    dynamics = np.tile(portrait.expression, (8, 1)).astype(np.float32)
    motion = Motion(np.zeros((8, 6), np.float32), dynamics, portrait.basis.name)
    motion.save(tmp_path / "still.npz")
    assert "lips" in benchmark("blendshapes", tmp_path / "still.npz")


def test_blinks(data: Path, tmp_path: Path) -> None:
    assert "2 blinks" in benchmark("blinks", data, "--cache", tmp_path)


def test_covered_mouths(pictures: Path, data: Path, tmp_path: Path) -> None:
    told = benchmark("covered_mouths", pictures, "--set", data, "--cache", tmp_path)
    assert "0 of them covered" in told


def test_head_anchors(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    grid = (2, len(EMOTIONS), 2)
    anchors = Anchors(
        names=tuple(EMOTIONS),
        weights=(0.5, 1.0),
        heads=("Ann", "Bob"),
        dynamics=rng.normal(0, 1, (*grid, sum(released_basis().parts))).astype(np.float32),
        moved=rng.normal(0, 0.02, (*grid, 478, 3)).astype(np.float16),
        tracked=rng.normal(0, 0.02, (*grid, 6)).astype(np.float32),
        exact=rng.normal(0, 0.02, (*grid, 4)).astype(np.float32),
        rest=np.zeros((2, 6), np.float32),
        rest_exact=np.zeros((2, 4), np.float32),
        basis=released_basis().name,
    )
    anchors.save(tmp_path / "anchors.npz")
    said = benchmark("head_anchors", "--read", tmp_path / "anchors.npz")
    assert "2 heads" in said
    assert "disgusted" in said


def test_judges(data: Path, tmp_path: Path) -> None:
    told = benchmark("judges", data, "--cache", tmp_path, "--split", "train")
    assert "lips pop, off the cubic, all: " in told


def test_emotion_lips(data: Path, tmp_path: Path) -> None:
    said = benchmark("emotion_lips", data, "--cache", tmp_path, "--clips", "1")
    assert "1 clips of 1 people" in said
    assert "disgusted" in said


@pytest.mark.skipif(not LANDMARKER, reason="GIOCONDA_LANDMARKER names no face_landmarker.task")
def test_emotion_judges(pictures: Path) -> None:
    said = benchmark("emotion_judges", pictures / "portrait.jpg", "--landmarker", LANDMARKER)
    assert "of 6 by blendshapes, 1 portraits" in said


def test_face_colours(data: Path, tmp_path: Path) -> None:
    assert "2 clips" in benchmark("face_colours", data, "--cache", tmp_path)


def test_teeth_hold(data: Path, tmp_path: Path) -> None:
    assert "| teeth |" in benchmark("teeth_hold", data, "--cache", tmp_path, "--clips", 1)


def test_mouth_known(data: Path, tmp_path: Path) -> None:
    assert "its own mouth" in benchmark("mouth_known", data, "--cache", tmp_path, "--clips", 1)


def test_mouth_state(data: Path, tmp_path: Path) -> None:
    assert "no detail" in benchmark("mouth_state", data, "--cache", tmp_path, "--clips", 1)


def test_mouth_parts(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, heads := tmp_path / "heads")
    for _, files in (samples := list(read_tar(heads / "val-00000.tar"))):
        arrays = unpack(files["npz"])
        shape = (len(arrays["points"]), 3, *arrays["size"])
        dict.update(files, npz=pack({**arrays, "parts": np.packbits(np.ones(shape, bool), -1)}))
    write_shards(samples, heads, "val")
    said = benchmark("mouth_parts", heads, "--cache", tmp_path / "cache")
    assert "shared of upper teeth, lower teeth, tongue" in said
    assert "1.00" in said


def test_hearing(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    options = ["--cache", tmp_path, "--clean", "--encoders", "mel", "released"]
    assert "ms a frame" in benchmark("hearing", data, *options)


@pytest.mark.parametrize("what", ["held-out", "portraits", "eyes"])
def test_renderer_sheet(what: str, data: Path, pictures: Path, sound: Path, tmp_path: Path) -> None:
    source = data if what == "held-out" else pictures
    options = ["--cache", tmp_path, "--frames", 2, "--voice", sound, "--seconds", 1]
    benchmark("renderer_sheet", what, source, *options, "-o", tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").is_file()


def test_card_faults(tmp_path: Path) -> None:
    benchmark("card_faults", "-o", tmp_path)
    assert len(list(tmp_path.glob("faults-*.jpg"))) == 4


def test_contact_sheet(pictures: Path, sound: Path, tmp_path: Path) -> None:
    benchmark("contact_sheet", pictures, sound, "-o", tmp_path)
    assert (tmp_path / "000.png").is_file()


def test_speaking(sound: Path, tmp_path: Path) -> None:
    benchmark("speaking", example.PHOTO, "--voices", sound, "--seconds", 1, "-o", tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"voice.mp4", "voice.png"}


def test_killed_runs(talk: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    said = benchmark("killed_runs", talk.parent.parent, "-o", tmp_path / "runs", "--kills", 1)
    assert "the same to the byte" in said


def test_killed_videos(sound: Path, tmp_path: Path) -> None:
    options = ("-o", tmp_path / "videos", "--kills", 1, "--size", 64)
    assert "the same packets" in benchmark("killed_videos", example.PHOTO, sound, *options)


def test_many_videos(sound: Path, tmp_path: Path) -> None:
    options = ("-o", tmp_path / "videos", "--pairs", 2, "--size", 64)
    assert "the same packets" in benchmark("many_videos", example.PHOTO, sound, *options)


def test_peers() -> None:
    pytest.importorskip("torch")
    said = benchmark("peers", "--rounds", 1)
    assert "Gioconda: drawing" in said


def test_renderer_curves(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    log = ROOT / "docs" / "renderer" / "small.log"
    benchmark("renderer_curves", log, "-o", tmp_path / "curves.png")
    assert (tmp_path / "curves.png").is_file()


def test_renderer_ablation(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    options = ["--cache", tmp_path, "--steps", 1, "--pool", 5, "--clips", 1]
    options += ["--only", "no_critic"]
    said = benchmark("renderer_ablation", data, *options, "-o", tmp_path / "out")
    assert "no critic" in said


def test_narrow_renderer(data: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file
    from torch import Tensor

    from gioconda.renderer.geometry import GUIDES, MASKS
    from gioconda.renderer.view import CELL
    from gioconda.training.renderer.network import Critic, RendererNet

    wide, inside, on_jaws = 96, 4, 4  # of the nets that drew the mouth's inside

    def told(weights: Tensor, at: int, count: int) -> Tensor:
        """As if the net were also told of the inside."""
        more = torch.randn(len(weights), count, *weights.shape[2:])
        return torch.cat([weights[:, :at], more, weights[:, at:]], 1)

    weights = torch.nn.ModuleDict({"net": RendererNet(wide), "critic": Critic()}).state_dict()
    seen = (3 + MASKS) * CELL**2
    for part in ("encoder", "decoder"):
        name = f"net.{part}.inlet.weight"
        weights[name] = told(weights[name], seen, inside * CELL**2)
    weights[name] = told(weights[name], seen + inside * CELL**2 + GUIDES, on_jaws)
    old, new = tmp_path / "old.safetensors", tmp_path / "new.safetensors"
    save_file(weights, old)
    said = benchmark("narrow_renderer", old, data, "--cache", tmp_path, "-o", new)
    assert "narrow:" in said
    parts = torch.nn.ModuleDict({"net": RendererNet(), "critic": Critic()})
    parts.load_state_dict(load_file(new))


def test_server_abuse() -> None:
    few = (
        "--messages",
        "20",
        "--requests",
        "20",
        "--files",
        "6",
        "--slow",
        "20",
        "--sessions",
        "5",
    )
    assert "at the end: 200" in run(str(BENCHMARKS / "server_abuse.py"), *few)


def test_long_session() -> None:
    script = str(BENCHMARKS / "long_session.py")
    assert "0 with a picture of other sound, 0 left out" in run(script, "virtual", "--hours", "0.1")
    assert "pictures a second" in run(script, "real", "--minutes", "0.1")


def test_second_reader() -> None:
    """Its package comes from npm, so here it is only parsed."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    subprocess.run([node, "--check", BENCHMARKS / "second_reader.mjs"], check=True)


def test_the_demo(tmp_path: Path) -> None:
    run(*COMMAND, "demo", "-o", str(tmp_path / "demo.mp4"))
    assert (tmp_path / "demo.mp4").stat().st_size > 10_000
