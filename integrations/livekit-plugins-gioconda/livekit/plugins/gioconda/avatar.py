"""AvatarSession: the agent itself publishes the portrait and speaks through it."""

import asyncio
import os
from collections.abc import Mapping
from typing import Any, Final

from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice.avatar import (
    AvatarOptions,
    AvatarRunner,
    QueueAudioOutput,
)
from livekit.agents.voice.avatar import (
    AvatarSession as BaseAvatarSession,
)

import gioconda
from gioconda.media import FPS
from gioconda.portrait import read_portrait

from .generator import GiocondaGenerator
from .log import logger

_RATE: Final = 24000  # of an agent without a TTS: what realtime models speak


class AvatarSession(BaseAvatarSession):
    """A portrait that speaks what the agent says, drawn in this process.

        avatar = gioconda.AvatarSession(photo="me.jpg")
        await avatar.start(session, room=ctx.room)
        await session.start(agent=..., room=ctx.room)

    If the portrait cannot be made, or breaks later, the agent goes on with its voice alone.

    Args:
        photo: a picture file, or a `gioconda.Portrait` that is ready.
        size: side of the video in pixels, where `photo` is a file.
        seed: decides head motion, gaze and blinks.
        dials: how it behaves, as `gioconda.Session` takes them; `set` turns them later.
    """

    def __init__(
        self,
        *,
        photo: "str | os.PathLike[str] | gioconda.Portrait",
        size: int = 512,
        seed: int = 0,
        dials: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._photo, self._size, self._seed, self._dials = photo, size, seed, dials
        self._pixels = (size, size)  # width and height
        self._session: gioconda.Session | None = None
        self._runner: AvatarRunner | None = None

    @property
    def avatar_identity(self) -> str:
        """The agent's own: it publishes the portrait itself."""
        return self._room.local_participant.identity if self._room is not None else ""

    @property
    def provider(self) -> str:
        """For metrics."""
        return "gioconda"

    async def start(self, agent_session: AgentSession, room: rtc.Room) -> None:
        """Make the portrait ready and put it behind the agent's voice, at that voice's rate."""
        await super().start(agent_session, room)
        rate = agent_session.tts.sample_rate if agent_session.tts is not None else _RATE
        try:
            self._session = await asyncio.to_thread(self._open, rate)
        except Exception:
            logger.exception("no avatar; the agent goes on with its voice alone")
            return
        generator = GiocondaGenerator(self._session)
        sound = QueueAudioOutput(sample_rate=rate, wait_playback_start=True)
        self._runner = AvatarRunner(
            room,
            audio_recv=sound,
            video_gen=generator,
            options=AvatarOptions(*self._pixels, FPS, rate, 1),
        )
        generator.clear = self._runner.av_sync.clear_queue
        await self._runner.start()
        agent_session.output.replace_audio_tail(sound)

    def set(self, **dials: Any) -> None:
        """Turn some dials, by the names of `gioconda.Controls`; the face gets there smoothly."""
        if self._session is not None:
            self._session.set(dials)

    async def aclose(self) -> None:
        """End the portrait. The agent stays in the room."""
        session, self._session = self._session, None
        if session is not None:
            session.close()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.aclose()
        # the base would remove the avatar's participant, which is the agent
        room, self._room = self._room, None
        if room is not None:
            room.off("connection_state_changed", self._on_connection_state_changed)
        await super().aclose()

    def _open(self, rate: int) -> gioconda.Session:
        photo = self._photo
        if not isinstance(photo, gioconda.Portrait):
            photo = read_portrait(os.fspath(photo), self._size)
        animator = gioconda.Animator(photo, self._seed)
        self._pixels = (animator.renderer.width, animator.renderer.height)
        session = gioconda.Session(animator, dials=self._dials, sample_rate=rate)
        session.warm_up()
        return session
