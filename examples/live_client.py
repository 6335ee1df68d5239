"""Streams a sound file to `gioconda serve` in real time and writes the frames that come back.

    pip install 'gioconda-portrait[live]'
    python live_client.py voice.wav frames/ [picture.jpg] [--key K] [--consent TEXT] [--server URL]

A synthesiser's sound is streamed the same way: send it piece by piece, as fast as it comes.
"""

import argparse
import asyncio
import json
import secrets
import struct
import sys
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import websockets

from gioconda.errors import GiocondaError
from gioconda.media import read_audio, to_int16


async def main(args: argparse.Namespace) -> None:
    pcm = to_int16(read_audio(args.voice)).tobytes()
    headers = {"Authorization": f"Bearer {args.key}"} if args.key else {}
    portrait = send_picture(args, headers) if args.picture else "example"
    session = open_session(args, headers, portrait)
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


def send_picture(args: argparse.Namespace, headers: dict[str, str]) -> str:
    """The portrait's id."""
    line = secrets.token_hex(16)
    head = f'--{line}\r\nContent-Disposition: form-data; name="picture"; filename="picture"\r\n\r\n'
    body = head.encode() + args.picture.read_bytes() + f"\r\n--{line}--\r\n".encode()
    headers = {**headers, "Content-Type": f"multipart/form-data; boundary={line}"}
    status, answer = post(args.server + "/portraits", headers, body)
    return str(answer["id"]) if status == 201 else sys.exit(answer["error"])


def open_session(args: argparse.Namespace, headers: dict[str, str], portrait: str) -> str:
    """The session's id; a full server gives a place in its queue."""
    wish = {"portrait": portrait, "consent": args.consent}
    headers = {**headers, "Content-Type": "application/json"}
    while True:
        status, answer = post(args.server + "/sessions", headers, json.dumps(wish).encode())
        if status == 201:
            return str(answer["id"])
        if "ticket" not in answer:
            sys.exit(answer["error"])
        print(answer["error"])
        wish["ticket"] = answer["ticket"]
        time.sleep(answer["retry_after"])


def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
    """Status and answer."""
    try:
        with urlopen(Request(url, body, headers), timeout=60) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


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
    except URLError as error:
        sys.exit(f"{given.server} cannot be reached: {error.reason}")
    except (
        GiocondaError,
        HTTPException,
        websockets.WebSocketException,
        OSError,
        ValueError,
    ) as error:
        sys.exit(str(error))
