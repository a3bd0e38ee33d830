"""The main calls of masto.js, each named like its check; what stands in brackets goes to `$select`."""

from typing import Any

from tests.clients.matrix import check
from tests.clients.world import World, picture_text

CLIENT = "masto.js"


def ids(found: Any) -> list[str]:
    return [str(one["id"]) for one in found]


@check("Know the node", CLIENT, "v2.instance.fetch", "v1.instance.fetch")
def instance(w: World) -> None:
    title = w.look("/api/v2/instance")["title"]
    assert w.js("v2.instance.fetch")["title"] == w.js("v1.instance.fetch")["title"] == title


@check("Who am I", CLIENT, "v1.accounts.verifyCredentials")
def me(w: World) -> None:
    assert w.js("v1.accounts.verifyCredentials")["id"] == w.ids["anna"]


@check("Read somebody's profile", CLIENT, "v1.accounts.$select.fetch")
def account(w: World) -> None:
    assert w.js(f"v1.accounts[{w.ids['bob']}].fetch")["username"] == "bob"


@check("Find people", CLIENT, "v1.accounts.lookup", "v1.accounts.search.list")
def look_up(w: World) -> None:
    assert w.js("v1.accounts.lookup", {"acct": "bob"})["id"] == w.ids["bob"]
    assert w.ids["bob"] in ids(w.js("v1.accounts.search.list", {"q": "bob"}))


@check("Read somebody's posts", CLIENT, "v1.accounts.$select.statuses.list")
def account_statuses(w: World) -> None:
    made = w.post(who="bob")
    assert made["id"] in ids(w.js(f"v1.accounts[{w.ids['bob']}].statuses.list"))


@check("Change my profile", CLIENT, "v1.accounts.updateCredentials")
def update(w: World) -> None:
    words = w.text()
    w.js("v1.accounts.updateCredentials", {"note": words})
    assert words in w.look(f"/api/v1/accounts/{w.ids['anna']}")["note"]


@check("Follow and unfollow", CLIENT, "v1.accounts.relationships.fetch")
def relationships(w: World) -> None:
    assert ids(w.js("v1.accounts.relationships.fetch", {"id": [w.ids["bob"]]})) == [w.ids["bob"]]


@check("Follow and unfollow", CLIENT, "v1.accounts.$select.follow", "v1.accounts.$select.unfollow")
def follow(w: World) -> None:
    w.js(f"v1.accounts[{w.ids['bob']}].follow")
    seen = w.relation("anna", who="bob")
    assert seen["followed_by"] or seen["requested_by"]
    w.js(f"v1.accounts[{w.ids['bob']}].unfollow")
    assert not w.relation("anna", who="bob")["followed_by"]


@check("Block", CLIENT, "v1.accounts.$select.block", "v1.accounts.$select.unblock")
def block(w: World) -> None:
    w.js(f"v1.accounts[{w.ids['bob']}].block")
    assert w.relation("bob", who="anna")["blocking"]
    w.js(f"v1.accounts[{w.ids['bob']}].unblock")
    assert not w.relation("bob", who="anna")["blocking"]


@check("Mute", CLIENT, "v1.accounts.$select.mute", "v1.accounts.$select.unmute")
def mute(w: World) -> None:
    w.js(f"v1.accounts[{w.ids['bob']}].mute")
    assert w.relation("bob", who="anna")["muting"]
    w.js(f"v1.accounts[{w.ids['bob']}].unmute")
    assert not w.relation("bob", who="anna")["muting"]


@check("Write a post", CLIENT, "v1.statuses.create")
def create(w: World) -> None:
    words = w.text()
    made = w.js("v1.statuses.create", {"status": words, "spoilerText": "Pas op", "language": "nl"})
    seen = w.status(made["id"])
    assert words in seen["content"]
    assert seen["spoiler_text"] == "Pas op"
    assert words in w.page(f"/o/{made['id']}")


@check("Answer a post", CLIENT, "v1.statuses.create")
def answer(w: World) -> None:
    first = w.post(who="bob")
    made = w.js("v1.statuses.create", {"status": w.text(), "inReplyToId": first["id"]})
    assert w.status(made["id"])["in_reply_to_id"] == first["id"]


@check("Read a post", CLIENT, "v1.statuses.$select.fetch", "v1.statuses.list")
def fetch(w: World) -> None:
    made = w.post(who="bob")
    assert w.js(f"v1.statuses[{made['id']}].fetch")["content"] == made["content"]
    assert ids(w.js("v1.statuses.list", {"id": [made["id"]]})) == [made["id"]]


@check("Read what stands around a post", CLIENT, "v1.statuses.$select.context.fetch")
def context(w: World) -> None:
    first = w.post()
    second = w.post(who="bob", in_reply_to_id=first["id"])
    assert ids(w.js(f"v1.statuses[{second['id']}].context.fetch")["ancestors"]) == [first["id"]]


@check("Change a post", CLIENT, "v1.statuses.$select.update", "v1.statuses.$select.source.fetch")
def edit(w: World) -> None:
    made, words = w.post(), w.text()
    w.js(f"v1.statuses[{made['id']}].update", {"status": words})
    assert words in w.status(made["id"])["content"]
    assert w.js(f"v1.statuses[{made['id']}].source.fetch")["text"] == words


@check("Change a post", CLIENT, "v1.statuses.$select.history.list")
def history(w: World) -> None:
    made = w.post()
    w.js(f"v1.statuses[{made['id']}].update", {"status": w.text()})
    assert w.js(f"v1.statuses[{made['id']}].history.list")[0]["content"] == made["content"]


@check("Delete a post", CLIENT, "v1.statuses.$select.remove")
def remove(w: World) -> None:
    made = w.post()
    w.js(f"v1.statuses[{made['id']}].remove")
    assert w.is_gone(f"/api/v1/statuses/{made['id']}")


@check("Like a post", CLIENT, "v1.statuses.$select.favourite", "v1.statuses.$select.unfavourite")
def favourite(w: World) -> None:
    made = w.post(who="bob")
    w.js(f"v1.statuses[{made['id']}].favourite")
    assert w.status(made["id"])["favourites_count"] == 1
    w.js(f"v1.statuses[{made['id']}].unfavourite")
    assert w.status(made["id"])["favourites_count"] == 0


@check("Like a post", CLIENT, "v1.favourites.list")
def favourites(w: World) -> None:
    made = w.post(who="bob")
    w.js(f"v1.statuses[{made['id']}].favourite")
    assert made["id"] in ids(w.js("v1.favourites.list"))


@check("Boost a post", CLIENT, "v1.statuses.$select.reblog", "v1.statuses.$select.unreblog")
def reblog(w: World) -> None:
    made = w.post(who="bob", visibility="public")
    w.js(f"v1.statuses[{made['id']}].reblog")
    assert w.status(made["id"])["reblogs_count"] == 1
    w.js(f"v1.statuses[{made['id']}].unreblog")
    assert w.status(made["id"])["reblogs_count"] == 0


@check("Keep a post", CLIENT, "v1.statuses.$select.bookmark", "v1.bookmarks.list")
def bookmark(w: World) -> None:
    made = w.post(who="bob")
    w.js(f"v1.statuses[{made['id']}].bookmark")
    assert made["id"] in ids(w.look("/api/v1/bookmarks", who="anna"))
    assert made["id"] in ids(w.js("v1.bookmarks.list"))


@check("Send a picture", CLIENT, "v2.media.create", "v1.media.$select.update")
def media(w: World) -> None:
    sent = w.js("v2.media.create", {"file": picture_text(30), "description": "Een vlak"})
    w.js(f"v1.media[{sent['id']}].update", {"description": "Beschreven"})
    made = w.js("v1.statuses.create", {"status": w.text(), "mediaIds": [sent["id"]]})
    assert w.status(made["id"])["media_attachments"][0]["description"] == "Beschreven"


@check("Ask with a poll", CLIENT, "v1.polls.$select.votes.create")
def poll(w: World) -> None:
    asked = {"status": w.text(), "poll": {"options": ["Ja", "Nee"], "expiresIn": 3600}}
    made = w.js("v1.statuses.create", asked)
    w.js(f"v1.polls[{made['poll']['id']}].votes.create", {"choices": [0]}, who="bob")
    assert w.status(made["id"], who="anna")["poll"]["votes_count"] == 1


@check("Write for later", CLIENT, "v1.scheduledStatuses.list", "v1.scheduledStatuses.$select.remove")
def scheduled(w: World) -> None:
    asked = {"status": w.text(), "scheduledAt": "2099-01-01T10:00:00.000Z"}
    made = w.js("v1.statuses.create", asked)
    assert made["id"] in ids(w.js("v1.scheduledStatuses.list"))
    w.js(f"v1.scheduledStatuses[{made['id']}].remove")
    assert made["id"] not in ids(w.look("/api/v1/scheduled_statuses", who="anna"))


@check("Read timelines", CLIENT, "v1.timelines.home.list", "v1.timelines.public.list")
def timelines(w: World) -> None:
    near, wide = w.post(who="bob"), w.post(who="bob", visibility="public")
    assert near["id"] in ids(w.js("v1.timelines.home.list"))
    assert wide["id"] in ids(w.js("v1.timelines.public.list"))


@check("Read timelines", CLIENT, "v1.timelines.tag.$select.list")
def tag(w: World) -> None:
    word = w.word()
    made = w.post(who="bob", status=f"#{word}")
    assert ids(w.js(f"v1.timelines.tag[{word}].list")) == [made["id"]]


@check("Remember where I stopped reading", CLIENT, "v1.markers.create", "v1.markers.fetch")
def markers(w: World) -> None:
    made = w.post()
    w.js("v1.markers.create", {"home": {"lastReadId": made["id"]}})
    seen = w.look("/api/v1/markers", who="anna", **{"timeline[]": "home"})
    assert seen["home"]["last_read_id"] == made["id"]
    assert w.js("v1.markers.fetch", {"timeline": ["home"]})["home"]["lastReadId"] == made["id"]


@check("Know my settings", CLIENT, "v1.preferences.fetch")
def preferences(w: World) -> None:
    assert w.js("v1.preferences.fetch")["posting:default:visibility"] == "private"


@check("Make lists", CLIENT, "v1.lists.create", "v1.lists.list", "v1.lists.$select.remove")
def lists(w: World) -> None:
    made = w.js("v1.lists.create", {"title": w.word()})
    assert made["id"] in ids(w.look("/api/v1/lists", who="anna"))
    assert made["id"] in ids(w.js("v1.lists.list"))
    w.js(f"v1.lists[{made['id']}].remove")
    assert w.is_gone(f"/api/v1/lists/{made['id']}", who="anna")


@check("Read notifications", CLIENT, "v1.notifications.list")
def notifications(w: World) -> None:
    made = w.post(who="bob", status=f"@anna {w.text()}")

    def find() -> bool:
        told = w.js("v1.notifications.list", {"types": ["mention"]})
        return made["id"] in ids(one["status"] for one in told)

    w.eventually(find)


@check("Clear notifications", CLIENT, "v1.notifications.clear")
def clear(w: World) -> None:
    w.post(who="bob", status=f"@anna {w.text()}")
    w.eventually(lambda: w.look("/api/v1/notifications", who="anna"))
    w.js("v1.notifications.clear")
    assert w.look("/api/v1/notifications", who="anna") == []


@check("Read grouped notifications", CLIENT, "v2.notifications.list")
def grouped(w: World) -> None:
    made = w.post()
    w.look(f"/api/v1/statuses/{made['id']}/favourite", method="POST")
    w.eventually(lambda: made["id"] in ids(w.js("v2.notifications.list")["statuses"]))


@check("Filter words", CLIENT, "v2.filters.create", "v2.filters.list", "v2.filters.$select.remove")
def filters(w: World) -> None:
    word = w.word()
    asked = {"title": word, "context": ["home"], "keywordsAttributes": [{"keyword": word}]}
    made = w.js("v2.filters.create", asked)
    written = w.post(who="bob", status=f"Iets met {word}")
    assert w.status(written["id"], who="anna")["filtered"]
    assert made["id"] in ids(w.js("v2.filters.list"))
    w.js(f"v2.filters[{made['id']}].remove")
    assert w.is_gone(f"/api/v2/filters/{made['id']}", who="anna")


@check("Write personal messages", CLIENT, "v1.conversations.list")
def conversations(w: World) -> None:
    made = w.post(who="bob", status=f"@anna {w.text()}", visibility="direct")
    w.eventually(lambda: made["id"] in [one["lastStatus"]["id"] for one in w.js("v1.conversations.list")])


@check("Follow tags", CLIENT, "v1.tags.$select.follow", "v1.followedTags.list")
def tags(w: World) -> None:
    word = w.word()
    w.post(who="bob", status=f"#{word}")
    w.js(f"v1.tags[{word}].follow")
    assert word in [one["name"] for one in w.look("/api/v1/followed_tags", who="anna")]
    assert word in [one["name"] for one in w.js("v1.followedTags.list")]


@check("Search", CLIENT, "v2.search.list")
def search(w: World) -> None:
    word = w.word()
    made = w.post(who="bob", status=f"Zoek naar {word}")
    assert made["id"] in ids(w.js("v2.search.list", {"q": word})["statuses"])
