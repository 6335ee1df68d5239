"""Who signs: the user's key, or one of this machine's own, made on first use."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gioconda.errors import GiocondaError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import CertificateBuilder, Name

ENVIRONMENT = "GIOCONDA_SIGN_KEY"
LOCAL_NAME = "Gioconda local key"

_YEARS = 10
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Signer:
    """A private key with its certificates, as C2PA wants them.

    Attributes:
        algorithm: C2PA's name of the kind of signature.
        certificates: PEM, the signer's own first.
        key: PEM (PKCS 8), unencrypted.
    """

    algorithm: str
    certificates: bytes
    key: bytes


def load_signer(path: str | os.PathLike[str] | None = None) -> Signer:
    """The key to sign with.

    Args:
        path: a PEM file of a private key and its chain of certificates, the signer's own first.
            By default the one that the environment's GIOCONDA_SIGN_KEY names; without it the
            local key, made now if there is none, in $XDG_DATA_HOME/gioconda or
            ~/.local/share/gioconda, readable by its owner alone.

    Raises:
        GiocondaError: if the file is missing or is no such PEM, or the local key cannot be kept.
    """
    named = path or os.environ.get(ENVIRONMENT)
    if named:
        return _read(Path(named))
    file = local_key()
    if not file.exists():
        _make_local(file)
    return _read(file)


def local_key() -> Path:
    """Where the local key is kept."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "gioconda" / "sign-key.pem"


def _read(path: Path) -> Signer:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        pem = path.read_bytes()
    except OSError as error:
        raise GiocondaError(
            f"the signing key {path} cannot be read: {error.strerror}; name a PEM file of a "
            f"private key and its certificates, or unset {ENVIRONMENT} and leave out --sign-key"
        ) from error
    try:
        key = serialization.load_pem_private_key(pem, None)
        chain = x509.load_pem_x509_certificates(pem)
    except (ValueError, TypeError) as error:
        raise GiocondaError(
            f"the signing key {path} is not a PEM file of one unencrypted private key and its "
            "chain of certificates"
        ) from error
    public = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if chain[0].public_key().public_bytes(*public) != key.public_key().public_bytes(*public):
        raise GiocondaError(f"the first certificate in {path} is not that of its private key")
    return Signer(
        _algorithm(key, path),
        b"".join(c.public_bytes(serialization.Encoding.PEM) for c in chain),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _algorithm(key: object, path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    raise GiocondaError(
        f"the private key in {path} is of a kind that C2PA does not sign with; expected "
        "elliptic curve P-256, P-384 or P-521, Ed25519 or RSA"
    )


def _make_local(file: Path) -> None:
    """Make a key whose certificate is signed by an authority that is thrown away at once.

    C2PA accepts no self-signed certificates. Nobody but the local key's owner can have signed
    with it, and nothing says who that is.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = file.with_name(f".{file.name}-{os.getpid()}")
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as out:
                out.write(make_key())
            os.link(partial, file)
        except FileExistsError:
            pass  # another process was quicker
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise GiocondaError(
            f"no key for signatures can be kept in {file.parent}: {error.strerror}; "
            f"give one with --sign-key or {ENVIRONMENT}"
        ) from error


def make_key() -> bytes:
    """A new private key (P-256) and its chain of two certificates, PEM.

    The certificates follow the C2PA specification 2.1, 14.5.1 (X.509 certificate profile).
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    issuer, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("Authority", issuer, issuer).sign(issuer, hashes.SHA256())
    leaf = (
        _certificate("Signer", own, issuer)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        .sign(issuer, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = own.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + leaf.public_bytes(pem) + root.public_bytes(pem)


def _certificate(
    subject: str, key: "EllipticCurvePrivateKey", issuer: "EllipticCurvePrivateKey"
) -> "CertificateBuilder":
    """The issuer's own certificate, if the two keys are the same, or one that it gives."""
    from cryptography import x509

    authority, now = key is issuer, datetime.now(UTC)
    unused = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    usage = x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
        **dict.fromkeys(unused, False),
    )
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("Authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(authority, 0 if authority else None), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(by, False)
    )


def _name(common: str) -> "Name":
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    parts = {NameOID.COMMON_NAME: common, NameOID.ORGANIZATION_NAME: LOCAL_NAME}
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts.items()])
