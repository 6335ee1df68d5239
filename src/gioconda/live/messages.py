"""Messages: what requests and answers hold; docs/live.md says what each field means."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gioconda.live.errors import check_fields

# --- requests ---


class _Body(BaseModel):
    """A body of JSON: a field that it does not have is refused."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _check_fields(cls, data: Any) -> Any:
        if isinstance(data, dict):
            check_fields(data, cls.model_fields)
        return data


class SessionWish(_Body):
    """What `POST /sessions` takes."""

    portrait: Annotated[str, Field(max_length=64)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    controls: dict[str, Any] = Field(default_factory=dict)
    consent: Annotated[str, Field(max_length=2000)] | None = None
    badge: bool = True
    source: Literal["speech", "microphone"] = "speech"


class Text(_Body):
    """What `POST /speech` takes."""

    text: str
    voice: Annotated[str, Field(max_length=64)]


class Offer(_Body):
    """What `POST /sessions/{id}/offer` takes."""

    sdp: Annotated[str, Field(max_length=100_000)]
    type: Literal["offer"] = "offer"


# --- answers ---


class Refusal(BaseModel):
    """Why a request is not met; some codes tell more."""

    model_config = ConfigDict(extra="allow")

    error: str
    code: str


class Voice(BaseModel):
    """Somebody who reads aloud."""

    voice: str
    name: str


class Room(BaseModel):
    """How many sessions there are, and how many there may be."""

    open: int
    most: int


class Allowed(BaseModel):
    """What is refused beyond this."""

    picture_bytes: int
    picture_pixels: int
    voice_bytes: int
    voice_seconds: float
    text_chars: int
    session_seconds: float
    idle_seconds: float
    sound_ahead_seconds: int


class Picture(BaseModel):
    """Frames: pixels, and how many a second."""

    width: int
    height: int
    fps: int


class About(BaseModel):
    """What a server is, wants and allows."""

    version: str
    needs_key: bool
    consent_required: bool
    badge: bool
    speech: list[Voice]
    example_voice: bool
    ready: bool
    sessions: Room
    limits: Allowed
    frame: Picture
    sample_rate: int


class Measured(BaseModel):
    """A face: degrees, pixels of the picture, inter-ocular distances."""

    yaw: float
    pitch: float
    roll: float
    eyes_pixels: float
    mouth_open: float


class PortraitMade(BaseModel):
    """A portrait that was taken in, in pixels of the picture as it is kept."""

    id: str
    width: int
    height: int
    crop: tuple[int, int, int, int]
    note: str | None
    measured: Measured


class SessionMade(BaseModel):
    """A session that waits for its client."""

    id: str
    mark: str


class Answer(BaseModel):
    """The answer to an offer."""

    sdp: str
    type: Literal["answer"]


class JobMade(BaseModel):
    """A job that waits for its turn."""

    id: str
