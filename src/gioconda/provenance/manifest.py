"""The signed manifest inside a video: C2PA, the standard for content credentials."""

import json
import mmap
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from gioconda.errors import GiocondaError
from gioconda.provenance.signer import LOCAL_NAME, Signer
from gioconda.version import __version__

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
OUTPUT_LABEL = "gioconda.output"
_AS_TEXT = "settings"
_IN_MEMORY = 8  # MB of a file that is being signed; more of it goes through a temporary file
_HASHED = 8192  # KiB of a video that are hashed at a time; all at once would be held in memory

_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # C2PA 2.1, A.5.1

State = Literal["trusted", "valid", "tampered", "absent"]


@dataclass(frozen=True)
class Manifest:
    """What a file's manifest says.

    Attributes:
        state: "trusted", by a certificate that the caller trusts; "valid", whole, by whom
            is not proven; "tampered", the file or the manifest was changed after signing;
            "absent".
        generator: what made the file, name and version.
        signer: the organisation in the certificate, and whether it is a local key of Gioconda.
        time: when the file was made, ISO 8601, as the signer says.
        source_types: IPTC's words for how the picture came to be.
        output: Gioconda's own words: id of the mark, seed, controls, hashes, consent.
        problems: what failed, in C2PA's codes.
    """

    state: State
    generator: str = ""
    signer: str = ""
    local: bool = False
    time: str = ""
    source_types: tuple[str, ...] = ()
    output: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def sign(path: Path, output: Mapping[str, Any], ingredients: Mapping[str, str], by: Signer) -> None:
    """Put a signed manifest into a video or picture, in place; whole or not at all.

    Args:
        path: the file, of a kind that C2PA knows: mp4, mov, GIF, WebP or PNG.
        output: its description, JSON.
        ingredients: name of each (never a file's name) and the SHA-256 of its file, hex.
        by: whose signature.

    Raises:
        GiocondaError: if the key or its certificates are not fit to sign.
        OSError: if the file cannot be written.
    """
    import c2pa

    kind = _kind(path)
    assert kind is not None
    definition = json.dumps(_definition(output, ingredients, kind))
    settings = {
        "builder": {"thumbnail": {"enabled": False}},
        "core": {
            "merkle_tree_chunk_size_in_kb": _HASHED,
            "backing_store_memory_threshold_in_mb": _IN_MEMORY,
        },
    }
    signed = path.with_name(f".gioconda-{secrets.token_hex(8)}{path.suffix}")
    try:
        info = c2pa.C2paSignerInfo(by.algorithm, by.certificates, by.key, None)
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder.from_json(definition, context) as builder,
            open(path, "rb") as source,
            open(signed, "w+b") as target,
        ):
            builder.sign(signer, kind, source, target)
        os.replace(signed, path)
    except c2pa.C2paError as error:
        raise GiocondaError(
            f"the video cannot be signed: {str(error).splitlines()[0]}; check the signing key and "
            "its certificates"
        ) from error
    finally:
        signed.unlink(missing_ok=True)


def _definition(
    output: Mapping[str, Any], ingredients: Mapping[str, str], kind: str
) -> dict[str, Any]:
    """The manifest as C2PA's library wants it."""
    agent = {"name": "Gioconda", "version": __version__}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    created = {
        "action": "c2pa.created",
        "when": now,
        "softwareAgent": agent,
        "digitalSourceType": SOURCE_TYPE,
    }
    return {
        "claim_generator_info": [agent],
        "title": "Talking portrait",
        "format": kind,
        "ingredients": [
            {
                "title": name,
                "relationship": "inputTo",
                "instance_id": f"sha256:{digest}",
                "description": f"SHA-256 {digest}",
            }
            for name, digest in ingredients.items()
        ],
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [created]}},
            {"label": OUTPUT_LABEL, "data": _flat(output) | {"time": now}},
        ],
    }


def read_manifest(path: Path, trusted: bytes | None = None) -> Manifest:
    """What a file's manifest says, and whether file and manifest are whole.

    Args:
        path: any file.
        trusted: PEM of certificates that are trusted to sign, or whose holders are.

    Raises:
        OSError: if the file cannot be read.
    """
    import c2pa

    kind = _kind(path)
    if kind is None:
        return Manifest("absent")
    settings: dict[str, Any] = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
    if trusted:
        settings["trust"] = {"user_anchors": trusted.decode()}
    with open(path, "rb") as file:
        try:
            with (
                c2pa.Context.from_dict(settings) as context,
                c2pa.Reader(kind, file, context=context) as reader,
            ):
                store = json.loads(reader.json())
        except c2pa.C2paError.ManifestNotFound:
            return Manifest("absent")
        except c2pa.C2paError as error:
            if kind == "video/mp4" and not _holds_manifest(path):
                return Manifest("absent")
            return Manifest("tampered", problems=(str(error).splitlines()[0],))
    return _as_manifest(store)


def _kind(path: Path) -> str | None:
    """The MIME type of a file that may hold a manifest, by its first bytes."""
    with open(path, "rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "image/webp"
    starts = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
    return next((kind for start, kind in starts.items() if head.startswith(start)), None)


def _holds_manifest(path: Path) -> bool:
    """Whether an mp4 that C2PA's library cannot read has the box of a manifest."""
    with (
        open(path, "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return content.find(_BOX) >= 0


def _flat(output: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as text, since C2PA's library reads lists of numbers back as bytes."""
    return {
        name: json.dumps(value) if name == _AS_TEXT else value for name, value in output.items()
    }


def _whole(output: Mapping[str, Any]) -> dict[str, Any]:
    """Reverses `_flat`."""
    found = dict(output)
    with suppress(ValueError, RecursionError):  # somebody else's text
        if isinstance(found.get(_AS_TEXT), str):
            found[_AS_TEXT] = json.loads(found[_AS_TEXT])
    return found


def _as_manifest(store: dict[str, Any]) -> Manifest:
    manifest = store["manifests"][store["active_manifest"]]
    assertions = {a["label"]: a["data"] for a in manifest.get("assertions", [])}
    actions = [
        action
        for label, data in assertions.items()
        if label.startswith("c2pa.actions")
        for action in data["actions"]
    ]
    results = store.get("validation_results", {}).get("activeManifest", {})
    problems = tuple(status["code"] for status in results.get("failure", []))
    state: State = "tampered"
    if store["validation_state"] in ("Trusted", "Valid"):
        state = "trusted" if store["validation_state"] == "Trusted" else "valid"
    signature = manifest.get("signature_info", {})
    info = (manifest.get("claim_generator_info") or [{}])[0]
    output = _whole(assertions.get(OUTPUT_LABEL, {}))
    return Manifest(
        state,
        f"{info.get('name', '')} {info.get('version', '')}".strip(),
        signature.get("issuer", ""),
        signature.get("issuer", "") == LOCAL_NAME,
        str(output.get("time", "") or signature.get("time", "")),
        tuple(a["digitalSourceType"] for a in actions if "digitalSourceType" in a),
        output,
        problems,
    )
