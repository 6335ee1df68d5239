"""Refusals: what a client is told, with a word that its program understands."""

from typing import Any

from gioconda.errors import GiocondaError


class RefusalError(GiocondaError):
    """A request that is not met.

    Args:
        status: of HTTP.
        code: a word for programs, see docs/live.md.
        message: a sentence for people.
        more: what else is told: JSON.
    """

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.more = status, code, more

    def told(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"error": str(self), "code": self.code, **self.more}
