"""Object integrity proofs (FEP-8b32) by `eddsa-jcs-2022`, and the hash that names a document."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from federation.documents import Document, as_list, as_text, parse_time
from federation.errors import Rejected
from federation.keys import decode_multibase, encode_multibase, load_multikey, load_private

_SUITE = "eddsa-jcs-2022"


def document_hash(document: Document) -> str:
    return hashlib.sha256(_canonical(document)).hexdigest()


def add_proof(document: Document, private_pem: str, verification_method: str, created: datetime) -> Document:
    """The document with one more proof; each signer's proof covers the document without any."""
    proofs = [
        *as_list(document.get("proof")),
        make_proof(document, private_pem, verification_method, created),
    ]
    return {**document, "proof": proofs[0] if len(proofs) == 1 else proofs}


def make_proof(document: Document, private_pem: str, verification_method: str, created: datetime) -> Document:
    private = load_private(private_pem)
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("proofs are made with Ed25519 keys")
    options: Document = {
        "type": "DataIntegrityProof",
        "cryptosuite": _SUITE,
        "created": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
    }
    if "@context" in document:
        options["@context"] = document["@context"]
    return {**options, "proofValue": encode_multibase(private.sign(_hash_data(options, _bare(document))))}


def check_proof(document: Document, proof: Any, public_multikey: str, *, now: datetime | None = None) -> None:
    """Says only that the key made this proof; whose key it is, the caller knows."""
    options = _read_options(proof)
    _check_expiry(options, now)
    signed = _with_proof_context(_bare(document), options)
    key = load_multikey(public_multikey)
    if not isinstance(key, Ed25519PublicKey):
        raise Rejected("proofs are made with Ed25519 keys")
    try:
        key.verify(decode_multibase(as_text(proof.get("proofValue"))), _hash_data(options, signed))
    except InvalidSignature as error:
        raise Rejected("wrong proof") from error


def _read_options(proof: Any) -> Document:
    if not isinstance(proof, dict):
        raise Rejected("no proof")
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    wanted = {"type": "DataIntegrityProof", "cryptosuite": _SUITE, "proofPurpose": "assertionMethod"}
    if any(options.get(name) != value for name, value in wanted.items()):
        raise Rejected("another kind of proof")
    if not isinstance(options.get("created"), str):
        raise Rejected("the proof has no time")
    return options


def _check_expiry(options: Document, now: datetime | None) -> None:
    if "expires" not in options:
        return
    if now is None or now >= parse_time(options["expires"]):
        raise Rejected("the proof has expired")


def _bare(document: Document) -> Document:
    return {name: value for name, value in document.items() if name not in ("proof", "signature")}


def _with_proof_context(document: Document, options: Document) -> Document:
    """A proof made under a shorter context holds for a document that only added to it."""
    if "@context" not in options:
        return document
    proved = as_list(options["@context"])
    if as_list(document.get("@context"))[: len(proved)] != proved:
        raise Rejected("the proof is for another context")
    return {**document, "@context": options["@context"]}


def _hash_data(options: Document, document: Document) -> bytes:
    return hashlib.sha256(_canonical(options)).digest() + hashlib.sha256(_canonical(document)).digest()


def _canonical(document: Document) -> bytes:
    try:
        return rfc8785.dumps(document)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise Rejected("no canonical form", 400) from error
