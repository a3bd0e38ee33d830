"""Documents that directors sign: their one canonical text, the hash that names them, their proofs."""

import json
from typing import Any, TypeVar

import rfc8785
from pydantic import ValidationError

from federation.documents import Document, parse_json
from federation.errors import Rejected
from federation.proofs import check_proof, document_hash, make_proof
from node.identity import Identity
from node.ids import now
from schemas.agreement import Shape

Kind = TypeVar("Kind", bound=Shape)


def canonical(document: Shape) -> str:
    """The very text that is signed and hashed."""
    return rfc8785.dumps(document.model_dump()).decode()


def hash_of(document: Shape) -> str:
    return document_hash(document.model_dump())


def read_document(kind: type[Kind], text: str) -> Kind:
    """A document of this kind from its canonical text; raises Rejected for anything else."""
    try:
        found = kind.model_validate(parse_json(text.encode()))
    except (ValidationError, UnicodeEncodeError) as error:
        raise Rejected("not such a document", 400) from error
    if canonical(found) != text:
        raise Rejected("not in canonical form", 400)
    return found


def stored_document(kind: type[Kind], text: str) -> Kind:
    """One that was read before it was stored."""
    return kind.model_validate(json.loads(text))


def prove(node: Identity, document: Shape) -> Document:
    """Our node's proof; a director's act calls this."""
    return make_proof(document.model_dump(), node.ed25519_private, node.node_key_id, now())


def is_proved(document: Shape, signer: str, key: str, proof: Any) -> bool:
    """Whether the node actor `signer` made this proof over the document with that key."""
    method = proof.get("verificationMethod") if isinstance(proof, dict) else None
    if not isinstance(method, str) or method.partition("#")[0] != signer:
        return False  # before anything is computed: a document of fifty firms has as many proofs
    try:
        check_proof(document.model_dump(), proof, key, now=now())
    except Rejected:
        return False
    return True
