"""RSA-2048 and Ed25519 key pairs as PEM, and Ed25519 and RSA public keys as Multikey."""

from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)

from federation.errors import Rejected

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | Ed25519PublicKey

_ED25519_PREFIX = b"\xed\x01"
_RSA_PREFIX = b"\x85\x24"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MAX_KEY_TEXT = 4096


def new_rsa() -> str:
    return _private_pem(generate_private_key(public_exponent=65537, key_size=2048))


def new_ed25519() -> str:
    return _private_pem(Ed25519PrivateKey.generate())


def _private_pem(key: PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def rsa_public_pem(private_pem: str) -> str:
    """The SPKI form that every server reads in `publicKeyPem`."""
    return public_pem(load_private(private_pem).public_key())


def public_pem(key: PublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def ed25519_multikey(private_pem: str) -> str:
    key = load_private(private_pem).public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError("not an Ed25519 key")
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return encode_multibase(_ED25519_PREFIX + raw)


@lru_cache(maxsize=1024)
def load_private(private_pem: str) -> PrivateKey:
    """Cached, because reading an RSA PEM takes longer than signing with it."""
    key = serialization.load_pem_private_key(private_pem.encode(), None)
    if not isinstance(key, PrivateKey):
        raise TypeError("neither an RSA nor an Ed25519 key")
    return key


@lru_cache(maxsize=4096)
def load_public_pem(pem: str) -> PublicKey:
    """A public key from elsewhere; SPKI and PKCS#1 both occur."""
    if len(pem) > _MAX_KEY_TEXT:
        raise Rejected("public key too long")
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Rejected("unreadable public key") from error
    return _accept(key)


@lru_cache(maxsize=4096)
def load_multikey(multibase: str) -> PublicKey:
    raw = decode_multibase(multibase)
    prefix, material = raw[:2], raw[2:]
    try:
        if prefix == _ED25519_PREFIX:
            return Ed25519PublicKey.from_public_bytes(material)
        if prefix == _RSA_PREFIX:
            return _accept(serialization.load_der_public_key(material))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Rejected("unreadable Multikey") from error
    raise Rejected("unknown kind of Multikey")


def _accept(key: object) -> PublicKey:
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, RSAPublicKey) and 2048 <= key.key_size <= 8192:
        return key
    raise Rejected("only RSA keys of 2048 to 8192 bits and Ed25519 keys are accepted")


def encode_multibase(raw: bytes) -> str:
    number = int.from_bytes(raw, "big")
    digits = ""
    while number:
        number, rest = divmod(number, 58)
        digits = _BASE58[rest] + digits
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    return "z" + "1" * zeros + digits


def decode_multibase(text: str) -> bytes:
    if not text.startswith("z") or len(text) > _MAX_KEY_TEXT:
        raise Rejected("not base58 multibase")
    digits = text[1:]
    number = 0
    for digit in digits:
        value = _BASE58.find(digit)
        if value < 0:
            raise Rejected("not base58 multibase")
        number = number * 58 + value
    zeros = len(digits) - len(digits.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
