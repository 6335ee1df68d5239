"""The recipe learns, goes on where it stopped, and what it writes draws the same."""

from dataclasses import replace

import numpy as np
import pytest

from gioconda.cli import main, train
from gioconda.data.clips import Clip
from gioconda.data.samples import scenes as data_scenes
from gioconda.data.samples.looks import Look
from gioconda.data.samples.scenes import UNPAIRED, Scenes
from gioconda.data.shards import pack, pack_track
from gioconda.errors import GiocondaError
from gioconda.evaluation import renderer as evaluation
from gioconda.face.tracker import track
from gioconda.media import VideoWriter, read_video
from gioconda.renderer import Renderer
from gioconda.renderer.geometry import GUIDES, MASKS
from gioconda.renderer.networks import calibration_of, released
from gioconda.renderer.neural import NeuralDecoder, layers, look_up

torch = pytest.importorskip("torch")
load_file = pytest.importorskip("safetensors.torch").load_file
batches = pytest.importorskip("gioconda.training.renderer.batches")
examples = pytest.importorskip("gioconda.training.renderer.examples")
losses = pytest.importorskip("gioconda.training.renderer.losses")
recipe = pytest.importorskip("gioconda.training.renderer.recipe")
networks = pytest.importorskip("gioconda.training.renderer.network")

SIDE = 256


@pytest.fixture(scope="module")
def clips(portrait, tmp_path_factory):
    """Somebody opens and shuts the mouth for a second."""
    video = tmp_path_factory.mktemp("clip") / "clip.mp4"
    renderer = Renderer(portrait)
    with VideoWriter(video, 512, 512, None) as writer:
        for i in range(26):
            dynamics = portrait.expression * (0.5 + 0.5 * np.cos(i / 2))
            pose = portrait.pose + np.array([0.1 * np.sin(i / 5), 0, 0, 0, 0, 0])
            writer.write(renderer.render(pose, dynamics))
    video.with_suffix(".npz").write_bytes(pack(pack_track(track(read_video(video)))))
    return [Clip("clip", "somebody", "test", False, 0.0, video)]


@pytest.fixture(scope="module")
def scenes(clips):
    return Scenes(clips, np.random.default_rng(0), SIDE, looks=False)


def test_a_scenes_warp_lies_on_its_real_frames(scenes):
    scene = next(scenes)
    off = np.abs(scene.base[: len(scene.real)].astype(int) - scene.real)
    face = np.kron(scene.face[: len(off)], np.ones((4, 4))) > 127
    assert off[face].mean() < 8
    assert len(scene.real) == 8


def test_a_picture_that_was_turned_away_is_turned_back(clips, monkeypatch):
    monkeypatch.setattr(data_scenes, "_TURNED", 1.0)
    scene = next(Scenes(clips, np.random.default_rng(0), SIDE, looks=False))
    off = np.abs(scene.base[0].astype(int) - scene.real[0])
    turned = np.abs(scene.source.astype(int) - scene.real[0])
    face = np.kron(scene.face[0], np.ones((4, 4))) > 127
    assert off[face].mean() < 8
    assert off[face].mean() < 0.7 * turned[face].mean()


def test_a_stretched_face_is_another_but_the_warp_lies_on_its_frames(clips, monkeypatch):
    monkeypatch.setattr(data_scenes, "draw_look", lambda rng, size: None)
    scenes = []
    for spread in (0.0, 0.6):
        monkeypatch.setattr(data_scenes, "_STRETCHED", spread)
        scenes.append(next(Scenes(clips, np.random.default_rng(0), SIDE)))
    as_it_was, stretched = scenes
    rows, columns = (
        np.array([(scene.face[0] > 127).any(axis).sum() for scene in scenes]) for axis in (1, 0)
    )
    wider = np.log(columns / rows)
    assert abs(wider[1] - wider[0]) > 0.1
    assert np.abs(stretched.source.astype(int) - as_it_was.source).mean() > 8
    off = np.abs(stretched.base[: len(stretched.real)].astype(int) - stretched.real)
    face = np.kron(stretched.face[: len(off)], np.ones((4, 4))) > 127
    assert off[face].mean() < 8


def test_the_grain_of_a_painting_goes_with_the_face(clips, monkeypatch):
    scenes = []
    for grained in (False, True):
        monkeypatch.setattr(data_scenes, "draw_look", lambda rng, size: Look("oil", 1, 1, 0))
        if not grained:
            monkeypatch.setattr(Look, "grain", lambda look, side, unit: None)
        scenes.append(next(Scenes(clips, np.random.default_rng(0), SIDE)))
        monkeypatch.undo()
    plain, painted = scenes
    face = np.kron(plain.face[0], np.ones((4, 4))) > 127
    warped, real = (
        (getattr(painted, name)[0].astype(float) - getattr(plain, name)[0]).mean(-1)[face]
        for name in ("base", "real")
    )
    assert real.std() > 5
    assert np.corrcoef(warped, real)[0, 1] > 0.9


def test_before_any_learning_the_warp_comes_out(scenes):
    scene, net = next(scenes), networks.RendererNet().eval()
    seen = torch.rand(1, 3, SIDE, SIDE), torch.rand(1, MASKS, SIDE, SIDE)
    features, ground = net.encoder(*seen)
    pixels = torch.from_numpy(scene.base[:1]).permute(0, 3, 1, 2) / 255
    guides = torch.from_numpy(scene.guides[:1]).float()
    drawn, _ = net.decoder(pixels, torch.zeros(1, MASKS, SIDE, SIDE), guides, features, ground)
    torch.testing.assert_close(drawn, pixels)


def test_features_are_warped_as_opencv_warps_them():
    rng = torch.Generator().manual_seed(0)
    features = torch.rand(1, 8, 16, 16, generator=rng)
    origin = 80 * torch.rand(1, 16, 16, 2, generator=rng) - 8
    found = networks.warp(features, origin)[0].permute(1, 2, 0).numpy()
    expected = look_up(layers(features[0].permute(1, 2, 0).numpy()), origin[0].numpy())
    np.testing.assert_allclose(found, expected, atol=0.03)  # OpenCV counts in 32nds of a pixel


def test_a_window_is_that_window_of_the_whole():
    torch.manual_seed(0)
    net = networks.RendererNet(32, 8)
    for layer in (net.decoder.outlet, *(net.decoder.blocks[i].second for i in (0, 2, 3))):
        torch.nn.init.normal_(layer.weight, 0, 0.05)
    inputs = [torch.rand(1, n, SIDE, SIDE) for n in (3, MASKS)]
    channels = GUIDES, 8, 32
    coarse = [torch.rand(1, n, SIDE // 4, SIDE // 4) for n in channels]
    whole = net.decoder(*inputs, *coarse)[0]
    cut = [x[..., 64:192, 64:192] for x in inputs], [x[..., 16:48, 16:48] for x in coarse]
    window = net.decoder(*cut[0], *cut[1])[0]
    inner = (..., slice(32, 96), slice(32, 96))  # the rest sees beyond the window's border
    torch.testing.assert_close(window[inner], whole[..., 64:192, 64:192][inner])


def test_training_goes_on_and_what_it_writes_draws(clips, portrait, tmp_path, monkeypatch):
    small = replace(batches.MOUTH, chance=1.0, height=64, width=64)
    usual = recipe.Recipe(
        make=lambda: networks.RendererNet(32, 8),
        pool=5,
        windows=(small,),
        critic_from=2,
        adversarial_after=0,
        unpaired=1.0,
    )

    def train(checkpoint, minutes, output, **more):
        return recipe.train_renderer(clips, replace(usual, **more), output, checkpoint, minutes)

    checkpoint, output = tmp_path / "state.pt", tmp_path / "renderer.zip"
    first = train(checkpoint, 60, output, steps=2)
    second = train(checkpoint, 60, output, steps=4)
    assert (first["steps"], second["steps"]) == (2, 4)
    assert {"critic", "match", "judge"} <= second.keys()
    assert second["export_error"] < 0.1
    left, nothing_done = tmp_path / "state.safetensors", tmp_path / "other.zip"
    train(tmp_path / "other.pt", 0, nothing_done, start=left)
    other = load_file(tmp_path / "other.safetensors")
    assert all(torch.equal(weights, other[name]) for name, weights in load_file(left).items())
    alone = train(tmp_path / "alone.pt", 60, output, steps=1, start=left, critic_from=9)
    assert "judge" not in alone
    with pytest.raises(GiocondaError, match="no weights of the renderer"):
        train(tmp_path / "new.pt", 0, output, start=output)
    assert calibration_of(output) == usual.calibration
    decoder = NeuralDecoder(portrait, output)
    frame = Renderer(portrait, decoder).render(portrait.pose, portrait.expression)
    assert frame.shape == (512, 512, 3)
    monkeypatch.setattr(evaluation, "FRAMES", 4)
    monkeypatch.setattr(evaluation, "_APART", 1)
    monkeypatch.setattr(evaluation, "_ENOUGH", 1)
    result = evaluation.evaluate_renderer(clips, {"network": lambda p: NeuralDecoder(p, output)})
    methods = result.methods
    assert list(methods) == ["warp", "geometry", "network", "re-encoded", "blurred", "fogged"]
    assert (methods["re-encoded"]["face"].psnr or 0) > (methods["warp"]["face"].psnr or 0)
    assert methods["re-encoded"]["inner mouth"].sameness == pytest.approx(1, abs=0.1)


def test_the_released_file_has_the_recipes_calibration():
    assert calibration_of(released()) == recipe.Recipe().calibration


def test_the_losses_see_blur_and_flicker():
    rng = torch.Generator().manual_seed(0)
    real = torch.rand(4, 3, 32, 32, generator=rng)
    weight = torch.ones(4, 1, 32, 32)
    assert all(float(v) == 0 for v in losses.compare(real, real, weight, 1).values())
    lighter = losses.compare(real + 0.1, real, weight, 1)
    assert float(lighter["pixels"]) == pytest.approx(0.3, abs=1e-4)
    assert float(lighter["gradients"]) == pytest.approx(0, abs=1e-4)
    assert float(lighter["change"]) == pytest.approx(0, abs=1e-4)
    sign = torch.tensor([1.0, -1, 1, -1])[:, None, None, None]
    assert float(losses.compare(real + 0.1 * sign, real, weight, 1)["change"]) > 0.19


def test_what_differs_for_good_is_no_change():
    real, weight = torch.rand(4, 3, 32, 32), torch.ones(4, 1, 32, 32)
    off = torch.tensor([0.1, 0.1, -0.1, -0.1])[:, None, None, None]  # the second pair is far off
    one, two = (float(losses.compare(real + off, real, weight, n)["change"]) for n in (1, 2))
    assert (one, two) == (pytest.approx(0.2 / 3, abs=1e-3), pytest.approx(0, abs=1e-3))


def test_lips_weigh_most_and_are_judged_and_the_inside_of_the_mouth_is_not():
    inside, lips = torch.zeros(2, 1, 1, 64, 64)
    inside[..., 24:40, 16:48] = lips[..., 16:48, 8:56] = 1
    masks = torch.cat([inside, lips, torch.zeros(1, 2, 64, 64)], 1)
    pixels = batches.PixelWeights()
    weight = batches.weigh(masks, torch.ones(1, 1, 16, 16), pixels)[0, 0]
    assert (float(weight[18, 32]), float(weight[2, 32])) == (pixels.lips, 1)
    weight = weight[None, None]
    verdicts = losses.judged(masks, weight)[0, 0]
    assert verdicts[2, 4] > verdicts[4, 4] == verdicts[0, 0] == 0
    assert not losses.judged(0 * masks, torch.ones_like(weight)).any()
    price = [losses.shut(at, weight) for at in (lips, torch.ones_like(lips))]
    assert float(price[0]) == 0 < float(price[1])


def test_the_critic_pulls_half_as_hard_as_the_rest():
    rng = torch.Generator().manual_seed(0)
    drawn = torch.rand(2, 3, 8, 8, generator=rng, requires_grad=True)
    found = {"pixels": (drawn**2).sum(), "tone": drawn.sum(), "unasked": drawn.exp().sum()}
    weights = {"pixels": 3.0, "tone": 2.0, "match": 1.0}
    rest, norm = losses.pull_of(found, weights, drawn, None, 0.5)
    torch.testing.assert_close(rest, 6 * drawn.detach() + 2)
    assert norm == rest.norm()
    critic = {"critic": drawn.log().sum()}
    both, _ = losses.pull_of(found | critic, weights, drawn, None, 0.5)
    assert (both - rest).norm() == pytest.approx(recipe.Recipe().critic * float(norm), rel=1e-4)
    alone, norm = losses.pull_of(found | critic, weights, drawn, torch.tensor(4.0), 0.5)
    pull = float((alone - rest).norm())  # where there is no target, as hard as elsewhere
    assert (pull, norm) == (pytest.approx(4 * recipe.Recipe().critic, rel=1e-4), 4)


def test_some_of_what_a_portrait_gives_is_left_out_in_training():
    torch.manual_seed(0)
    net = networks.RendererNet(32, 32)
    given = []
    net.decoder.register_forward_pre_hook(lambda module, told: given.append(told[3:]))
    cells = SIDE // 4
    source = [torch.rand(1, n, SIDE, SIDE) for n in (3, MASKS)]
    guides = torch.rand(2, GUIDES, cells, cells)
    windows = [torch.rand(2, n, SIDE, SIDE) for n in (3, MASKS)]
    origin = 200 * torch.rand(2, cells, cells, 2)
    for training in (True, False):
        net.train(training)(*source, *windows, guides, origin, (0, 0))
    learning, drawing = given
    for trained, all_ in zip(learning, drawing, strict=True):
        left_out = trained.flatten(2).abs().amax(2) == 0
        assert 0 < left_out.float().mean() < 0.4
        assert (left_out[0] == left_out[1]).all()
        assert not (all_.flatten(2).abs().amax(2) == 0).any()


def batches_of(pool, rng):
    usual = recipe.Recipe()
    return batches.Batches(pool, 3, SIDE, usual.pixels, usual.calibration, rng)


def test_faces_are_moved_as_nobody_filmed_them(clips):
    scene = next(Scenes(clips, np.random.default_rng(3), SIDE, looks=False))
    count = len(scene.real)
    assert {len(x) for x in (scene.base, scene.masks, scene.guides, scene.origin, scene.face)} == {
        count + UNPAIRED
    }
    moved = np.abs(scene.base[count:].astype(int) - scene.source).mean()
    assert 0.1 < moved < 30
    rng = np.random.default_rng(0)
    pool = examples.Pool(3, "cpu")
    for _ in range(3):
        pool.add({name: torch.from_numpy(field) for name, field in vars(scene).items()})
    paired, unpaired = (batches_of(pool, rng).draw(batches.MOUTH, each) for each in (True, False))
    assert torch.equal(paired.masks, paired.real_masks)
    assert torch.equal(paired.weight, paired.real_weight)
    assert not torch.equal(unpaired.masks, unpaired.real_masks)


def test_a_batchs_frames_are_of_its_scenes():
    pool, rng = examples.Pool(4, torch.device("cpu")), np.random.default_rng(0)
    count, cells = 8 + UNPAIRED, SIDE // 4
    for i in range(4):
        frames = torch.arange(count, dtype=torch.float32)
        which = torch.stack([torch.full((count,), float(i)), frames])  # scene and frame
        pool.add(
            {
                "source": torch.full((SIDE, SIDE, 3), 50 + i, dtype=torch.uint8),
                "source_masks": torch.full((MASKS, SIDE, SIDE), i, dtype=torch.uint8),
                "base": torch.full((count, SIDE, SIDE, 3), 90, dtype=torch.uint8),
                "real": torch.full((8, SIDE, SIDE, 3), 90, dtype=torch.uint8),
                "masks": torch.zeros(count, MASKS, SIDE, SIDE, dtype=torch.uint8),
                "guides": which.T[:, :1, None, None].expand(count, GUIDES, cells, cells).half(),
                "origin": which.T[:, None, None].expand(count, cells, cells, 2).clone(),
                "face": torch.zeros(count, cells, cells, dtype=torch.uint8),
            }
        )
    for paired in (True, False):
        batch = batches_of(pool, rng).draw(batches.MOUTH, paired)
        scene = (255 * batch.source_masks[:, 0, 0, 0]).round().repeat_interleave(4)
        assert torch.equal(batch.guides[:, 0].abs()[:, 0, 0], scene)
        frame = batch.origin[:, 0, 0, 1]
        assert (frame < 8).all() if paired else (frame >= 8).all()
        assert (frame.view(-1, 2).diff(dim=1) == 1).all()  # pairs that follow each other


def test_the_oldest_scenes_give_way():
    pool = examples.Pool(3, "cpu")
    for i in range(4):
        pool.add({"real": torch.tensor([i])})
    assert len(pool) == 3
    assert sorted(pool["real"].flatten().tolist()) == [1, 2, 3]


def test_a_full_gpu_is_told_and_so_is_a_checkpoint_of_another_net(
    clips, tmp_path, capsys, monkeypatch
):
    def full(*args, **more):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(train, "read_split", lambda args, split: clips)
    monkeypatch.setattr(recipe, "train_renderer", full)
    line = ["train", "renderer", "SET", "--checkpoint", "c.pt", "-o", str(tmp_path / "r.zip")]
    assert main(line) == 2
    assert "--pool and --batch; c.pt" in capsys.readouterr().err
    monkeypatch.undo()
    torch.save({"net": {}}, tmp_path / "c.pt")
    with pytest.raises(GiocondaError, match="another network; give another --checkpoint"):
        recipe.train_renderer(clips, recipe.Recipe(), tmp_path / "r.zip", tmp_path / "c.pt", 0)
    (tmp_path / "c.pt").write_text("steps: 3")
    with pytest.raises(GiocondaError, match="is not a checkpoint"):
        recipe.train_renderer(clips, recipe.Recipe(), tmp_path / "r.zip", tmp_path / "c.pt", 0)
    assert not (tmp_path / "r.zip").exists()
