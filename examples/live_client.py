"""Streams a sound file to `gioconda serve` in real time and writes the frames that come back.

    pip install httpx websockets
    python live_client.py voice.wav frames/ [picture.jpg] [http://127.0.0.1:7860]

A synthesiser's sound is streamed the same way: send it piece by piece, as fast as it comes.
"""

import asyncio
import json
import struct
import sys
import time
from pathlib import Path

import httpx
import websockets

from gioconda.media import read_audio


async def main(voice: Path, folder: Path, picture: Path | None, server: str) -> None:
    pcm = (read_audio(voice) * 32767).astype("<i2").tobytes()
    async with httpx.AsyncClient(base_url=server, timeout=60) as client:
        portrait = "example"
        if picture:
            answer = await client.post("/portraits", files={"picture": picture.read_bytes()})
            portrait = answer.raise_for_status().json()["id"]
        answer = await client.post("/sessions", json={"portrait": portrait})
        session = answer.raise_for_status().json()["id"]
    folder.mkdir(parents=True, exist_ok=True)
    address = server.replace("http", "ws", 1) + f"/sessions/{session}/stream"
    async with websockets.connect(address) as socket:
        talking = asyncio.create_task(talk(socket, pcm))
        async for message in socket:
            if isinstance(message, str):
                print(message)
                if talking.done() and json.loads(message).get("state") == "idle":
                    break
                continue
            _, number, _, size = struct.unpack("<B3xIII", message[:16])
            if jpeg := message[16 + size :]:  # before it lies the sound of the frame
                (folder / f"{number:06}.jpg").write_bytes(jpeg)


async def talk(socket: websockets.ClientConnection, pcm: bytes) -> None:
    began = time.monotonic()
    for number, begin in enumerate(range(0, len(pcm), 1280), start=1):  # 40 ms each
        await socket.send(pcm[begin : begin + 1280])
        await asyncio.sleep(max(began + 0.04 * number - time.monotonic(), 0))
    await socket.send(json.dumps({"do": "end_of_speech"}))


if __name__ == "__main__":
    paths, rest = sys.argv[1:3], sys.argv[3:]
    pictures = [Path(each) for each in rest if not each.startswith("http")]
    servers = [each for each in rest if each.startswith("http")] or ["http://127.0.0.1:7860"]
    asyncio.run(main(Path(paths[0]), Path(paths[1]), next(iter(pictures), None), servers[0]))
