"""Every method of Mastodon.py that has a meaning here, each named like its check."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import mastodon

from tests.clients.matrix import check
from tests.clients.world import OUT_OF_BAND, PATIENCE_SECONDS, World, picture

CLIENT = "Mastodon.py"

# What a node of a company has no use for: moderation is in its pages; there is no public directory, no
# translation by others, no registration by an app, no collections, no yearly reports.
NOT_FOR_US = (
    "account_collections",
    "account_in_collections",
    "admin_",
    "annual_report",
    "collection",
    "create_account",
    "directory",
    "email_resend_confirmation",
    "instance_activity",
    "instance_domain_blocks",
    "instance_terms_of_service",
    "announcement",
    "oauth_userinfo",  # the library asks it over https only
    "status_quote",
    "status_translate",
    "status_update_quote",
    "timeline_link",
    "get_async",
    "await_async",
)

# They ask nothing of a server, or only name another method.
NO_CALLS = {
    "clear_caches",
    "decode_blurhash",
    "filters_apply",
    "generate_media_edit_attributes",
    "get_approx_server_time",
    "get_pagination_info",
    "get_status_length",
    "get_supported_version",
    "persistable_login_credentials",
    "push_subscription_decrypt_push",
    "push_subscription_generate_keys",
    "set_language",
    "stream_open_websocket",
    # Withdrawn by Mastodon; the library keeps the names.
    "account_delete_avatar",
    "account_delete_header",
    "follows",
    "reports",
    "search_v1",
    "status_card",
    "stream_direct",
    "stream_user_notifications",
    "suggestions_v1",
    "trends",
    "timeline_is_available",
}


def ids(found: Any) -> list[str]:
    return [str(one["id"]) for one in found]


def names(found: Any) -> list[str]:
    return [one["username"] for one in found]


# --- log in ---------------------------------------------------------------------------------------


def _register(w: World) -> tuple[str, str]:
    made = w.program().create_app(
        "Proefapp", api_base_url=w.node.base, redirect_uris=OUT_OF_BAND, scopes=["read", "write", "follow"]
    )
    return str(made[0]), str(made[1])


def _enter(w: World) -> mastodon.Mastodon:
    client_id, secret = _register(w)
    app = w.program(client_id=client_id, client_secret=secret)
    scopes = ["read", "write", "follow"]
    address = app.auth_request_url(scopes=scopes, redirect_uris=OUT_OF_BAND, allow_http=True)
    app.log_in(code=w.allow("anna", address), redirect_uri=OUT_OF_BAND, scopes=scopes, allow_http=True)
    return app


@check("Log in", CLIENT, "create_app", "auth_request_url", "log_in")
def log_in(w: World) -> None:
    assert _enter(w).account_verify_credentials()["username"] == "anna"
    assert "Proefapp" in w.page("/settings/apps", who="anna")


@check("Log out", CLIENT)
def revoke_access_token(w: World) -> None:
    app = _enter(w)
    token = app.access_token
    app.revoke_access_token(allow_http=True)
    answer = w.program(access_token=token)
    _raises(mastodon.MastodonUnauthorizedError, answer.account_verify_credentials)


def _raises(kind: type[Exception], act: Callable[[], Any]) -> None:
    try:
        act()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


@check("Know the app", CLIENT)
def app_verify_credentials(w: World) -> None:
    assert _enter(w).app_verify_credentials()["name"] == "Proefapp"


@check("Know how to log in", CLIENT)
def oauth_authorization_server_info(w: World) -> None:
    found = w.anna.oauth_authorization_server_info()
    assert str(found["authorization_endpoint"]) == f"{w.node.base}/oauth/authorize"


# --- the node -------------------------------------------------------------------------------------


@check("Know the node", CLIENT, "instance", "instance_v2")
def instance(w: World) -> None:
    assert w.anna.instance()["title"] == w.anna.instance_v2()["title"] == w.look("/api/v2/instance")["title"]


@check("Know the node", CLIENT)
def instance_v1(w: World) -> None:
    assert w.anna.instance_v1()["uri"] == w.node.domain


@check("Know the node", CLIENT, "retrieve_mastodon_version", "verify_minimum_version")
def retrieve_mastodon_version(w: World) -> None:
    assert w.anna.retrieve_mastodon_version() == w.look("/api/v2/instance")["version"].split()[0]
    assert w.anna.verify_minimum_version("4.3.0")


@check("Know the node", CLIENT)
def instance_nodeinfo(w: World) -> None:
    assert w.anna.instance_nodeinfo()["software"]["name"] == "leerkring"


@check("Know the node", CLIENT, "instance_health", "stream_healthy")
def instance_health(w: World) -> None:
    assert w.anna.instance_health()
    assert w.anna.stream_healthy()


@check("Know the node", CLIENT)
def instance_rules(w: World) -> None:
    assert w.anna.instance_rules() == w.look("/api/v1/instance/rules")


@check("Know the node", CLIENT)
def instance_peers(w: World) -> None:
    assert w.anna.instance_peers() == []


@check("Know the node", CLIENT)
def instance_extended_description(w: World) -> None:
    assert "content" in w.anna.instance_extended_description()


@check("Know the node", CLIENT)
def instance_languages(w: World) -> None:
    assert {"nl", "en"} <= {one["code"] for one in w.anna.instance_languages()}


@check("Know the node", CLIENT)
def instance_translation_languages(w: World) -> None:
    assert not w.anna.instance_translation_languages()


@check("Know the node", CLIENT)
def custom_emojis(w: World) -> None:
    assert w.anna.custom_emojis() == w.look("/api/v1/custom_emojis")


# --- people ---------------------------------------------------------------------------------------


@check("Who am I", CLIENT, "account_verify_credentials", "me")
def me(w: World) -> None:
    assert str(w.anna.me()["id"]) == w.look("/api/v1/accounts/lookup", acct="anna")["id"]
    assert w.anna.account_verify_credentials()["source"]["privacy"] == "private"


@check("Read somebody's profile", CLIENT)
def account(w: World) -> None:
    assert w.anna.account(w.ids["bob"])["username"] == "bob"


@check("Read somebody's profile", CLIENT)
def accounts(w: World) -> None:
    assert set(names(w.anna.accounts([w.ids["bob"], w.ids["anna"]]))) == {"anna", "bob"}


@check("Find people", CLIENT)
def account_lookup(w: World) -> None:
    assert str(w.anna.account_lookup("bob")["id"]) == w.ids["bob"]


@check("Find people", CLIENT)
def account_search(w: World) -> None:
    assert "bob" in names(w.anna.account_search("bob"))


@check("Read somebody's posts", CLIENT)
def account_statuses(w: World) -> None:
    made = w.post(who="bob")
    assert made["id"] in ids(w.anna.account_statuses(w.ids["bob"]))


@check("Change my profile", CLIENT)
def account_update_credentials(w: World) -> None:
    words = w.text()
    w.anna.account_update_credentials(display_name="Anna", note=words)
    assert words in w.look(f"/api/v1/accounts/{w.ids['anna']}")["note"]


@check("Change my profile", CLIENT, "profile", "profile_update")
def profile_update(w: World) -> None:
    words = w.text()
    w.anna.profile_update(note=words)
    assert words in w.anna.profile()["note"]
    assert words in w.look(f"/api/v1/accounts/{w.ids['anna']}")["note"]


# --- how one stands to others ---------------------------------------------------------------------


def _open_bob(w: World) -> str:
    """Bob can be followed by colleagues; nobody follows him yet."""
    w.ask(f"/api/v1/accounts/{w.ids['bob']}/unfollow", who="anna", method="POST")
    return w.ids["bob"]


def _follow(w: World) -> str:
    bob = _open_bob(w)
    w.look(f"/api/v1/accounts/{bob}/follow", who="anna", method="POST")
    if w.relation("bob", who="anna")["requested"]:
        w.look(f"/api/v1/follow_requests/{w.ids['anna']}/authorize", who="bob", method="POST")
    return bob


@check("Follow and unfollow", CLIENT)
def account_relationships(w: World) -> None:
    assert str(w.anna.account_relationships([w.ids["bob"]])[0]["id"]) == w.ids["bob"]


@check("Follow and unfollow", CLIENT)
def account_follow(w: World) -> None:
    said = w.anna.account_follow(_open_bob(w))
    seen = w.relation("anna", who="bob")
    assert seen["followed_by"] or seen["requested_by"]
    assert said["following"] or said["requested"]


@check("Follow and unfollow", CLIENT)
def account_unfollow(w: World) -> None:
    w.anna.account_unfollow(_follow(w))
    assert not w.relation("anna", who="bob")["followed_by"]


@check("Follow and unfollow", CLIENT)
def account_followers(w: World) -> None:
    _follow(w)
    assert w.ids["anna"] in ids(w.bob.account_followers(w.ids["bob"]))


@check("Follow and unfollow", CLIENT)
def account_following(w: World) -> None:
    assert _follow(w) in ids(w.anna.account_following(w.ids["anna"]))


@check("Follow and unfollow", CLIENT)
def account_remove_from_followers(w: World) -> None:
    _follow(w)
    w.bob.account_remove_from_followers(w.ids["anna"])
    assert not w.relation("bob", who="anna")["following"]


@check("Follow and unfollow", CLIENT)
def account_familiar_followers(w: World) -> None:
    assert ids(w.anna.account_familiar_followers(w.ids["bob"])) == [w.ids["bob"]]


def _request(w: World) -> str:
    """Anna asks to follow Bob, who lets people in one by one."""
    w.look("/api/v1/accounts/update_credentials", who="bob", method="PATCH", locked=True)
    w.anna.account_follow(_open_bob(w))
    return w.ids["anna"]


@check("Let followers in", CLIENT)
def follow_requests(w: World) -> None:
    assert _request(w) in ids(w.bob.follow_requests())


@check("Let followers in", CLIENT)
def follow_request_authorize(w: World) -> None:
    w.bob.follow_request_authorize(_request(w))
    assert w.relation("bob", who="anna")["following"]


@check("Let followers in", CLIENT)
def follow_request_reject(w: World) -> None:
    w.bob.follow_request_reject(_request(w))
    assert not w.relation("bob", who="anna")["following"]


@check("Block", CLIENT, "account_block", "account_unblock")
def account_block(w: World) -> None:
    w.anna.account_block(w.ids["bob"])
    assert w.relation("bob", who="anna")["blocking"]
    w.anna.account_unblock(w.ids["bob"])
    assert not w.relation("bob", who="anna")["blocking"]


@check("Block", CLIENT)
def blocks(w: World) -> None:
    w.anna.account_block(w.ids["bob"])
    shown = names(w.anna.blocks())
    w.anna.account_unblock(w.ids["bob"])
    assert "bob" in shown


@check("Mute", CLIENT, "account_mute", "account_unmute")
def account_mute(w: World) -> None:
    w.anna.account_mute(w.ids["bob"])
    assert w.relation("bob", who="anna")["muting"]
    w.anna.account_unmute(w.ids["bob"])
    assert not w.relation("bob", who="anna")["muting"]


@check("Mute", CLIENT)
def mutes(w: World) -> None:
    w.anna.account_mute(w.ids["bob"])
    shown = names(w.anna.mutes())
    w.anna.account_unmute(w.ids["bob"])
    assert "bob" in shown


@check("Keep a note about somebody", CLIENT)
def account_note_set(w: World) -> None:
    words = w.text()
    w.anna.account_note_set(w.ids["bob"], words)
    assert w.relation("bob", who="anna")["note"] == words


@check("Show somebody on my profile", CLIENT, "account_endorse", "account_pin", "endorsements")
def account_endorse(w: World) -> None:
    w.anna.account_endorse(_follow(w))
    assert "bob" in names(w.anna.endorsements())
    assert w.relation("bob", who="anna")["endorsed"]


@check("Show somebody on my profile", CLIENT, "account_unendorse", "account_unpin")
def account_unendorse(w: World) -> None:
    w.anna.account_endorse(_follow(w))
    w.anna.account_unendorse(w.ids["bob"])
    assert not w.relation("bob", who="anna")["endorsed"]


@check("Block a server", CLIENT, "domain_block", "domain_blocks", "domain_unblock")
def domain_block(w: World) -> None:
    w.anna.domain_block("ver.example")
    assert "ver.example" in w.look("/api/v1/domain_blocks", who="anna")
    assert "ver.example" in w.anna.domain_blocks()
    w.anna.domain_unblock("ver.example")
    assert "ver.example" not in w.look("/api/v1/domain_blocks", who="anna")


@check("Report", CLIENT)
def report(w: World) -> None:
    made = w.post(who="bob")
    assert w.anna.report(w.ids["bob"], made["id"], comment=w.text())["id"]
    assert made["content"] in w.page("/moderation", who="anna")


# --- posts ----------------------------------------------------------------------------------------


@check("Write a post", CLIENT)
def status_post(w: World) -> None:
    words = w.text()
    made = w.anna.status_post(words, spoiler_text="Pas op", language="nl")
    seen = w.status(made["id"])
    assert words in seen["content"]
    assert (seen["spoiler_text"], seen["language"], seen["visibility"]) == ("Pas op", "nl", "private")
    assert words in w.page(f"/o/{made['id']}")


@check("Write a post", CLIENT)
def toot(w: World) -> None:
    words = w.text()
    assert words in w.status(w.anna.toot(words)["id"])["content"]


@check("Answer a post", CLIENT)
def status_reply(w: World) -> None:
    first = w.bob.status_post(w.text())
    made = w.anna.status_reply(first, w.text())
    assert str(made["id"]) in ids(w.look(f"/api/v1/statuses/{first['id']}/context")["descendants"])


@check("Read a post", CLIENT)
def status(w: World) -> None:
    made = w.post(who="bob")
    assert w.anna.status(made["id"])["content"] == made["content"]


@check("Read a post", CLIENT)
def statuses(w: World) -> None:
    made = [w.post(who="bob")["id"] for _ in range(2)]
    assert sorted(ids(w.anna.statuses(made))) == sorted(made)


@check("Read what stands around a post", CLIENT)
def status_context(w: World) -> None:
    first = w.post()
    second = w.post(who="bob", in_reply_to_id=first["id"])
    third = w.post(in_reply_to_id=second["id"])
    around = w.anna.status_context(second["id"])
    assert (ids(around["ancestors"]), ids(around["descendants"])) == ([first["id"]], [third["id"]])


@check("Change a post", CLIENT)
def status_source(w: World) -> None:
    made = w.post(status="Met *nadruk*")
    assert w.anna.status_source(made["id"])["text"] == "Met *nadruk*"


@check("Change a post", CLIENT)
def status_update(w: World) -> None:
    made, words = w.post(), w.text()
    w.anna.status_update(made["id"], words)
    seen = w.status(made["id"])
    assert words in seen["content"]
    assert seen["edited_at"]


@check("Change a post", CLIENT)
def status_history(w: World) -> None:
    made, words = w.post(), w.text()
    w.anna.status_update(made["id"], words)
    versions = w.bob.status_history(made["id"])
    assert versions[0]["content"] == made["content"]
    assert words in versions[-1]["content"]


@check("Delete a post", CLIENT)
def status_delete(w: World) -> None:
    made = w.post(status="Weg ermee")
    assert w.anna.status_delete(made["id"])["text"] == "Weg ermee"
    assert w.is_gone(f"/api/v1/statuses/{made['id']}")


@check("Like a post", CLIENT)
def status_favourite(w: World) -> None:
    made = w.post(who="bob")
    assert w.anna.status_favourite(made["id"])["favourited"]
    assert w.status(made["id"])["favourites_count"] == 1


@check("Like a post", CLIENT)
def status_unfavourite(w: World) -> None:
    made = w.post(who="bob")
    w.anna.status_favourite(made["id"])
    w.anna.status_unfavourite(made["id"])
    assert w.status(made["id"])["favourites_count"] == 0


@check("Like a post", CLIENT)
def favourites(w: World) -> None:
    made = w.post(who="bob")
    w.anna.status_favourite(made["id"])
    assert made["id"] in ids(w.anna.favourites())


@check("Like a post", CLIENT)
def status_favourited_by(w: World) -> None:
    made = w.post(who="bob")
    w.anna.status_favourite(made["id"])
    assert names(w.bob.status_favourited_by(made["id"])) == ["anna"]


def _open_post(w: World) -> dict[str, Any]:
    """Passing on is for what everybody may read."""
    return w.post(who="bob", visibility="public")


@check("Boost a post", CLIENT)
def status_reblog(w: World) -> None:
    made = _open_post(w)
    assert str(w.anna.status_reblog(made["id"])["reblog"]["id"]) == made["id"]
    assert w.status(made["id"])["reblogs_count"] == 1


@check("Boost a post", CLIENT)
def status_unreblog(w: World) -> None:
    made = _open_post(w)
    w.anna.status_reblog(made["id"])
    w.anna.status_unreblog(made["id"])
    assert w.status(made["id"])["reblogs_count"] == 0


@check("Boost a post", CLIENT)
def status_reblogged_by(w: World) -> None:
    made = _open_post(w)
    w.anna.status_reblog(made["id"])
    assert names(w.bob.status_reblogged_by(made["id"])) == ["anna"]


@check("Keep a post", CLIENT)
def status_bookmark(w: World) -> None:
    made = w.post(who="bob")
    assert w.anna.status_bookmark(made["id"])["bookmarked"]
    assert made["id"] in ids(w.look("/api/v1/bookmarks", who="anna"))


@check("Keep a post", CLIENT)
def status_unbookmark(w: World) -> None:
    made = w.post(who="bob")
    w.anna.status_bookmark(made["id"])
    w.anna.status_unbookmark(made["id"])
    assert made["id"] not in ids(w.look("/api/v1/bookmarks", who="anna"))


@check("Keep a post", CLIENT)
def bookmarks(w: World) -> None:
    made = w.post(who="bob")
    w.look(f"/api/v1/statuses/{made['id']}/bookmark", who="anna", method="POST")
    assert made["id"] in ids(w.anna.bookmarks())


@check("Pin a post to my profile", CLIENT)
def status_pin(w: World) -> None:
    made = w.post()
    w.anna.status_pin(made["id"])
    pinned = w.look(f"/api/v1/accounts/{w.ids['anna']}/statuses", pinned="true")
    w.anna.status_unpin(made["id"])
    assert made["id"] in ids(pinned)


@check("Pin a post to my profile", CLIENT)
def status_unpin(w: World) -> None:
    made = w.post()
    w.anna.status_pin(made["id"])
    w.anna.status_unpin(made["id"])
    pinned = w.look(f"/api/v1/accounts/{w.ids['anna']}/statuses", pinned="true")
    assert made["id"] not in ids(pinned)


@check("Hear no more of a conversation", CLIENT, "status_mute", "status_unmute")
def status_mute(w: World) -> None:
    made = w.post()
    assert w.anna.status_mute(made["id"])["muted"]
    assert w.status(made["id"], who="anna")["muted"]
    assert not w.anna.status_unmute(made["id"])["muted"]
    assert not w.status(made["id"], who="anna")["muted"]


# --- pictures, polls, later -----------------------------------------------------------------------


@check("Send a picture", CLIENT)
def media_post(w: World) -> None:
    sent = w.anna.media_post(picture(), mime_type="image/png", description="Een vlak")
    made = w.anna.status_post(w.text(), media_ids=[sent["id"]])
    shown = w.status(made["id"])["media_attachments"][0]
    assert shown["description"] == "Een vlak"
    assert w.ask(shown["url"].removeprefix(w.node.base)).headers["content-type"].startswith("image/")


@check("Send a picture", CLIENT)
def media(w: World) -> None:
    sent = w.anna.media_post(picture(91), mime_type="image/png", description="Nog een")
    assert w.anna.media(sent["id"])["description"] == "Nog een"


@check("Send a picture", CLIENT)
def media_update(w: World) -> None:
    sent = w.anna.media_post(picture(92), mime_type="image/png")
    w.anna.media_update(sent["id"], description="Beschreven")
    made = w.anna.status_post(w.text(), media_ids=[sent["id"]])
    assert w.status(made["id"])["media_attachments"][0]["description"] == "Beschreven"


def _poll(w: World) -> Any:
    asked = w.bob.make_poll(["Ja", "Nee"], expires_in=3600)
    return w.bob.status_post(w.text(), poll=asked)


@check("Ask with a poll", CLIENT)
def make_poll(w: World) -> None:
    made = _poll(w)
    assert [one["title"] for one in w.status(made["id"], who="anna")["poll"]["options"]] == ["Ja", "Nee"]


@check("Ask with a poll", CLIENT)
def poll(w: World) -> None:
    made = _poll(w)
    assert w.anna.poll(made["poll"]["id"])["options"][0]["title"] == "Ja"


@check("Ask with a poll", CLIENT)
def poll_vote(w: World) -> None:
    made = _poll(w)
    w.anna.poll_vote(made["poll"]["id"], [1])
    assert w.status(made["id"])["poll"]["votes_count"] == 1


def _later(w: World) -> Any:
    return w.anna.status_post(w.text(), scheduled_at=datetime.now(UTC) + timedelta(hours=2))


@check("Write for later", CLIENT)
def scheduled_statuses(w: World) -> None:
    made = _later(w)
    assert str(made["id"]) in ids(w.anna.scheduled_statuses())


@check("Write for later", CLIENT)
def scheduled_status(w: World) -> None:
    made = _later(w)
    assert w.anna.scheduled_status(made["id"])["params"]["text"] == made["params"]["text"]


@check("Write for later", CLIENT)
def scheduled_status_update(w: World) -> None:
    made, moment = _later(w), datetime.now(UTC) + timedelta(hours=5)
    w.anna.scheduled_status_update(made["id"], moment)
    shown = w.look(f"/api/v1/scheduled_statuses/{made['id']}", who="anna")["scheduled_at"]
    assert shown[:16] == moment.isoformat()[:16]


@check("Write for later", CLIENT)
def scheduled_status_delete(w: World) -> None:
    made = _later(w)
    w.anna.scheduled_status_delete(made["id"])
    assert str(made["id"]) not in ids(w.look("/api/v1/scheduled_statuses", who="anna"))


# --- timelines ------------------------------------------------------------------------------------


@check("Read timelines", CLIENT, "timeline_home", "timeline")
def timeline_home(w: World) -> None:
    made = w.post(who="bob")
    assert made["id"] in ids(w.anna.timeline_home())
    assert made["id"] in ids(w.anna.timeline("home"))


@check("Read timelines", CLIENT)
def timeline_local(w: World) -> None:
    made = w.post(who="bob")
    assert made["id"] in ids(w.anna.timeline_local())


@check("Read timelines", CLIENT)
def timeline_public(w: World) -> None:
    made = _open_post(w)
    assert made["id"] in ids(w.anna.timeline_public())


@check("Read timelines", CLIENT)
def timeline_hashtag(w: World) -> None:
    tag = w.word()
    made = w.post(who="bob", status=f"Over #{tag}")
    assert ids(w.anna.timeline_hashtag(tag)) == [made["id"]]


def _list(w: World) -> Any:
    return w.anna.list_create(w.word())


@check("Read timelines", CLIENT)
def timeline_list(w: World) -> None:
    made = _list(w)
    w.anna.list_accounts_add(made["id"], [_follow(w)])
    written = w.post(who="bob")
    assert written["id"] in ids(w.anna.timeline_list(made["id"]))


@check("Turn pages", CLIENT, "fetch_next", "fetch_previous")
def fetch_next(w: World) -> None:
    tag = w.word()
    made = [w.post(status=f"#{tag}")["id"] for _ in range(4)][::-1]
    first = w.bob.timeline_hashtag(tag, limit=2)
    second = w.bob.fetch_next(first)
    assert ids(first) + ids(second) == made
    assert ids(w.bob.fetch_previous(second)) == made[:2]


@check("Turn pages", CLIENT, "fetch_remaining", "pagination_iterator", "pagination_page_iterator")
def fetch_remaining(w: World) -> None:
    tag = w.word()
    made = [w.post(status=f"#{tag}")["id"] for _ in range(5)][::-1]
    first = partial(w.bob.timeline_hashtag, tag, limit=2)
    assert ids(w.bob.fetch_remaining(first())) == made
    assert ids(w.bob.pagination_iterator(first())) == made
    assert [one for turned in w.bob.pagination_page_iterator(first()) for one in ids(turned)] == made


@check("Remember where I stopped reading", CLIENT, "markers_get", "markers_set")
def markers_set(w: World) -> None:
    made = w.post()
    w.anna.markers_set(["home"], [made["id"]])
    assert str(w.anna.markers_get("home")["home"]["last_read_id"]) == made["id"]
    assert (
        w.look("/api/v1/markers", who="anna", **{"timeline[]": "home"})["home"]["last_read_id"] == made["id"]
    )


@check("Know my settings", CLIENT)
def preferences(w: World) -> None:
    assert w.anna.preferences()["posting:default:visibility"] == "private"


# --- lists ----------------------------------------------------------------------------------------


@check("Make lists", CLIENT)
def lists(w: World) -> None:
    made = _list(w)
    assert str(made["id"]) in ids(w.anna.lists())


@check("Make lists", CLIENT)
def list_create(w: World) -> None:
    made = _list(w)
    assert w.look(f"/api/v1/lists/{made['id']}", who="anna")["title"] == made["title"]
    assert w.is_gone(f"/api/v1/lists/{made['id']}", who="bob")


@check("Make lists", CLIENT, "list")
def list_one(w: World) -> None:
    made = _list(w)
    assert w.anna.list(made["id"])["title"] == made["title"]


@check("Make lists", CLIENT)
def list_update(w: World) -> None:
    made, title = _list(w), w.word()
    w.anna.list_update(made["id"], title)
    assert w.look(f"/api/v1/lists/{made['id']}", who="anna")["title"] == title


@check("Make lists", CLIENT)
def list_delete(w: World) -> None:
    made = _list(w)
    w.anna.list_delete(made["id"])
    assert w.is_gone(f"/api/v1/lists/{made['id']}", who="anna")


@check("Make lists", CLIENT, "list_accounts_add", "list_accounts", "account_lists")
def list_accounts_add(w: World) -> None:
    made, bob = _list(w), _follow(w)
    w.anna.list_accounts_add(made["id"], [bob])
    assert ids(w.look(f"/api/v1/lists/{made['id']}/accounts", who="anna")) == [bob]
    assert ids(w.anna.list_accounts(made["id"])) == [bob]
    assert str(made["id"]) in ids(w.anna.account_lists(bob))


@check("Make lists", CLIENT)
def list_accounts_delete(w: World) -> None:
    made, bob = _list(w), _follow(w)
    w.anna.list_accounts_add(made["id"], [bob])
    w.anna.list_accounts_delete(made["id"], [bob])
    assert w.look(f"/api/v1/lists/{made['id']}/accounts", who="anna") == []


# --- notifications --------------------------------------------------------------------------------


def _mentioned(w: World) -> tuple[str, str]:
    """A post in which Bob names Anna, and her notification of it."""
    made = w.post(who="bob", status=f"Dag @anna {w.text()}")

    def find() -> str | None:
        told = w.look("/api/v1/notifications", who="anna")
        return next((one["id"] for one in told if (one.get("status") or {}).get("id") == made["id"]), None)

    return made["id"], w.eventually(find)


@check("Read notifications", CLIENT)
def notifications(w: World) -> None:
    made, notice = _mentioned(w)
    found = w.anna.notifications(types=["mention"])
    assert made in ids(one["status"] for one in found)
    assert str(w.anna.notifications(id=notice)["status"]["id"]) == made


@check("Read notifications", CLIENT)
def notifications_unread_count(w: World) -> None:
    _mentioned(w)
    assert w.anna.notifications_unread_count()["count"] >= 1


@check("Clear notifications", CLIENT)
def notifications_dismiss(w: World) -> None:
    _, notice = _mentioned(w)
    w.anna.notifications_dismiss(notice)
    assert w.is_gone(f"/api/v1/notifications/{notice}", who="anna")


@check("Clear notifications", CLIENT)
def notifications_clear(w: World) -> None:
    _mentioned(w)
    w.anna.notifications_clear()
    assert w.look("/api/v1/notifications", who="anna") == []


def _group(w: World) -> tuple[str, str]:
    """A post of Anna that Bob likes, and the group of her notification."""
    made = w.post()
    w.bob.status_favourite(made["id"])

    def find() -> str | None:
        told = w.look("/api/v2/notifications", who="anna")["notification_groups"]
        return next((one["group_key"] for one in told if one.get("status_id") == made["id"]), None)

    return made["id"], w.eventually(find)


@check("Read grouped notifications", CLIENT)
def grouped_notifications(w: World) -> None:
    made, key = _group(w)
    found = w.anna.grouped_notifications()
    assert key in [one["group_key"] for one in found["notification_groups"]]
    assert made in ids(found["statuses"])


@check("Read grouped notifications", CLIENT, "grouped_notification", "grouped_notification_accounts")
def grouped_notification(w: World) -> None:
    _, key = _group(w)
    assert w.anna.grouped_notification(key)["notification_groups"][0]["group_key"] == key
    assert names(w.anna.grouped_notification_accounts(key)) == ["bob"]


@check("Read grouped notifications", CLIENT)
def dismiss_grouped_notification(w: World) -> None:
    _, key = _group(w)
    w.anna.dismiss_grouped_notification(key)
    told = w.look("/api/v2/notifications", who="anna")["notification_groups"]
    assert key not in [one["group_key"] for one in told]


@check("Read grouped notifications", CLIENT)
def unread_grouped_notifications_count(w: World) -> None:
    _group(w)
    assert w.anna.unread_grouped_notifications_count() >= 1


@check("Filter notifications", CLIENT, "notifications_policy", "update_notifications_policy")
def update_notifications_policy(w: World) -> None:
    w.anna.update_notifications_policy(for_not_following="filter")
    shown = w.look("/api/v2/notifications/policy", who="anna")
    w.anna.update_notifications_policy(for_not_following="accept")
    assert shown["for_not_following"] == "filter"
    assert w.anna.notifications_policy()["for_not_following"] == "accept"


@check(
    "Filter notifications",
    CLIENT,
    "notification_requests",
    "notification_request",
    "accept_notification_request",
    "accept_multiple_notification_requests",
    "dismiss_notification_request",
    "dismiss_multiple_notification_requests",
    "notifications_merged",
)
def notification_requests(w: World) -> None:
    w.anna.update_notifications_policy(for_not_following="filter")
    w.post(who="bob", status=f"Dag @anna {w.text()}")
    asked = w.anna.notification_requests()
    w.anna.update_notifications_policy(for_not_following="accept")
    w.anna.accept_notification_request(asked[0]["id"])
    assert w.anna.notifications_merged()


# --- filters --------------------------------------------------------------------------------------


def _filter(w: World) -> tuple[Any, str]:
    word = w.word()
    keywords = [{"keyword": word, "whole_word": True}]
    return w.anna.create_filter_v2(w.word(), ["home"], "warn", keywords_attributes=keywords), word


@check("Filter words", CLIENT)
def create_filter_v2(w: World) -> None:
    made, word = _filter(w)
    written = w.post(who="bob", status=f"Iets met {word}")
    hit = w.status(written["id"], who="anna")["filtered"]
    assert [one["filter"]["id"] for one in hit] == [str(made["id"])]


@check("Filter words", CLIENT, "filters_v2", "filter_v2")
def filters_v2(w: World) -> None:
    made, word = _filter(w)
    assert str(made["id"]) in ids(w.anna.filters_v2())
    assert w.anna.filter_v2(made["id"])["keywords"][0]["keyword"] == word


@check("Filter words", CLIENT)
def update_filter_v2(w: World) -> None:
    (made, _), title = _filter(w), w.word()
    w.anna.update_filter_v2(made["id"], title=title, filter_action="hide")
    shown = w.look(f"/api/v2/filters/{made['id']}", who="anna")
    assert (shown["title"], shown["filter_action"]) == (title, "hide")


@check("Filter words", CLIENT)
def delete_filter_v2(w: World) -> None:
    made, _ = _filter(w)
    w.anna.delete_filter_v2(made["id"])
    assert w.is_gone(f"/api/v2/filters/{made['id']}", who="anna")


@check("Filter words", CLIENT, "filter_keywords_v2", "add_filter_keyword_v2", "delete_filter_keyword_v2")
def add_filter_keyword_v2(w: World) -> None:
    made, word = _filter(w)
    added = w.anna.add_filter_keyword_v2(made["id"], "tweede")
    shown = w.look(f"/api/v2/filters/{made['id']}", who="anna")["keywords"]
    assert sorted(one["keyword"] for one in shown) == sorted([word, "tweede"])
    w.anna.delete_filter_keyword_v2(added["id"])
    assert [one["keyword"] for one in w.anna.filter_keywords_v2(made["id"])] == [word]


@check(
    "Filter words",
    CLIENT,
    "filter_statuses_v2",
    "filter_status_v2",
    "add_filter_status_v2",
    "delete_filter_status_v2",
)
def add_filter_status_v2(w: World) -> None:
    (made, _), written = _filter(w), w.post(who="bob")
    added = w.anna.add_filter_status_v2(made["id"], written["id"])
    assert w.status(written["id"], who="anna")["filtered"]
    assert str(w.anna.filter_status_v2(added["id"])["status_id"]) == written["id"]
    w.anna.delete_filter_status_v2(added["id"])
    assert w.anna.filter_statuses_v2(made["id"]) == []


@check(
    "Filter words, the old way",
    CLIENT,
    "filter_create",
    "filters",
    "filter",
    "filter_update",
    "filter_delete",
)
def filter_create(w: World) -> None:
    word = w.word()
    made = w.anna.filter_create(word, ["home"])
    assert str(made["id"]) in ids(w.anna.filters())
    written = w.post(who="bob", status=f"Iets met {word}")
    assert w.status(written["id"], who="anna")["filtered"]
    w.anna.filter_update(made["id"], phrase=f"{word}anders")
    assert w.anna.filter(made["id"])["phrase"] == f"{word}anders"
    w.anna.filter_delete(made["id"])
    assert w.is_gone(f"/api/v1/filters/{made['id']}", who="anna")


# --- conversations, tags, search, the rest --------------------------------------------------------


def _talk(w: World) -> str:
    made = w.post(who="bob", status=f"@anna {w.text()}", visibility="direct")

    def find() -> str | None:
        told = w.look("/api/v1/conversations", who="anna")
        return next((one["id"] for one in told if one["last_status"]["id"] == made["id"]), None)

    return w.eventually(find)


@check("Write personal messages", CLIENT)
def conversations(w: World) -> None:
    assert _talk(w) in ids(w.anna.conversations())


@check("Write personal messages", CLIENT)
def conversations_read(w: World) -> None:
    one = _talk(w)
    w.anna.conversations_read(one)
    told = {talk["id"]: talk["unread"] for talk in w.look("/api/v1/conversations", who="anna")}
    assert told[one] is False


@check("Follow tags", CLIENT)
def tag(w: World) -> None:
    word = w.word()
    w.post(status=f"#{word}")
    assert w.anna.tag(word)["name"] == word


@check("Follow tags", CLIENT, "tag_follow", "followed_tags")
def tag_follow(w: World) -> None:
    word = w.word()
    w.post(who="bob", status=f"#{word}")
    assert w.anna.tag_follow(word)["following"]
    assert word in [one["name"] for one in w.look("/api/v1/followed_tags", who="anna")]
    assert word in [one["name"] for one in w.anna.followed_tags()]


@check("Follow tags", CLIENT)
def tag_unfollow(w: World) -> None:
    word = w.word()
    w.post(who="bob", status=f"#{word}")
    w.anna.tag_follow(word)
    w.anna.tag_unfollow(word)
    assert word not in [one["name"] for one in w.look("/api/v1/followed_tags", who="anna")]


@check(
    "Show tags on my profile",
    CLIENT,
    "featured_tag_create",
    "featured_tags",
    "featured_tag_delete",
    "featured_tag_suggestions",
    "account_featured_tags",
    "tag_feature",
    "tag_unfeature",
)
def featured_tag_create(w: World) -> None:
    made = w.anna.featured_tag_create(w.word())
    assert made["name"] in [one["name"] for one in w.bob.account_featured_tags(w.ids["anna"])]
    w.anna.featured_tag_delete(made["id"])
    assert made["name"] not in [one["name"] for one in w.anna.featured_tags()]


@check("Search", CLIENT, "search", "search_v2")
def search(w: World) -> None:
    word = w.word()
    made = w.post(who="bob", status=f"Zoek naar {word}")
    for find in (w.anna.search, w.anna.search_v2):
        assert made["id"] in ids(find(word)["statuses"])
        assert "bob" in names(find("bob")["accounts"])


@check("Read what is on the rise", CLIENT, "trending_tags", "trending_statuses", "trending_links")
def trending_tags(w: World) -> None:
    assert (w.anna.trending_tags(), w.anna.trending_statuses(), w.anna.trending_links()) == ([], [], [])


@check("Read what is on the rise", CLIENT, "suggestions", "suggestions_v2", "suggestion_delete")
def suggestions(w: World) -> None:
    assert [one["account"]["username"] for one in w.anna.suggestions()] == ["bob"]
    w.anna.suggestion_delete(w.ids["bob"])
    assert w.look("/api/v2/suggestions", who="anna") == []


@check(
    "Be told while the app is closed",
    CLIENT,
    "push_subscription_set",
    "push_subscription",
    "push_subscription_update",
    "push_subscription_delete",
)
def push_subscription_set(w: World) -> None:
    _, public = w.anna.push_subscription_generate_keys()
    made = w.anna.push_subscription_set("https://push.example/1", public, mention_events=True)
    assert str(made["endpoint"]) == w.look("/api/v1/push/subscription", who="anna")["endpoint"]
    assert not w.anna.push_subscription_update(mention_events=False)["alerts"]["mention"]
    w.anna.push_subscription_delete()
    assert w.is_gone("/api/v1/push/subscription", who="anna")


# --- streaming ------------------------------------------------------------------------------------


class Listener(mastodon.StreamListener):
    """Keeps the first event of a kind that fits."""

    def __init__(self) -> None:
        self.came: list[tuple[str, Any]] = []
        self.news = threading.Event()

    def _take(self, kind: str, what: Any) -> None:
        self.came.append((kind, what))
        self.news.set()

    def on_update(self, status: Any) -> None:
        self._take("update", status)

    def on_status_update(self, status: Any) -> None:
        self._take("status.update", status)

    def on_notification(self, notification: Any) -> None:
        self._take("notification", notification)

    def on_delete(self, status_id: Any) -> None:
        self._take("delete", status_id)

    def wait(self, kind: str, text: str) -> None:
        pause = threading.Event()
        for _ in range(int(PATIENCE_SECONDS * 20)):
            if any(one == kind and text in str(what) for one, what in list(self.came)):
                return
            pause.wait(0.05)
        raise AssertionError(f"no {kind} came")


def _hear(start: Callable[..., Any], act: Callable[[], str], kind: str) -> None:
    heard = Listener()
    stream = start(heard, run_async=True, timeout=PATIENCE_SECONDS)
    try:
        heard.wait(kind, act())
    finally:
        stream.close()


def _written(w: World, **form: Any) -> str:
    return str(w.post(who="bob", **form)["id"])


@check("Hear at once what is new", CLIENT)
def stream_user(w: World) -> None:
    _hear(w.anna.stream_user, lambda: _written(w), "update")
    _hear(w.anna.stream_user, lambda: _written(w, status=f"@anna {w.text()}"), "notification")


@check("Hear at once what is new", CLIENT)
def stream_local(w: World) -> None:
    _hear(w.anna.stream_local, lambda: _written(w), "update")


@check("Hear at once what is new", CLIENT)
def stream_public(w: World) -> None:
    _hear(w.anna.stream_public, lambda: _written(w, visibility="public"), "update")


@check("Hear at once what is new", CLIENT)
def stream_hashtag(w: World) -> None:
    word = w.word()
    _hear(partial(w.anna.stream_hashtag, word), lambda: _written(w, status=f"#{word}"), "update")


@check("Hear at once what is new", CLIENT)
def stream_list(w: World) -> None:
    made = _list(w)
    w.anna.list_accounts_add(made["id"], [_follow(w)])
    _hear(partial(w.anna.stream_list, made["id"]), lambda: _written(w), "update")
