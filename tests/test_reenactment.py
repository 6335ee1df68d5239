"""From a video to motion to another video, by the commands."""

import json

from gioconda.cli import main
from gioconda.media import VideoWriter, read_video
from gioconda.motion import Motion


def test_a_video_is_tracked_and_drives_a_portrait(tmp_path, photo, photo_path, capsys):
    video, motion, output = (str(tmp_path / n) for n in ("v.mp4", "m.npz", "o.mp4"))
    with VideoWriter(video, 512, 512, None) as writer:
        for i in range(6):
            writer.write(photo if i % 2 else photo[:, ::-1].copy())
    assert main(["track", video, "-o", motion]) == 0
    assert len(Motion.load(motion)) == 6
    assert main(["render", str(photo_path), motion, "-o", output, "--size", "128"]) == 0
    assert len(list(read_video(output))) == 6
    assert "6 frames" in capsys.readouterr().out


def test_the_report_is_drawn(tmp_path, photo_path, capsys):
    report = tmp_path / "report.png"
    assert main(["portrait", str(photo_path), "-o", str(report)]) == 0
    assert report.stat().st_size > 50_000
    assert "head yaw" in capsys.readouterr().out


def test_bench_speaks_json(capsys, monkeypatch):
    from gioconda.evaluation import speed

    whole = speed.bench_speed
    monkeypatch.setattr(speed, "bench_speed", lambda size, *_: whole(size, 2))
    assert main(["bench", "--size", "128", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {row["stage"] for row in result["stages"]} >= {"motion", "warp", "whole line"}
    assert result["pipeline"]["fps"] > 0
