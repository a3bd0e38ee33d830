"""Every endpoint of the client API with what the leak suite asks there; an endpoint without a line fails.

Words in braces are those of `routes.py`; each member asks with the token of an app, and nobody without one.
"""

from node.api.endpoints import ENDPOINTS

API_READ: dict[str, list[str]] = {
    "/api/v1/apps/verify_credentials": ["/api/v1/apps/verify_credentials"],
    "/api/v1/instance": ["/api/v1/instance"],
    "/api/v2/instance": ["/api/v2/instance"],
    "/api/v1/instance/rules": ["/api/v1/instance/rules"],
    "/api/v1/custom_emojis": ["/api/v1/custom_emojis"],
    "/api/v1/preferences": ["/api/v1/preferences"],
    "/api/v1/accounts/verify_credentials": ["/api/v1/accounts/verify_credentials"],
    "/api/v1/accounts/lookup": [
        "/api/v1/accounts/lookup?acct={handle}",
        "/api/v1/accounts/lookup?acct={person}",
    ],
    "/api/v1/accounts/search": ["/api/v1/accounts/search?q=a", "/api/v1/accounts/search?q={handle}"],
    "/api/v1/accounts/relationships": ["/api/v1/accounts/relationships?id[]={actor}"],
    "/api/v1/accounts/{id}": ["/api/v1/accounts/{actor}", "/api/v1/accounts/{topic}"],
    "/api/v1/accounts/{id}/statuses": [
        "/api/v1/accounts/{actor}/statuses?limit=40",
        "/api/v1/accounts/{actor}/statuses?pinned=true",
        "/api/v1/accounts/{actor}/statuses?only_media=true&exclude_replies=true&exclude_reblogs=true",
        "/api/v1/accounts/{actor}/statuses?tagged={tag}",
    ],
    "/api/v1/accounts/{id}/followers": ["/api/v1/accounts/{actor}/followers"],
    "/api/v1/accounts/{id}/following": ["/api/v1/accounts/{actor}/following"],
    "/api/v1/follow_requests": ["/api/v1/follow_requests"],
    "/api/v1/blocks": ["/api/v1/blocks"],
    "/api/v1/mutes": ["/api/v1/mutes"],
    "/api/v1/domain_blocks": ["/api/v1/domain_blocks"],
    "/api/v1/tags/{tag}": ["/api/v1/tags/storing"],
    "/api/v1/followed_tags": ["/api/v1/followed_tags"],
    "/api/v1/bookmarks": ["/api/v1/bookmarks?limit=40"],
    "/api/v1/favourites": ["/api/v1/favourites?limit=40"],
    "/api/v1/statuses/{id}/favourited_by": ["/api/v1/statuses/{object}/favourited_by"],
    "/api/v1/statuses/{id}/reblogged_by": ["/api/v1/statuses/{object}/reblogged_by"],
    "/api/v1/statuses": ["/api/v1/statuses?id[]={object}"],
    "/api/v1/statuses/{id}": ["/api/v1/statuses/{object}"],
    "/api/v1/statuses/{id}/context": ["/api/v1/statuses/{object}/context"],
    "/api/v1/statuses/{id}/source": ["/api/v1/statuses/{object}/source"],
    "/api/v1/statuses/{id}/history": ["/api/v1/statuses/{object}/history"],
    "/api/v1/timelines/home": ["/api/v1/timelines/home?limit=40", f"/api/v1/timelines/home?max_id={2**59}"],
    "/api/v1/timelines/public": [
        "/api/v1/timelines/public?limit=40",
        "/api/v1/timelines/public?local=true&limit=40",
        "/api/v1/timelines/public?remote=true&limit=40",
    ],
    "/api/v1/timelines/tag/{tag}": ["/api/v1/timelines/tag/{tag}"],
    "/api/v1/lists": ["/api/v1/lists"],
    "/api/v1/lists/{id}": ["/api/v1/lists/{room}", "/api/v1/lists/{ring_id}"],
    "/api/v1/lists/{id}/accounts": ["/api/v1/lists/{room}/accounts", "/api/v1/lists/{ring_id}/accounts"],
    "/api/v1/timelines/list/{id}": [
        "/api/v1/timelines/list/{room}?limit=40",
        "/api/v1/timelines/list/{ring_id}?limit=40",
    ],
    "/api/v1/notifications": ["/api/v1/notifications?limit=80"],
    "/api/v1/notifications/{id}": ["/api/v1/notifications/{notice}"],
    "/api/v1/markers": ["/api/v1/markers?timeline[]=home"],
    "/api/v1/media/{id}": ["/api/v1/media/{file}"],
    "/api/v1/scheduled_statuses": ["/api/v1/scheduled_statuses"],
    "/api/v1/scheduled_statuses/{id}": ["/api/v1/scheduled_statuses/{planned}"],
    "/api/v2/filters": ["/api/v2/filters"],
    "/api/v2/filters/{id}": ["/api/v2/filters/{filter}"],
    "/api/v2/filters/{id}/keywords": ["/api/v2/filters/{filter}/keywords"],
    "/api/v2/filters/keywords/{id}": ["/api/v2/filters/keywords/{keyword}"],
    "/api/v2/filters/{id}/statuses": ["/api/v2/filters/{filter}/statuses"],
    "/api/v2/filters/statuses/{id}": ["/api/v2/filters/statuses/{named}"],
    "/api/v1/filters": ["/api/v1/filters"],
    "/api/v1/filters/{id}": ["/api/v1/filters/{keyword}"],
}

# What may be done to things by guessing their ids: as for no id at all. Method, path, body.
API_GUESSED: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("PUT", "/api/v1/statuses/{id}"): ("/api/v1/statuses/{object}", {"status": "Anders"}),
    ("DELETE", "/api/v1/statuses/{id}"): ("/api/v1/statuses/{object}", {}),
    ("POST", "/api/v1/statuses/{id}/favourite"): ("/api/v1/statuses/{object}/favourite", {}),
    ("POST", "/api/v1/statuses/{id}/unfavourite"): ("/api/v1/statuses/{object}/unfavourite", {}),
    ("POST", "/api/v1/statuses/{id}/bookmark"): ("/api/v1/statuses/{object}/bookmark", {}),
    ("POST", "/api/v1/statuses/{id}/unbookmark"): ("/api/v1/statuses/{object}/unbookmark", {}),
    ("POST", "/api/v1/statuses/{id}/pin"): ("/api/v1/statuses/{object}/pin", {}),
    ("POST", "/api/v1/statuses/{id}/unpin"): ("/api/v1/statuses/{object}/unpin", {}),
    ("POST", "/api/v1/statuses/{id}/mute"): ("/api/v1/statuses/{object}/mute", {}),
    ("POST", "/api/v1/statuses/{id}/unmute"): ("/api/v1/statuses/{object}/unmute", {}),
    ("POST", "/api/v1/accounts/{id}/follow"): ("/api/v1/accounts/{actor}/follow", {}),
    ("POST", "/api/v1/accounts/{id}/unfollow"): ("/api/v1/accounts/{actor}/unfollow", {}),
    ("POST", "/api/v1/accounts/{id}/remove_from_followers"): (
        "/api/v1/accounts/{actor}/remove_from_followers",
        {},
    ),
    ("POST", "/api/v1/accounts/{id}/block"): ("/api/v1/accounts/{actor}/block", {}),
    ("POST", "/api/v1/accounts/{id}/unblock"): ("/api/v1/accounts/{actor}/unblock", {}),
    ("POST", "/api/v1/accounts/{id}/mute"): ("/api/v1/accounts/{actor}/mute", {}),
    ("POST", "/api/v1/accounts/{id}/unmute"): ("/api/v1/accounts/{actor}/unmute", {}),
    ("POST", "/api/v1/accounts/{id}/note"): ("/api/v1/accounts/{actor}/note", {"comment": "Gok"}),
    ("POST", "/api/v1/follow_requests/{id}/authorize"): ("/api/v1/follow_requests/{actor}/authorize", {}),
    ("POST", "/api/v1/follow_requests/{id}/reject"): ("/api/v1/follow_requests/{actor}/reject", {}),
    ("POST", "/api/v1/statuses"): ("/api/v1/statuses", {"status": "Antwoord", "in_reply_to_id": "{object}"}),
    ("PUT", "/api/v1/lists/{id}"): ("/api/v1/lists/{room}", {"title": "Anders"}),
    ("DELETE", "/api/v1/lists/{id}"): ("/api/v1/lists/{room}", {}),
    ("POST", "/api/v1/lists/{id}/accounts"): ("/api/v1/lists/{room}/accounts", {}),
    ("DELETE", "/api/v1/lists/{id}/accounts"): ("/api/v1/lists/{room}/accounts", {}),
    ("POST", "/api/v1/notifications/{id}/dismiss"): ("/api/v1/notifications/{notice}/dismiss", {}),
    ("PUT", "/api/v1/scheduled_statuses/{id}"): (
        "/api/v1/scheduled_statuses/{planned}",
        {"scheduled_at": "2030-01-01T12:00:00Z"},
    ),
    ("DELETE", "/api/v1/scheduled_statuses/{id}"): ("/api/v1/scheduled_statuses/{planned}", {}),
    ("PUT", "/api/v2/filters/{id}"): ("/api/v2/filters/{filter}", {"title": "Anders"}),
    ("DELETE", "/api/v2/filters/{id}"): ("/api/v2/filters/{filter}", {}),
    ("POST", "/api/v2/filters/{id}/keywords"): ("/api/v2/filters/{filter}/keywords", {"keyword": "gok"}),
    ("PUT", "/api/v2/filters/keywords/{id}"): ("/api/v2/filters/keywords/{keyword}", {"keyword": "gok"}),
    ("DELETE", "/api/v2/filters/keywords/{id}"): ("/api/v2/filters/keywords/{keyword}", {}),
    ("POST", "/api/v2/filters/{id}/statuses"): ("/api/v2/filters/{filter}/statuses", {"status_id": "1"}),
    ("DELETE", "/api/v2/filters/statuses/{id}"): ("/api/v2/filters/statuses/{named}", {}),
    ("PUT", "/api/v1/filters/{id}"): ("/api/v1/filters/{keyword}", {"phrase": "gok"}),
    ("DELETE", "/api/v1/filters/{id}"): ("/api/v1/filters/{keyword}", {}),
    ("PUT", "/api/v1/media/{id}"): ("/api/v1/media/{file}", {"description": "Anders"}),
}

# They name nothing that is there.
API_PLAIN = {
    ("POST", "/api/v1/apps"),
    ("POST", "/api/v1/media"),
    ("POST", "/api/v2/media"),
    ("POST", "/api/v1/lists"),
    ("POST", "/api/v1/notifications/clear"),
    ("POST", "/api/v1/markers"),
    ("POST", "/api/v2/filters"),
    ("POST", "/api/v1/filters"),
    ("POST", "/api/v1/domain_blocks"),
    ("POST", "/api/v1/tags/{tag}/follow"),
    ("POST", "/api/v1/tags/{tag}/unfollow"),
    ("DELETE", "/api/v1/domain_blocks"),
}


def endpoints_without_a_line() -> set[str]:
    found = {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    known = {*API_GUESSED, *API_PLAIN, *(("GET", path) for path in API_READ)}
    return {f"{method} {path}" for method, path in found ^ known}
