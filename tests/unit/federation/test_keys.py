from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from hypothesis import given
from hypothesis import strategies as st

from federation import keys
from federation.errors import Rejected
from tests.unit.federation.vectors import (
    ED25519_PRIVATE,
    ED25519_PUBLIC,
    RSA_PRIVATE,
    RSA_PUBLIC,
    SHORT_RSA_PUBLIC,
)

# FEP-521a, its two scenarios (CC0).
MULTIKEY_ED25519 = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
MULTIKEY_ED25519_RAW = "2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6"
MULTIKEY_RSA = (
    "z4MXj1wBzi9jUstyPMS4jQqB6KdJaiatPkAtVtGc6bQEQEEsKTic4G7Rou3iBf9vPmT5dbkm9qsZsuVNjq8HCuW1w24nhBFGkRE4cd2Uf2t"
    "frB3N7h4mnyPp1BF3ZttHTYv3DLUPi1zMdkULiow3M1GfXkoC6DoxDUm1jmN6GBj22SjVsr6dxezRVQc7aj9TxE7JLbMH1wh5X3kA58H3DF"
    "W8rnYMakFGbca5CB2Jf6CnGQZmL7o5uJAdTwXfy2iiiyPxXEGerMhHwhjTA1mKYobyk2CpeEcmvynADfNZ5MBvcCS7m3XkFCMNUYBS9NQ3f"
    "ze6vMSUPsNa6GVYmKx2x6JrdEjCk3qRMMmyjnjCMfR4pXbRMZa3i"
)
MULTIKEY_RSA_START = "3082010a0282010100b1b5fcd8d4d5e88ca5c4287b31f578865caf6a78826a3b8ff7b1b23aa4af4e6a"


def test_a_new_rsa_pair_has_2048_bits_and_an_spki_public_half() -> None:
    pem = keys.rsa_public_pem(keys.new_rsa())
    key = keys.load_public_pem(pem)
    assert isinstance(key, RSAPublicKey)
    assert key.key_size == 2048
    assert pem.startswith("-----BEGIN PUBLIC KEY-----")


def test_a_new_ed25519_pair_comes_back_from_its_multikey() -> None:
    private = keys.new_ed25519()
    multikey = keys.ed25519_multikey(private)
    assert multikey.startswith("z6Mk")
    assert keys.load_multikey(multikey) == keys.load_private(private).public_key()


def test_multikeys_are_read_as_fep_521a_prints_them() -> None:
    ed25519, rsa = keys.load_multikey(MULTIKEY_ED25519), keys.load_multikey(MULTIKEY_RSA)
    assert isinstance(ed25519, Ed25519PublicKey)
    assert ed25519.public_bytes_raw().hex() == MULTIKEY_ED25519_RAW
    assert isinstance(rsa, RSAPublicKey)
    der = rsa.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    assert der.hex().startswith(MULTIKEY_RSA_START)


def test_public_keys_are_read_in_both_pem_forms() -> None:
    assert isinstance(keys.load_public_pem(RSA_PUBLIC), RSAPublicKey)
    assert keys.load_public_pem(keys.rsa_public_pem(RSA_PRIVATE)) == keys.load_public_pem(RSA_PUBLIC)
    assert isinstance(keys.load_public_pem(ED25519_PUBLIC), Ed25519PublicKey)


EC_PUBLIC = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
EC_PRIVATE = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    .decode()
)


@pytest.mark.parametrize(
    "pem", ["", "nonsense", "\ud800", "x" * 5000, SHORT_RSA_PUBLIC, EC_PUBLIC, ED25519_PRIVATE]
)
def test_an_unusable_public_key_is_rejected(pem: str) -> None:
    with pytest.raises(Rejected):
        keys.load_public_pem(pem)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u6Mk",
        "z0",
        "z" * 5000,
        "z1",
        keys.encode_multibase(b"\xed\x01short"),
        keys.encode_multibase(b"\x85\x24no rsa key"),
        keys.encode_multibase(b"\x12\x34" + bytes(32)),
    ],
)
def test_an_unusable_multikey_is_rejected(text: str) -> None:
    with pytest.raises(Rejected):
        keys.load_multikey(text)


@pytest.mark.parametrize(
    "wrong", [lambda: keys.load_private(EC_PRIVATE), lambda: keys.ed25519_multikey(RSA_PRIVATE)]
)
def test_a_private_key_of_another_kind_is_a_mistake_of_ours(wrong: Callable[[], Any]) -> None:
    with pytest.raises(TypeError):
        wrong()


def test_a_private_key_is_loaded_once() -> None:
    assert keys.load_private(ED25519_PRIVATE) is keys.load_private(ED25519_PRIVATE)
    assert isinstance(keys.load_private(ED25519_PRIVATE), Ed25519PrivateKey)


@given(st.binary(max_size=80))
def test_multibase_gives_back_the_same_bytes(raw: bytes) -> None:
    assert keys.decode_multibase(keys.encode_multibase(raw)) == raw


@given(st.text(max_size=200))
def test_any_text_as_a_key_is_read_or_rejected(text: str) -> None:
    for load in (keys.load_multikey, keys.load_public_pem):
        with pytest.raises(Rejected):
            load(text)
