"""The server: what it is, wants and allows."""

from dataclasses import asdict

from fastapi import APIRouter

from gioconda.live import messages
from gioconda.live.playout import CAPACITY
from gioconda.live.portraits import SIZE
from gioconda.live.routes.requests import TheServer
from gioconda.media import FPS, SAMPLE_RATE
from gioconda.version import __version__

router = APIRouter(tags=["server"])


@router.get("/about")
async def about(server: TheServer) -> messages.About:
    """What this server is, wants and allows."""
    voices, seats = server.text_to_speech.voices, server.pool.seats
    return messages.About(
        version=__version__,
        needs_key=bool(server.settings.keys),
        consent_required=server.settings.require_consent,
        badge=True,
        badge_required=server.settings.require_badge,
        speech=[messages.Voice(voice=voice, name=name) for voice, name in voices.items()],
        example_voice=True,
        ready=server.ready.is_set(),
        state=server.state,
        sessions=messages.Occupancy(open=len(seats), most=seats.total, waiting=seats.waiting),
        limits=messages.LimitsInfo(
            **asdict(server.settings.limits), sound_ahead_seconds=CAPACITY // SAMPLE_RATE
        ),
        frame=messages.FrameInfo(width=SIZE, height=SIZE, fps=FPS),
        sample_rate=SAMPLE_RATE,
    )
