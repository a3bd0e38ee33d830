"""The Mastodon client API, a dialect over the subjects: the pages' queries and actions in other words.

How to add an endpoint:
1. A function `def show_x(call: Call) -> Answer` in the module of its noun. It runs in a thread, in one
   transaction (a writing one unless it is a GET). `call.member` is who asks (`call.reader` where
   nobody may ask too), `call.params` what was sent, `call.id()` the path's `{id}`, `call.node` this node.
   It asks and acts through the queries and actions of the subjects; here is no SQL but in `queries.py`.
2. A line in the module's ENDPOINTS: `get("/api/v1/x/{id}", show_x, "read:statuses")`. With `who=ANYONE`
   no token is needed, with `who=APP` that of an app will do. `errand(…)` is for what talks to other servers.
3. It answers what becomes JSON, or a Reply; lists that can be paged answer `page(call, items, ids)`.
   What it raises of node/errors.py is told in Mastodon's words by `errors.py`, in the member's language.
4. Its line in `tests/federation/api_routes.py`: the leak suite asks it as every member, with a token.

Entities are typed in `schemas/mastodon.py`. A status is rendered once and kept (`statuses_shown.py`): nothing
that depends on the reader is in it; that comes after it, in `_tail`.
"""
