"""How a node is found: WebFinger, host-meta and NodeInfo documents."""

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from schemas.activitystreams import AS_CONTEXT, CONTENT_TYPE, LD_CONTENT_TYPE

JRD_CONTENT_TYPE = "application/jrd+json"
XRD_CONTENT_TYPE = "application/xrd+xml"
# Mastodon takes only exactly these.
SELF_TYPES = frozenset({CONTENT_TYPE, LD_CONTENT_TYPE})

_NODEINFO = "http://nodeinfo.diaspora.software/ns/schema/"
_XRD = "http://docs.oasis-open.org/ns/xri/xrd-1.0"


def webfinger(*, subject: str, actor: str, kind: str, page: str = "", subscribe: str = "") -> dict[str, Any]:
    """`subject` is user@host, `kind` the actor's type, `subscribe` a template with {uri}."""
    links: list[dict[str, Any]] = []
    if page:
        links.append({"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": page})
    # Lemmy tells a person from a community of the same name by this property.
    type_property = {f"{AS_CONTEXT}#type": kind}
    links.append({"rel": "self", "type": CONTENT_TYPE, "href": actor, "properties": type_property})
    if subscribe:
        links.append({"rel": "http://ostatus.org/schema/1.0/subscribe", "template": subscribe})
    aliases = list(dict.fromkeys(uri for uri in (page, actor) if uri))
    return {"subject": f"acct:{subject}", "aliases": aliases, "links": links}


def host_meta(base: str) -> str:
    template = quoteattr(f"{base}/.well-known/webfinger?resource={{uri}}")
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<XRD xmlns="{_XRD}">'
        f'<Link rel="lrdd" template={template}/></XRD>\n'
    )


def host_meta_json(base: str) -> dict[str, Any]:
    return {"links": [{"rel": "lrdd", "template": f"{base}/.well-known/webfinger?resource={{uri}}"}]}


def nodeinfo_index(base: str, *, node_actor: str) -> dict[str, Any]:
    versions = ("2.0", "2.1")
    links = [{"rel": f"{_NODEINFO}{number}", "href": f"{base}/nodeinfo/{number}"} for number in versions]
    return {"links": [*links, {"rel": f"{AS_CONTEXT}#Application", "href": node_actor}]}


def nodeinfo_content_type(version: str) -> str:
    return f'application/json; profile="{_NODEINFO}{version}#"'


def nodeinfo(
    version: str,
    *,
    software_version: str,
    node_name: str,
    usage: dict[str, Any],
    description: str = "",
    repository: str = "",
    languages: Sequence[str] = (),
) -> dict[str, Any]:
    """Every figure in `usage` counts only what everyone may see; one left out is better than one invented."""
    software = {"name": "leerkring", "version": software_version}
    if repository and version == "2.1":
        software["repository"] = repository
    return {
        "version": version,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": {"users": {}, **usage},
        "metadata": {
            "nodeName": node_name,
            "nodeDescription": description,
            "languages": list(languages),
        },
    }
