"""Messages: what clients and server send; docs/live.md says what each field means."""

import json
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import (
    Base64Bytes,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from gioconda.live.errors import RefusalError, check_fields, invalid
from gioconda.media import SAMPLE_RATE, Sound, from_int16

_LONGEST: Final = 2 * SAMPLE_RATE  # bytes of the other one's sound in a message: a second

Source = Literal["speech", "microphone"]


class _Strict(BaseModel):
    """An object of JSON: a field that it does not have is refused."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _check_fields(cls, data: Any) -> Any:
        if isinstance(data, dict):
            check_fields(data, cls.model_fields)
        return data


# --- requests ---


class SessionRequest(_Strict):
    """What `POST /sessions` takes."""

    portrait: Annotated[str, Field(max_length=64)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    controls: dict[str, Any] = Field(default_factory=dict)
    consent: Annotated[str, Field(max_length=2000)] | None = None
    badge: bool = True
    source: Source = "speech"
    ticket: Annotated[str, Field(max_length=64)] | None = None


class SpeechRequest(_Strict):
    """What `POST /speech` takes."""

    text: str
    voice: Annotated[str, Field(max_length=64)]


class Offer(_Strict):
    """What `POST /sessions/{id}/offer` takes."""

    sdp: Annotated[str, Field(max_length=100_000)]
    type: Literal["offer"] = "offer"


# --- text messages of a connection ---


class Listen(_Strict):
    """Sound of the other one: int16 in base64, little endian, 16 kHz mono."""

    do: Literal["listen"]
    sound: Base64Bytes

    def pcm(self) -> Sound:
        """The sound in [-1, 1]. Raises RefusalError if it is half a sample, or too long."""
        if len(self.sound) > _LONGEST:
            message = f"sound: expected at most a second, {_LONGEST} bytes; found {len(self.sound)}"
            raise RefusalError(400, "bad-request", message)
        return samples(self.sound)


class EndOfSpeech(_Strict):
    """Wait for no more sound."""

    do: Literal["end_of_speech"]


class Interrupt(_Strict):
    """Discard the sound that waits."""

    do: Literal["interrupt"]


class SetControls(_Strict):
    """Set some dials."""

    do: Literal["set"]
    controls: dict[str, Any]


class SetSource(_Strict):
    """Say what kind of sound comes from now on."""

    do: Literal["source"]
    source: Source


class Close(_Strict):
    """End the session."""

    do: Literal["close"]


Command = Annotated[
    EndOfSpeech | Interrupt | Listen | SetControls | SetSource | Close, Field(discriminator="do")
]
_COMMAND: Final[TypeAdapter[Command]] = TypeAdapter(Command)
_NAMES: Final = ", ".join(_COMMAND.json_schema()["discriminator"]["mapping"])


def parse_command(text: str) -> Command:
    """A client's text message. Raises RefusalError if it is none."""
    try:
        return _COMMAND.validate_python(parse_json(text, "a text message"))
    except ValidationError as failure:
        error = failure.errors()[0]
    if not error["loc"]:  # it is no object, or `do` is missing or wrong
        raise RefusalError(400, "bad-request", f"expected do: {_NAMES}")
    raise invalid(error, "controls" if "controls" in error["loc"] else "bad-request")


def samples(data: bytes) -> Sound:
    """int16, little endian, as sound in [-1, 1]. Raises RefusalError for half a sample."""
    if len(data) % 2:
        message = "sound is int16: an even number of bytes was expected"
        raise RefusalError(400, "bad-request", message)
    return from_int16(np.frombuffer(data, "<i2"))


def parse_json(text: str, name: str) -> object:
    """Any JSON. Raises RefusalError, which calls the text by its name, if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusalError(400, "bad-request", f"{name} must be JSON") from error


# --- answers ---


class Refusal(BaseModel):
    """Why a request is not met; some codes tell more."""

    model_config = ConfigDict(extra="allow")

    error: str
    code: str


class Voice(BaseModel):
    """A voice that reads aloud."""

    voice: str
    name: str


class Occupancy(BaseModel):
    """How many sessions there are and may be, and how many clients wait for one."""

    open: int
    most: int
    waiting: int


class LimitsInfo(BaseModel):
    """What is refused beyond this."""

    picture_bytes: int
    picture_pixels: int
    voice_bytes: int
    voice_seconds: float
    text_chars: int
    session_seconds: float
    idle_seconds: float
    sound_ahead_seconds: int


class FrameInfo(BaseModel):
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
    badge_required: bool
    speech: list[Voice]
    example_voice: bool
    ready: bool
    state: Literal["starting", "ready", "failed"]
    sessions: Occupancy
    limits: LimitsInfo
    frame: FrameInfo
    sample_rate: int


class FaceInfo(BaseModel):
    """A face: degrees, pixels of the picture, inter-ocular distances."""

    yaw: float
    pitch: float
    roll: float
    eyes_pixels: float
    mouth_open: float


class PortraitInfo(BaseModel):
    """A portrait that was taken in, in pixels of the picture as it is kept."""

    id: str
    width: int
    height: int
    crop: tuple[int, int, int, int]
    note: str | None
    measured: FaceInfo


class IceServer(BaseModel):
    """A STUN or TURN server, as `RTCPeerConnection` takes it."""

    urls: str
    username: str | None = None
    credential: str | None = None


class SessionCreated(BaseModel):
    """A session that waits for its client."""

    id: str
    mark: str
    ice_servers: list[IceServer]


class Answer(BaseModel):
    """The answer to an offer."""

    sdp: str
    type: Literal["answer"]


class JobCreated(BaseModel):
    """A job that waits for its turn."""

    id: str
