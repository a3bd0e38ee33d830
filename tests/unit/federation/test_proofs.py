import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation import proofs
from federation.documents import parse_json
from federation.errors import Rejected
from federation.keys import decode_multibase, encode_multibase, new_ed25519
from federation.keys import ed25519_multikey as multikey_of
from federation.proofs import add_proof, check_proof, document_hash, make_proof
from tests.unit.federation.test_keys import MULTIKEY_RSA
from tests.unit.federation.vectors import RSA_PRIVATE

# vc-di-eddsa, TestVectors/keyPair.json and TestVectors/eddsa-jcs-2022 (W3C Software and Document licence).
MULTIKEY = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
CREDENTIAL: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
CREDENTIAL_HASH = "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
CREDENTIAL_METHOD = f"did:key:{MULTIKEY}#{MULTIKEY}"
CREDENTIAL_PROOF = "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"

# FEP-8b32, its signing scenario (CC0); the key is the same.
ACTIVITY: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"],
    "id": "https://server.example/activities/1",
    "type": "Create",
    "actor": "https://server.example/users/alice",
    "object": {
        "id": "https://server.example/objects/1",
        "type": "Note",
        "attributedTo": "https://server.example/users/alice",
        "content": "Hello world",
        "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962},
    },
}
ACTIVITY_METHOD = "https://server.example/users/alice#ed25519-key"
ACTIVITY_PROOF = "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL"
CREATED = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)

PRIVATE = (
    Ed25519PrivateKey.from_private_bytes(decode_multibase(SECRET)[2:])
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    .decode()
)


@pytest.mark.parametrize(
    ("document", "method", "value"),
    [(CREDENTIAL, CREDENTIAL_METHOD, CREDENTIAL_PROOF), (ACTIVITY, ACTIVITY_METHOD, ACTIVITY_PROOF)],
)
def test_a_proof_is_the_published_one_and_holds(document: dict[str, Any], method: str, value: str) -> None:
    proof = make_proof(document, PRIVATE, method, CREATED)
    assert proof["proofValue"] == value
    check_proof(document, proof, MULTIKEY)


def test_the_hash_of_a_document_is_that_of_its_canonical_form() -> None:
    assert document_hash(CREDENTIAL) == CREDENTIAL_HASH
    assert document_hash(dict(reversed(CREDENTIAL.items()))) == CREDENTIAL_HASH


# json-canonicalization, testdata (Apache-2.0): numbers as JavaScript writes them, keys by UTF-16.
@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (
            '{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001]}',
            '{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}',
        ),
        (
            '{"\\u20ac":1,"\\r":2,"\\n":3,"1":4,"\\u0080":5,"\\ud83d\\ude02":6,"\\u00f6":7,"\\ufb33":8}',
            '{"\\n":3,"\\r":2,"1":4,"\x80":5,"ö":7,"€":1,"😂":6,"\ufb33":8}',
        ),
    ],
)
def test_other_programs_find_the_same_hash(text: str, canonical: str) -> None:
    assert document_hash(json.loads(text)) == hashlib.sha256(canonical.encode()).hexdigest()


def test_two_signers_prove_the_same_document() -> None:
    other = new_ed25519()
    once = add_proof(ACTIVITY, PRIVATE, ACTIVITY_METHOD, CREATED)
    twice = add_proof(once, other, "https://b.example/p/1#ed25519-key", CREATED)
    assert once["proof"]["type"] == "DataIntegrityProof"
    check_proof(twice, twice["proof"][0], MULTIKEY)
    check_proof(twice, twice["proof"][1], multikey_of(other))


def test_a_document_without_context_can_be_proved() -> None:
    signed = add_proof({"kind": "agreement"}, PRIVATE, "k", CREATED)
    assert "@context" not in signed["proof"]
    check_proof(signed, signed["proof"], MULTIKEY)


def test_a_linked_data_signature_beside_it_changes_nothing() -> None:
    proof = make_proof(ACTIVITY, PRIVATE, ACTIVITY_METHOD, CREATED)
    check_proof({**ACTIVITY, "signature": {"type": "RsaSignature2017"}}, proof, MULTIKEY)


def test_a_context_added_behind_the_proved_one_is_allowed() -> None:
    proof = make_proof(ACTIVITY, PRIVATE, ACTIVITY_METHOD, CREATED)
    longer = {**ACTIVITY, "@context": [*ACTIVITY["@context"], {"x": "urn:x"}]}
    check_proof(longer, proof, MULTIKEY)
    with pytest.raises(Rejected, match="context"):
        check_proof({**ACTIVITY, "@context": longer["@context"][1:]}, proof, MULTIKEY)


@pytest.mark.parametrize(
    "change",
    [
        {"proofValue": ACTIVITY_PROOF},
        {"proofValue": None},
        {"proofValue": encode_multibase(bytes(64))},
        {"created": "2024-02-24T23:36:38Z"},
        {"created": None},
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"proofPurpose": "authentication"},
        {"type": "RsaSignature2017"},
        {"verificationMethod": "https://server.example/users/bob#key"},
        {"extra": 1},
    ],
)
def test_a_changed_proof_is_rejected(change: dict[str, Any]) -> None:
    proof = make_proof(CREDENTIAL, PRIVATE, CREDENTIAL_METHOD, CREATED)
    with pytest.raises(Rejected):
        check_proof(CREDENTIAL, {**proof, **change}, MULTIKEY)


def test_a_changed_document_or_another_key_is_rejected() -> None:
    proof = make_proof(CREDENTIAL, PRIVATE, CREDENTIAL_METHOD, CREATED)
    with pytest.raises(Rejected):
        check_proof({**CREDENTIAL, "name": "Other"}, proof, MULTIKEY)
    with pytest.raises(Rejected):
        check_proof(CREDENTIAL, proof, multikey_of(new_ed25519()))


@pytest.mark.parametrize("proof", [None, "proof", [], {}])
def test_what_is_no_proof_is_rejected(proof: Any) -> None:
    with pytest.raises(Rejected):
        check_proof(CREDENTIAL, proof, MULTIKEY)


def signed_until(expires: Any) -> dict[str, Any]:
    """A proof with an end, made by hand because we make none with one."""
    options = make_proof({}, PRIVATE, "k", CREATED) | {"expires": expires}
    del options["proofValue"]
    data = proofs._hash_data(options, CREDENTIAL)
    secret = Ed25519PrivateKey.from_private_bytes(decode_multibase(SECRET)[2:])
    return {**options, "proofValue": encode_multibase(secret.sign(data))}


def test_a_proof_holds_until_its_end() -> None:
    proof = signed_until("2023-03-01T00:00:00+01:00")
    check_proof(CREDENTIAL, proof, MULTIKEY, now=CREATED)
    for late in (CREATED + timedelta(days=9), None):
        with pytest.raises(Rejected, match="expired"):
            check_proof(CREDENTIAL, proof, MULTIKEY, now=late)


@pytest.mark.parametrize("expires", [1, None, "soon", "2023-03-01T00:00:00", "0001-01-01T00:00:00+10:00"])
def test_an_unreadable_end_is_rejected(expires: Any) -> None:
    with pytest.raises(Rejected):
        check_proof(CREDENTIAL, signed_until(expires), MULTIKEY, now=CREATED)


def test_proofs_are_made_and_checked_with_ed25519_only() -> None:
    with pytest.raises(TypeError):
        make_proof(CREDENTIAL, RSA_PRIVATE, "k", CREATED)
    with pytest.raises(Rejected, match="Ed25519"):
        check_proof(CREDENTIAL, make_proof(CREDENTIAL, PRIVATE, "k", CREATED), MULTIKEY_RSA)


@pytest.mark.parametrize("value", [2**60, float("nan"), "\ud800"])
def test_what_has_no_canonical_form_is_rejected(value: Any) -> None:
    with pytest.raises(Rejected):
        document_hash({"a": value})


def test_a_proof_survives_the_wire() -> None:
    signed = add_proof(ACTIVITY, PRIVATE, ACTIVITY_METHOD, CREATED)
    received = parse_json(json.dumps(signed).encode())
    check_proof(received, received["proof"], MULTIKEY)
