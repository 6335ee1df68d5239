"""Everyday sentences spoken by machines: a small training set with exact phone times."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.phones import Phone, count_phones
from gioconda.data.shards import Sample, flac, is_whole, read_flac, read_tar, write_shards
from gioconda.data.spoken.voices import LICENCE, Voice, installed_voices, speak, tool_version
from gioconda.errors import GiocondaError
from gioconda.machine import cores
from gioconda.media import SAMPLE_RATE
from gioconda.media.files import write_error

SPLITS: Final = ("train", "val")
_KIND: Final = "spoken"  # tells this manifest from those of other sets
_MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class Utterance:
    """A sentence as a voice spoke it.

    Attributes:
        name: of the voice and the sentence, for example "flite-rms-001".
        voice: that spoke it.
        text: of the sentence.
        pcm: (samples,) 16 kHz mono in [-1, 1].
        phones: without gaps from the first sample to the last.
    """

    name: str
    voice: Voice
    text: str
    pcm: NDArray[np.float32]
    phones: tuple[Phone, ...]


@dataclass(frozen=True)
class Failure:
    """A sentence that a voice did not say, and why."""

    name: str
    reason: str


def sentences() -> list[str]:
    """Sentences of everyday English, which hold all phones and most pairs that words have."""
    text = (resources.files(__package__) / "sentences.txt").read_text("ascii")
    return text.splitlines()


def say_all(
    voices: list[Voice], texts: list[str], workers: int | None = None
) -> Iterator[Utterance | Failure]:
    """Each text in each voice, voices in turn; what fails does not stop the rest.

    Args:
        voices: of `installed_voices()`.
        texts: English in ASCII.
        workers: sentences spoken at a time; None for one a core.
    """
    tasks = [(voice, i, text) for i, text in enumerate(texts, 1) for voice in voices]
    with ThreadPoolExecutor(workers or cores()) as pool:
        yield from pool.map(lambda task: _say(*task), tasks)


def _say(voice: Voice, number: int, text: str) -> Utterance | Failure:
    name = f"{voice}-{number:03d}"
    try:
        return Utterance(name, voice, text, *speak(voice, text))
    except GiocondaError as error:
        return Failure(name, str(error))


def prepare_spoken(
    output: Path,
    workers: int | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Make the set: all `sentences()` in all `installed_voices()`.

    The same versions of the tools give the same bytes, and nothing is done if their set is
    there already. There is no manifest before all of it is there; a run that was killed is run
    again from the start.

    Args:
        output: folder for ``train-*.tar``, ``val-*.tar`` and ``manifest.json``; an older set of
            this kind in it is replaced.
        workers: sentences spoken at a time; None for one a core.
        report: called with utterances done and utterances in all.

    Returns:
        The manifest: shards with their hashes, voices, versions of the tools, and under
        "figures" how much was spoken, with the count of each phone and of different diphones.

    Raises:
        GiocondaError: if there is no voice, if no sentence could be spoken, if the folder holds
            a set of another kind, or if it cannot be written.
    """
    voices, texts = installed_voices(), sentences()
    tools = {tool: tool_version(tool) for tool in sorted({voice.tool for voice in voices})}
    inputs = hashlib.sha256(repr((voices, texts, tools)).encode()).hexdigest()
    fresh = output / ".spoken"
    try:
        older = _older_shards(output)
        if older and (made := _made_already(output, inputs)):
            return made
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        manifest = {
            "kind": _KIND,
            "inputs": inputs,
            "voices": [
                asdict(voice) | {"licence": LICENCE, "split": voice.split} for voice in voices
            ],
            "tools": tools,
            **_write_utterances(fresh, voices, texts, workers, report),
        }
        (fresh / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        names = [shard["file"] for shard in manifest["shards"]]
        for stale in set(older) - set(names):
            (output / stale).unlink(missing_ok=True)
        (output / _MANIFEST).unlink(missing_ok=True)
        for name in (*names, _MANIFEST):
            os.replace(fresh / name, output / name)
        fresh.rmdir()
    except OSError as error:
        raise write_error(output, error) from error
    return manifest


def _made_already(output: Path, inputs: str) -> dict[str, Any] | None:
    """The manifest of the folder's set, if it was made of the same inputs and is whole."""
    manifest: dict[str, Any] = json.loads((output / _MANIFEST).read_text())
    whole = is_whole(output, manifest)
    return manifest if whole and manifest.get("inputs") == inputs else None


def _write_utterances(
    folder: Path,
    voices: list[Voice],
    texts: list[str],
    workers: int | None,
    report: Callable[[int, int], None],
) -> dict[str, Any]:
    """Say everything into shards; what the manifest says of it."""
    samples: dict[str, list[Sample]] = {split: [] for split in SPLITS}
    minutes = dict.fromkeys(SPLITS, 0.0)
    phones: list[tuple[Phone, ...]] = []
    failures: list[Failure] = []
    for done, one in enumerate(say_all(voices, texts, workers), 1):
        report(done, len(voices) * len(texts))
        if isinstance(one, Failure):
            failures.append(one)
            continue
        samples[one.voice.split].append(_sample(one))
        minutes[one.voice.split] += len(one.pcm) / SAMPLE_RATE / 60
        phones.append(one.phones)
    if not phones:
        raise GiocondaError(f"no sentence could be spoken; the first reason: {failures[0].reason}")
    shards = [shard for split in SPLITS for shard in write_shards(samples[split], folder, split)]
    counts, pairs = count_phones(phones)
    return {
        "shards": [asdict(shard) for shard in shards],
        "figures": {
            "utterances": {split: len(samples[split]) for split in SPLITS},
            "minutes": {split: round(minutes[split], 2) for split in SPLITS},
            "phones": dict(counts.most_common()),
            "diphones": len(pairs),
        },
        "failures": [asdict(failure) for failure in failures],
    }


def _older_shards(output: Path) -> list[str]:
    """Files of the set that the folder holds. Raises GiocondaError if that is no spoken set."""
    manifest = output / _MANIFEST
    if not manifest.exists():
        return []
    try:
        older = json.loads(manifest.read_text())
        if older["kind"] == _KIND:
            return [str(shard["file"]) for shard in older["shards"]]
    except (ValueError, KeyError, TypeError):
        pass
    raise GiocondaError(f"{output} has a set of another kind; name another folder")


def _sample(utterance: Utterance) -> Sample:
    facts = {
        "text": utterance.text,
        **asdict(utterance.voice),
        "licence": LICENCE,
        "split": utterance.voice.split,
        "seconds": len(utterance.pcm) / SAMPLE_RATE,
        "phones": [[phone.name, phone.start, phone.end] for phone in utterance.phones],
    }
    facts["voice"] = facts.pop("name")
    return utterance.name, {"flac": flac(utterance.pcm), "json": json.dumps(facts).encode()}


def read_spoken(folder: Path, split: str) -> Iterator[Utterance]:
    """The utterances of one split of a set that `prepare_spoken` made.

    Raises:
        GiocondaError: if the folder holds no such set.
    """
    shards = [name for name in _older_shards(folder) if name.startswith(f"{split}-")]
    if not (folder / _MANIFEST).exists():
        raise GiocondaError(
            f"{folder} has no spoken set; make one: gioconda prepare --tts -o {folder}"
        )
    for shard in shards:
        for name, contents in read_tar(folder / shard):
            facts = json.loads(contents["json"])
            keys = ("tool", "voice", "speaker", "package", "copyright")
            yield Utterance(
                name,
                Voice(*(facts[key] for key in keys)),
                facts["text"],
                read_flac(contents["flac"]),
                tuple(Phone(*phone) for phone in facts["phones"]),
            )
