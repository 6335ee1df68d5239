"""Streams a sound file to `gioconda serve` in real time and writes the frames that come back.

    pip install 'gioconda-portrait[live]' httpx websockets
    python live_client.py voice.wav frames/ [picture.jpg] [--key K] [--consent TEXT] [--server URL]

A synthesiser's sound is streamed the same way: send it piece by piece, as fast as it comes.
"""

import argparse
import asyncio
import json
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import websockets

from gioconda.errors import GiocondaError
from gioconda.media import read_audio, to_int16


async def main(args: argparse.Namespace) -> None:
    pcm = to_int16(read_audio(args.voice)).tobytes()
    headers = {"Authorization": f"Bearer {args.key}"} if args.key else {}
    async with httpx.AsyncClient(base_url=args.server, headers=headers, timeout=60) as client:
        portrait = "example"
        if args.picture:
            files = {"picture": args.picture.read_bytes()}
            portrait = created(await client.post("/portraits", files=files))
        request = {"portrait": portrait, "consent": args.consent}
        session = created(await client.post("/sessions", json=request))
    args.folder.mkdir(parents=True, exist_ok=True)
    address = args.server.replace("http", "ws", 1) + f"/sessions/{session}/stream"
    async with websockets.connect(address, additional_headers=headers) as socket:
        talking = asyncio.create_task(talk(socket, pcm))
        async for message in socket:
            if isinstance(message, str):
                print(message)
                if talking.done() and json.loads(message).get("state") == "idle":
                    return
                continue
            _, number, _, size = struct.unpack("<B3xIII", message[:16])
            if jpeg := message[16 + size :]:  # the frame's sound comes before it
                (args.folder / f"{number:06}.jpg").write_bytes(jpeg)
    sys.exit("the server ended the session")


def created(answer: httpx.Response) -> str:
    """The id of what the server made."""
    if answer.is_error:
        sys.exit(answer.json()["error"])
    return str(answer.json()["id"])


async def talk(socket: websockets.ClientConnection, pcm: bytes) -> None:
    start = time.monotonic()
    with suppress(websockets.ConnectionClosed):  # main() reports it
        for number, offset in enumerate(range(0, len(pcm), 1280), start=1):  # 40 ms each
            await socket.send(pcm[offset : offset + 1280])
            await asyncio.sleep(max(start + 0.04 * number - time.monotonic(), 0))
        await socket.send(json.dumps({"do": "end_of_speech"}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("voice", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("picture", type=Path, nargs="?")
    parser.add_argument("--key")
    parser.add_argument("--consent")
    parser.add_argument(
        "--server", default="http://127.0.0.1:7860", type=lambda url: url.rstrip("/")
    )
    given = parser.parse_args()
    try:
        asyncio.run(main(given))
    except KeyboardInterrupt:
        sys.exit("stopped")
    except websockets.ConnectionClosed:
        sys.exit("the server is gone")
    except httpx.TransportError as error:
        sys.exit(f"{given.server} cannot be reached: {error}")
    except (GiocondaError, httpx.HTTPError, websockets.WebSocketException, OSError) as error:
        sys.exit(str(error))
