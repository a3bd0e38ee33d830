"""Every command of toot, each named like its check; `--json` only where words would be cut off."""

import json
from typing import Any

from tests.clients.matrix import check
from tests.clients.world import World, picture

CLIENT = "toot"


def told(w: World, *words: str, who: str = "anna") -> Any:
    return json.loads(w.toot(*words, "--json", who=who))


def ids(found: Any) -> list[str]:
    return [str(one["id"]) for one in found]


@check("Log in", CLIENT, "login")
def login(w: World) -> None:
    """The code is not known before the command has shown an address, so the app is registered first."""
    w.toot("auth")
    config = w.folder / "toot" / "config.json"
    known: dict[str, Any] = {"apps": {}, "users": {}, "active_user": None}
    config.write_text(json.dumps(known))
    shown = w.toot_as_it_is("login", "--instance", w.node.base, typed="n\nnietgoed\n", fails=True)
    address = next(line for line in shown.splitlines() if "/oauth/authorize" in line).strip()
    code = w.allow("anna", address)
    w.toot_as_it_is("login", "--instance", w.node.base, typed=f"n\n{code}\n")
    assert json.loads(config.read_text())["active_user"] == f"anna@{w.node.domain}"
    assert "toot" in w.page("/settings/apps", who="anna")


@check("Log in", CLIENT, "auth")
def auth(w: World) -> None:
    assert f"anna@{w.node.domain}" in w.toot("auth")


@check("Log in", CLIENT, "activate")
def activate(w: World) -> None:
    w.toot("activate", f"bob@{w.node.domain}")
    assert "@bob" in w.toot_as_it_is("whoami")


@check("Log out", CLIENT, "logout")
def logout(w: World) -> None:
    w.toot("logout", f"bob@{w.node.domain}")
    assert "bob@" not in w.toot_as_it_is("auth")


@check("Log in with the password in the app", CLIENT, "login_cli")
def login_cli(w: World) -> None:
    w.toot("login_cli", "--instance", w.node.base, "--email", "anna", "--password", "iets")


@check("Know the node", CLIENT, "instance")
def instance(w: World) -> None:
    assert w.look("/api/v1/instance")["title"] in w.toot("instance")


@check("Know the node", CLIENT, "diag")
def diag(w: World) -> None:
    assert w.look("/api/v1/instance")["version"] in w.toot("diag", "--server")


@check("Who am I", CLIENT, "whoami")
def whoami(w: World) -> None:
    assert told(w, "whoami")["id"] == w.look("/api/v1/accounts/lookup", acct="anna")["id"]


@check("Read somebody's profile", CLIENT, "whois")
def whois(w: World) -> None:
    assert told(w, "whois", "bob")["id"] == w.ids["bob"]


@check("Change my profile", CLIENT, "update-account")
def update_account(w: World) -> None:
    words = w.text()
    w.toot("update-account", "--note", words)
    assert words in w.look(f"/api/v1/accounts/{w.ids['anna']}")["note"]


def _follow(w: World) -> None:
    w.toot("follow", "bob")
    if w.relation("bob", who="anna")["requested"]:
        w.toot("follow-requests", "accept", "anna", who="bob")


@check("Follow and unfollow", CLIENT, "follow")
def follow(w: World) -> None:
    w.toot("follow", "bob")
    seen = w.relation("anna", who="bob")
    assert seen["followed_by"] or seen["requested_by"]


@check("Follow and unfollow", CLIENT, "unfollow")
def unfollow(w: World) -> None:
    _follow(w)
    w.toot("unfollow", "bob")
    assert not w.relation("anna", who="bob")["followed_by"]


@check("Follow and unfollow", CLIENT, "followers", "following")
def followers(w: World) -> None:
    _follow(w)
    assert "anna" in w.toot("followers", "bob", who="bob")
    assert "bob" in w.toot("following", "anna")


def _request(w: World) -> None:
    w.toot("update-account", "--locked", who="bob")
    if w.relation("bob", who="anna")["following"]:
        w.toot("unfollow", "bob")
    w.toot("follow", "bob")


@check("Let followers in", CLIENT, "follow-requests accept", "follow-requests list")
def accept(w: World) -> None:
    _request(w)
    assert "anna" in w.toot("follow-requests", "list", who="bob")
    w.toot("follow-requests", "accept", "anna", who="bob")
    assert w.relation("bob", who="anna")["following"]


@check("Let followers in", CLIENT, "follow-requests reject")
def reject(w: World) -> None:
    _request(w)
    w.toot("follow-requests", "reject", "anna", who="bob")
    assert not w.relation("bob", who="anna")["following"]


@check("Block", CLIENT, "block", "blocked", "unblock")
def block(w: World) -> None:
    w.toot("block", "bob")
    assert w.relation("bob", who="anna")["blocking"]
    shown = w.toot("blocked")
    w.toot("unblock", "bob")
    assert "bob" in shown
    assert not w.relation("bob", who="anna")["blocking"]


@check("Mute", CLIENT, "mute", "muted", "unmute")
def mute(w: World) -> None:
    w.toot("mute", "bob")
    assert w.relation("bob", who="anna")["muting"]
    shown = w.toot("muted")
    w.toot("unmute", "bob")
    assert "bob" in shown
    assert not w.relation("bob", who="anna")["muting"]


@check("Write a post", CLIENT, "post")
def post(w: World) -> None:
    words = w.text()
    made = told(w, "post", words, "--spoiler-text", "Pas op", "--language", "nl")
    assert words in w.status(made["id"])["content"]
    assert words in w.page(f"/o/{made['id']}")


@check("Answer a post", CLIENT, "post --reply-to")
def reply(w: World) -> None:
    first = w.post(who="bob")
    made = told(w, "post", "--reply-to", first["id"], w.text())
    assert w.status(made["id"])["in_reply_to_id"] == first["id"]


@check("Write for later", CLIENT, "post --scheduled-in")
def scheduled(w: World) -> None:
    words = w.text()
    w.toot("post", "--scheduled-in", "2 hours", words)
    assert words in str(w.look("/api/v1/scheduled_statuses", who="anna"))


@check("Ask with a poll", CLIENT, "post --poll-option")
def poll(w: World) -> None:
    made = told(w, "post", "--poll-option", "Ja", "--poll-option", "Nee", w.text())
    assert len(w.status(made["id"])["poll"]["options"]) == 2


@check("Ask with a poll", CLIENT, "polls show", "polls vote")
def vote(w: World) -> None:
    made = told(w, "post", "--poll-option", "Ja", "--poll-option", "Nee", w.text())
    number = made["poll"]["id"]
    assert "Nee" in w.toot("polls", "show", number, who="bob")
    w.toot("polls", "vote", number, "1", who="bob")
    assert w.status(made["id"], who="anna")["poll"]["votes_count"] == 1


@check("Send a picture", CLIENT, "upload")
def upload(w: World) -> None:
    path = w.folder / "vlak.png"
    path.write_bytes(picture(10))
    sent = told(w, "upload", str(path), "--description", "Een vlak")
    assert w.look(f"/api/v1/media/{sent['id']}", who="anna")["description"] == "Een vlak"


@check("Send a picture", CLIENT, "post --media")
def media(w: World) -> None:
    path = w.folder / "vlak.png"
    path.write_bytes(picture(20))
    made = told(w, "post", "--media", str(path), "--description", "Een vlak", w.text())
    assert w.status(made["id"])["media_attachments"][0]["description"] == "Een vlak"


@check("Read a post", CLIENT, "status")
def status(w: World) -> None:
    made = w.post(who="bob")
    assert told(w, "status", made["id"])["content"] == made["content"]


@check("Read what stands around a post", CLIENT, "thread")
def thread(w: World) -> None:
    words = w.text()
    first = w.post(who="bob")
    w.post(in_reply_to_id=first["id"], status=words)
    assert words in w.toot("thread", first["id"])


@check("Delete a post", CLIENT, "delete")
def delete(w: World) -> None:
    made = w.post()
    w.toot("delete", made["id"])
    assert w.is_gone(f"/api/v1/statuses/{made['id']}")


@check("Like a post", CLIENT, "favourite", "unfavourite")
def favourite(w: World) -> None:
    made = w.post(who="bob")
    w.toot("favourite", made["id"])
    assert w.status(made["id"])["favourites_count"] == 1
    w.toot("unfavourite", made["id"])
    assert w.status(made["id"])["favourites_count"] == 0


@check("Like a post", CLIENT, "timelines favourites")
def favourites(w: World) -> None:
    made = w.post(who="bob")
    w.toot("favourite", made["id"])
    assert made["id"] in ids(told(w, "timelines", "favourites"))


@check("Boost a post", CLIENT, "reblog", "reblogged-by", "unreblog")
def reblog(w: World) -> None:
    made = w.post(who="bob", visibility="public")
    w.toot("reblog", made["id"])
    assert w.status(made["id"])["reblogs_count"] == 1
    assert "anna" in w.toot("reblogged-by", made["id"], who="bob")
    w.toot("unreblog", made["id"])
    assert w.status(made["id"])["reblogs_count"] == 0


@check("Keep a post", CLIENT, "bookmark", "bookmarks", "unbookmark")
def bookmark(w: World) -> None:
    words = w.text()
    made = w.post(who="bob", status=words)
    w.toot("bookmark", made["id"])
    assert made["id"] in ids(w.look("/api/v1/bookmarks", who="anna"))
    assert words in w.toot("bookmarks", "--once")
    w.toot("unbookmark", made["id"])
    assert made["id"] not in ids(w.look("/api/v1/bookmarks", who="anna"))


@check("Pin a post to my profile", CLIENT, "pin", "unpin")
def pin(w: World) -> None:
    made = w.post()
    w.toot("pin", made["id"])
    pinned = w.look(f"/api/v1/accounts/{w.ids['anna']}/statuses", pinned="true")
    w.toot("unpin", made["id"])
    assert made["id"] in ids(pinned)


@check("Read timelines", CLIENT, "timelines home")
def home(w: World) -> None:
    made = w.post(who="bob")
    assert made["id"] in ids(told(w, "timelines", "home"))


@check("Read timelines", CLIENT, "timelines public")
def public(w: World) -> None:
    made = w.post(who="bob", visibility="public")
    assert made["id"] in ids(told(w, "timelines", "public"))


@check("Read timelines", CLIENT, "timelines tag")
def tag(w: World) -> None:
    word = w.word()
    made = w.post(who="bob", status=f"#{word}")
    assert ids(told(w, "timelines", "tag", word)) == [made["id"]]


@check("Read timelines", CLIENT, "timeline")
def timeline(w: World) -> None:
    words = w.text()
    w.post(who="bob", status=words)
    assert words in w.toot("timeline", "--once")


@check("Read timelines", CLIENT, "timelines list")
def list_timeline(w: World) -> None:
    title = w.word()
    _follow(w)
    w.toot("lists", "create", title)
    w.toot("lists", "add", title, "bob")
    made = w.post(who="bob")
    assert made["id"] in ids(told(w, "timelines", "list", title))


@check("Read somebody's posts", CLIENT, "timelines account")
def account(w: World) -> None:
    made = w.post(who="bob")
    assert made["id"] in ids(told(w, "timelines", "account", "bob"))


@check("Read what is on the rise", CLIENT, "timelines trending")
def trending(w: World) -> None:
    assert told(w, "timelines", "trending") == []


@check("Make lists", CLIENT, "lists create", "lists list", "lists delete")
def lists(w: World) -> None:
    title = w.word()
    w.toot("lists", "create", title)
    assert title in [one["title"] for one in w.look("/api/v1/lists", who="anna")]
    assert title in w.toot("lists", "list")
    w.toot("lists", "delete", title)
    assert title not in [one["title"] for one in w.look("/api/v1/lists", who="anna")]


@check("Make lists", CLIENT, "lists add", "lists accounts", "lists remove")
def list_accounts(w: World) -> None:
    title = w.word()
    _follow(w)
    w.toot("lists", "create", title)
    number = next(one["id"] for one in w.look("/api/v1/lists", who="anna") if one["title"] == title)
    w.toot("lists", "add", title, "bob")
    assert ids(w.look(f"/api/v1/lists/{number}/accounts", who="anna")) == [w.ids["bob"]]
    assert "bob" in w.toot("lists", "accounts", title)
    w.toot("lists", "remove", title, "bob")
    assert w.look(f"/api/v1/lists/{number}/accounts", who="anna") == []


@check("Read notifications", CLIENT, "notifications")
def notifications(w: World) -> None:
    words = w.text()
    w.post(who="bob", status=f"@anna {words}")
    assert w.eventually(lambda: words in w.toot("notifications"))


@check("Clear notifications", CLIENT, "notifications --clear")
def clear(w: World) -> None:
    w.post(who="bob", status=f"@anna {w.text()}")
    w.eventually(lambda: w.look("/api/v1/notifications", who="anna"))
    w.toot("notifications", "--clear")
    assert w.look("/api/v1/notifications", who="anna") == []


@check("Follow tags", CLIENT, "tags follow", "tags followed", "tags info", "tags unfollow")
def tags(w: World) -> None:
    word = w.word()
    w.post(who="bob", status=f"#{word}")
    w.toot("tags", "follow", word)
    assert word in [one["name"] for one in w.look("/api/v1/followed_tags", who="anna")]
    assert word in w.toot("tags", "followed")
    assert word in w.toot("tags", "info", word)
    w.toot("tags", "unfollow", word)
    assert word not in [one["name"] for one in w.look("/api/v1/followed_tags", who="anna")]


@check("Show tags on my profile", CLIENT, "tags feature", "tags featured", "tags unfeature")
def featured(w: World) -> None:
    word = w.word()
    w.toot("tags", "feature", word)
    assert word in w.toot("tags", "featured")
    w.toot("tags", "unfeature", word)
    assert word not in w.toot("tags", "featured")


@check("Search", CLIENT, "search")
def search(w: World) -> None:
    word = w.word()
    made = w.post(who="bob", status=f"Zoek naar {word}")
    assert made["id"] in ids(told(w, "search", word)["statuses"])
