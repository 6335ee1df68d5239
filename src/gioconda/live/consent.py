"""Consent and audit: what must be stated before a portrait speaks, and what is kept of it."""

import logging
from pathlib import Path
from typing import Final

from gioconda.live.errors import RefusalError
from gioconda.provenance import log_output

_LOG: Final = logging.getLogger(__name__)


def check_consent(consent: str | None, required: bool) -> None:
    """Raise RefusalError if a statement of consent is missing."""
    if required and not (consent or "").strip():
        raise RefusalError(
            403, "consent", "this server wants a statement of consent: who allowed what?"
        )


def record_output(audit: Path | None, mark: int, portrait: str, client: str) -> None:
    """Write an output into the audit log, if there is one. Raises RefusalError if it fails."""
    if audit is None:
        return
    try:
        log_output(audit, mark, portrait, client)
    except OSError as error:
        _LOG.error("the audit log cannot be written: %s", error)
        message = "the server cannot write its audit log; nothing was made"
        raise RefusalError(500, "internal", message) from error
