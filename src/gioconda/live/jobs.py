"""Jobs: a portrait and a recording become a file, one job after the other."""

import asyncio
import secrets
import shutil
import threading
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gioconda.animator import Animation, animate
from gioconda.errors import GiocondaError
from gioconda.live.access import record_output
from gioconda.live.errors import RefusalError, refusal_of
from gioconda.live.folders import OwnFolder
from gioconda.live.limits import Limits
from gioconda.live.portraits import SIZE, StoredPortrait
from gioconda.live.priority import step_back
from gioconda.live.seats import THIS_MACHINE, share
from gioconda.machine import give_back
from gioconda.media import SAMPLE_RATE
from gioconda.media.audio import check_sound, hear

_POLL: Final = 0.2  # seconds
_QUIET: Final = 15.0  # seconds after which it is said that nothing has happened


class _CancelledError(Exception):
    """The client does not want the job any more."""


@dataclass
class Job:
    """One job; its files lie in a folder of its own that only this user can read."""

    id: str
    folder: Path
    portrait: str  # SHA-256
    client: str
    address: str
    options: Mapping[str, Any]
    done: int = 0
    total: int = 0
    made: Animation | None = None
    error: RefusalError | None = None
    cancelled: bool = False
    ended: float | None = None

    @property
    def result(self) -> Path:
        """The video. Raises RefusalError before it is done, or if it failed."""
        if self.error is not None:
            raise self.error
        if self.made is None:
            raise RefusalError(409, "not-ready", "the video is not done yet")
        return self.folder / "video.mp4"

    def event(self) -> tuple[str, dict[str, Any]] | None:
        """Name and content of the newest event; None before the total is known."""
        if self.error is not None:
            return "error", self.error.body()
        if self.made is not None:
            return "done", {"frames": self.made.frames, "mark": f"{self.made.mark:08x}"}
        return ("progress", {"done": self.done, "total": self.total}) if self.total else None


class Jobs:
    """The jobs of a server and the thread that does them. Any thread may call it."""

    def __init__(self, limits: Limits, audit: Path | None) -> None:
        self._limits, self._audit = limits, audit
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._stopped = False
        self._home = OwnFolder()
        self._worker = ThreadPoolExecutor(1, "jobs", step_back)

    def add(
        self,
        stored: StoredPortrait,
        voice: bytes,
        client: str,
        options: Mapping[str, Any],
        address: str = THIS_MACHINE,
    ) -> Job:
        """Queue a job.

        Args:
            stored: the portrait that speaks.
            voice: a sound file.
            client: name of the client's key.
            options: seed, controls, consent and badge, as in `animate`.
            address: where it asks from.

        Raises:
            RefusalError: if too many wait, of this address or of all, or the file has no sound.
        """
        identity = secrets.token_urlsafe(18)
        folder = self._home.path / identity
        options = {"face": stored.face, **options}
        job = Job(identity, folder, stored.hash, client, address, options)
        # the disk may be slow, so the lock is never held while it writes or deletes
        with self._lock:
            if self._stopped:
                raise _stopping()
            waiting = [job.address for job in self._jobs.values() if job.ended is None]
            if len(waiting) >= self._limits.jobs:
                raise RefusalError(503, "busy", "too many jobs wait; try again later")
            if waiting.count(address) >= share(self._limits.jobs, address):
                message = "too many jobs of your address wait; try again when one is done"
                raise RefusalError(429, "too-many-jobs", message, retry_after=10)
            self._jobs[identity] = job
        try:
            folder.mkdir()
            (folder / "portrait").write_bytes(stored.data)
            (folder / "voice").write_bytes(voice)
            check_sound(folder / "voice")
        except Exception as error:
            with self._lock:
                del self._jobs[identity]
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, GiocondaError):
                raise RefusalError(415, "not-a-sound", _without_paths(job, error)) from error
            raise
        try:
            self._worker.submit(self._work, job)
        except RuntimeError as error:  # it has stopped meanwhile
            raise _stopping() from error
        return job

    def get(self, identity: str) -> Job:
        """The job of that id. Raises RefusalError if there is none."""
        with self._lock:
            job = self._jobs.get(identity)
        if job is None:
            raise RefusalError(404, "not-found", "there is no such job, or it was deleted")
        return job

    def remove(self, identity: str) -> None:
        """Stop it and delete its files. Raises RefusalError if there is none."""
        job = self.get(identity)
        with self._lock:
            self._jobs.pop(identity, None)
            job.cancelled = True
            ended = job.ended is not None
        if ended:  # else its thread deletes it
            shutil.rmtree(job.folder, ignore_errors=True)

    def __len__(self) -> int:
        """How many wait or run."""
        with self._lock:
            return sum(job.ended is None for job in self._jobs.values())

    def sweep(self) -> None:
        """Delete what was done long ago."""
        oldest = time.monotonic() - self._limits.job_seconds
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            if job.ended is not None and job.ended < oldest:
                self.remove(job.id)

    def stop(self) -> None:
        """Take no more and end all: whoever follows a job that is not done is told."""
        with self._lock:
            self._stopped = True
            for job in self._jobs.values():
                if job.ended is None:
                    job.cancelled, job.error = True, _stopping()
        self._worker.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Stop all and delete everything."""
        self.stop()
        self._worker.shutdown()
        self._home.close()

    async def events(self, job: Job) -> AsyncIterator[tuple[str, dict[str, Any]] | None]:
        """What happens to a job, until it is done, has failed, or is deleted.

        None where nothing has happened for long, as to one that waits: lines that stay silent are
        given up by proxies and clients.
        """
        last, told = None, time.monotonic()
        while not job.cancelled or job.error is not None:
            event = job.event()
            if event is not None and event != last:
                yield event
                last, told = event, time.monotonic()
                if event[0] != "progress":
                    return
            elif time.monotonic() - told > _QUIET:
                yield None
                told = time.monotonic()
            await asyncio.sleep(_POLL)

    def _work(self, job: Job) -> None:
        made, failed = None, None
        try:
            made = self._do(job)
        except _CancelledError:
            pass
        except RefusalError as error:
            failed = error
        except GiocondaError as error:
            failed = RefusalError(422, "voice", _without_paths(job, error))
        except Exception as error:
            failed = refusal_of(error, "the job failed; nothing was made")
        if made is None:
            shutil.rmtree(job.folder, ignore_errors=True)
        with self._lock:
            job.ended, job.made, job.error = time.monotonic(), made, job.error or failed
            unwanted = job.cancelled and made is not None
        if unwanted:
            shutil.rmtree(job.folder, ignore_errors=True)
        give_back()

    def _do(self, job: Job) -> Animation:
        def report(done: int, total: int) -> None:
            job.done, job.total = done, total
            if job.cancelled:
                raise _CancelledError

        report(0, 0)
        folder, voice = job.folder, job.folder / "voice"
        # its length is only known when it is decoded: a small file may hold hours of silence
        hear(voice, round(self._limits.voice_seconds * SAMPLE_RATE))
        made = animate(
            folder / "portrait",
            voice,
            folder / "video.mp4",
            size=SIZE,
            report=report,
            **job.options,
        )
        consent = job.options["consent"]
        record_output(self._audit, made.mark, job.portrait, job.client, consent)
        for name in ("portrait", "voice"):
            (folder / name).unlink(missing_ok=True)
        return made


def _stopping() -> RefusalError:
    return RefusalError(503, "stopping", "the server is stopping; nothing was made")


def _without_paths(job: Job, error: GiocondaError) -> str:
    """What the client may know: no names of files of this machine."""
    message = str(error)
    for name, word in (("voice", "the voice"), ("portrait", "the picture"), ("video.mp4", "it")):
        message = message.replace(str(job.folder / name), word)
    return message
