"""What the server is, wants and allows; also its health check."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter

from gioconda.live.messages import About, LimitsInfo
from gioconda.live.playout import CAPACITY
from gioconda.live.portraits import SIZE
from gioconda.live.routes.requests import TheServer
from gioconda.media import FPS, SAMPLE_RATE

router = APIRouter(tags=["server"])


@router.get("/about", response_model=About)
async def about(server: TheServer) -> dict[str, Any]:
    """What this server is, wants and allows."""
    limits = {"sound_ahead_seconds": CAPACITY // SAMPLE_RATE}
    for name in LimitsInfo.model_fields.keys() - limits:
        limits[name] = getattr(server.settings.limits, name)
    voices = server.text_to_speech.voices
    return {
        "version": version("gioconda"),
        "needs_key": bool(server.keys),
        "consent_required": server.settings.require_consent,
        "badge": True,
        "speech": [{"voice": voice, "name": name} for voice, name in voices.items()],
        "example_voice": True,
        "ready": server.ready.is_set(),
        "sessions": {"open": len(server.pool), "most": server.pool.capacity},
        "limits": limits,
        "frame": {"width": SIZE, "height": SIZE, "fps": FPS},
        "sample_rate": SAMPLE_RATE,
    }
