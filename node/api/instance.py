"""What apps ask first: which software this is, what it can do and how much it takes."""

from importlib.metadata import version
from typing import Any

from node.api.calls import ANYONE, Call, get
from node.media.actions import LONGEST_ALT, MOST_FILES
from node.media.images import EXTENSIONS, MAX_BYTES, MAX_PIXELS
from node.posts.actions import LONGEST_SOURCE
from node.posts.queries import count_open_posts
from node.posts.saved import MOST_PINS
from node.web.assets import asset_url

# Ice Cubes reads the first three signs as a number, Mastodon.py what stands before the blank: 4.4 is what is
# served here, quotes (4.5, level 7) are not.
MASTODON, LEVEL = "4.4.0", 6
SPOKEN = {"nl": "Nederlands", "en": "English"}
PICTURES = [*EXTENSIONS, "image/gif"]


def _version() -> str:
    return f"{MASTODON} (compatible; Leerkring {version('leerkring')})"


def configuration() -> dict[str, Any]:
    return {
        "accounts": {"max_featured_tags": 0, "max_pinned_statuses": MOST_PINS},
        "statuses": {
            "max_characters": LONGEST_SOURCE,
            "max_media_attachments": MOST_FILES,
            "characters_reserved_per_url": 23,
            "supported_mime_types": ["text/markdown", "text/plain"],
        },
        "media_attachments": {
            "description_limit": LONGEST_ALT,
            "image_matrix_limit": MAX_PIXELS,
            "image_size_limit": MAX_BYTES,
            "supported_mime_types": PICTURES,
            "video_frame_rate_limit": 0,
            "video_matrix_limit": 0,
            "video_size_limit": 0,
        },
        "polls": {
            "max_options": 4,
            "max_characters_per_option": 50,
            "min_expiration": 300,
            "max_expiration": 2_629_746,
        },
        "translation": {"enabled": False},
        "limited_federation": False,
    }


def show_instance(call: Call) -> Any:
    """v2. How many people are here is nobody's business outside (rule 12)."""
    node = call.node
    return {
        "domain": node.domain,
        "title": node.name,
        "version": _version(),
        "source_url": "",
        "description": "",
        "usage": {"users": {"active_month": 0}},
        "thumbnail": {"url": node.base + asset_url("logo.svg"), "blurhash": None, "versions": {}},
        "icon": [],
        "languages": ["nl", "en"],
        "configuration": {"urls": {"streaming": _streaming(call)}, **configuration()},
        "registrations": {
            "enabled": False,
            "approval_required": False,
            "reason_required": False,
            "message": None,
        },
        "api_versions": {"mastodon": LEVEL},
        "contact": {"email": "", "account": None},
        "rules": [],
    }


def show_old_instance(call: Call) -> Any:
    """v1, for toot and older apps. Of people and other servers it counts none: see NOTHING."""
    node = call.node
    return {
        "uri": node.domain,
        "title": node.name,
        "short_description": "",
        "description": "",
        "email": "",
        "version": _version(),
        "urls": {"streaming_api": _streaming(call)},
        "stats": {"user_count": 0, "status_count": count_open_posts(call.db), "domain_count": 1},
        "thumbnail": node.base + asset_url("logo.svg"),
        "languages": ["nl", "en"],
        "registrations": False,
        "approval_required": False,
        "invites_enabled": False,
        "configuration": configuration(),
        "contact_account": None,
        "rules": [],
        "max_toot_chars": LONGEST_SOURCE,
        "poll_limits": {
            "max_options": 4,
            "max_option_chars": 50,
            "min_expiration": 300,
            "max_expiration": 2_629_746,
        },
    }


def _streaming(call: Call) -> str:
    return call.node.base.replace("http", "ws", 1)


def show_nothing(_call: Call) -> Any:
    """Apps ask for it; there is none here."""
    return []


def show_none(_call: Call) -> Any:
    """The same, where Mastodon answers with an object."""
    return {}


def show_languages(_call: Call) -> Any:
    return [{"code": code, "name": name} for code, name in SPOKEN.items()]


def show_description(_call: Call) -> Any:
    """A company does not tell the web about itself here."""
    return {"updated_at": None, "content": ""}


# What a company's node has not, and apps ask for all the same: who it talks to is nobody's business, nothing
# trends, nobody is suggested, nothing is translated.
NOTHING = (
    "/api/v1/instance/peers",
    "/api/v1/instance/rules",
    "/api/v1/custom_emojis",
    "/api/v1/trends/tags",
    "/api/v1/trends/statuses",
    "/api/v1/trends/links",
)
ENDPOINTS = [
    get("/api/v2/instance", show_instance, who=ANYONE, keeps=True),
    get("/api/v1/instance", show_old_instance, who=ANYONE, keeps=True),
    *(get(path, show_nothing, who=ANYONE) for path in NOTHING),
    get("/api/v1/instance/languages", show_languages, who=ANYONE),
    get("/api/v1/instance/extended_description", show_description, who=ANYONE),
    get("/api/v1/instance/translation_languages", show_none, who=ANYONE),
    get("/api/v1/announcements", show_nothing, "read"),
    get("/api/v2/suggestions", show_nothing, "read"),
]
