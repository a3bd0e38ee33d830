from schemas import discovery
from schemas.activitystreams import AS_CONTEXT

BASE = "https://firm.example"


def test_a_person_is_found_by_webfinger_as_mastodon_and_lemmy_read_it() -> None:
    jrd = discovery.webfinger(
        subject="alice@firm.example",
        actor=f"{BASE}/p/1",
        kind="Person",
        page=f"{BASE}/@alice",
        subscribe=f"{BASE}/authorize_interaction?uri={{uri}}",
    )
    assert jrd["subject"] == "acct:alice@firm.example"
    assert jrd["aliases"] == [f"{BASE}/@alice", f"{BASE}/p/1"]
    (self_link,) = [link for link in jrd["links"] if link["rel"] == "self"]
    assert self_link["type"] in discovery.SELF_TYPES
    assert self_link["properties"] == {f"{AS_CONTEXT}#type": "Person"}
    assert jrd["links"][-1]["template"].endswith("uri={uri}")


def test_the_node_itself_has_no_page() -> None:
    jrd = discovery.webfinger(subject="firm.example@firm.example", actor=f"{BASE}/p/0", kind="Application")
    assert [link["rel"] for link in jrd["links"]] == ["self"]
    assert jrd["aliases"] == [f"{BASE}/p/0"]


def test_host_meta_leads_to_webfinger_in_both_forms() -> None:
    template = f"{BASE}/.well-known/webfinger?resource={{uri}}"
    assert f'rel="lrdd" template="{template}"' in discovery.host_meta(BASE)
    assert discovery.host_meta_json(BASE) == {"links": [{"rel": "lrdd", "template": template}]}


def test_nodeinfo_is_served_in_both_versions_and_names_the_node_actor() -> None:
    links = discovery.nodeinfo_index(BASE, node_actor=f"{BASE}/p/0")["links"]
    assert [link["href"] for link in links] == [f"{BASE}/nodeinfo/2.0", f"{BASE}/nodeinfo/2.1", f"{BASE}/p/0"]
    assert "schema/2.1#" in discovery.nodeinfo_content_type("2.1")


def test_nodeinfo_invents_no_figures() -> None:
    document = discovery.nodeinfo(
        "2.0", software_version="0.1.0", node_name="Bakker", usage={}, repository="https://x/"
    )
    assert document["usage"] == {"users": {}}
    assert "repository" not in document["software"]
    newer = discovery.nodeinfo(
        "2.1", software_version="0.1.0", node_name="Bakker", usage={"localPosts": 3}, repository="https://x/"
    )
    assert newer["usage"] == {"users": {}, "localPosts": 3}
    assert newer["software"]["repository"] == "https://x/"
