"""Voices to speak with: the bundled recording, and text read aloud."""

from functools import partial

from fastapi import APIRouter, Response

from gioconda import example
from gioconda.live.messages import SpeechRequest
from gioconda.live.routes.requests import TheServer, file_of

router = APIRouter(tags=["voices"])


@router.get("/voices/example", response_class=Response, responses=file_of("audio/flac"))
async def example_voice() -> Response:
    """The bundled voice, as FLAC."""
    return Response(example.VOICE.read_bytes(), media_type="audio/flac")


@router.post("/speech", response_class=Response, responses=file_of("audio/wav"))
async def speech(server: TheServer, body: SpeechRequest) -> Response:
    """A text read aloud by espeak-ng, if it is installed there, as WAV."""
    synthesise = partial(server.text_to_speech.synthesise, body.text, body.voice)
    return Response(await server.work(synthesise), media_type="audio/wav")
