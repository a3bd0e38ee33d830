"""Rows of posts: text, place in a thread, who and what it names, what people did with it."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text, UniqueConstraint

from node.db import Id, UtcDateTime, metadata

posts = Table(
    "posts",
    metadata,
    Column("object_id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),  # the ActivityStreams type: Note, Article, Question …
    Column("title", Text, nullable=False, server_default=""),
    Column("source", Text, nullable=False, server_default=""),  # Markdown as typed
    Column("html", Text, nullable=False),  # sanitised
    Column("warning", Text, nullable=False, server_default=""),
    Column("language", Text, nullable=False, server_default=""),
    Column("url", Text),
    Column("parent_id", Id, ForeignKey("objects.id")),
    Column("parent_uri", Text),  # kept while the parent is unknown
    Column("root_id", Id, nullable=False),  # the first post of the thread that we know
    Column("topic_id", Id, ForeignKey("topics.object_id")),
    Column("edited_at", UtcDateTime),
    Index(None, "root_id"),
    Index(None, "parent_id"),
    Index(None, "parent_uri"),
    Index(None, "topic_id", "object_id"),
)

post_versions = Table(
    "post_versions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("object_id", Id, ForeignKey("objects.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("warning", Text, nullable=False),
    Column("until_at", UtcDateTime, nullable=False),
    Index(None, "object_id"),
)

mentions = Table(
    "mentions",
    metadata,
    Column("object_id", Id, ForeignKey("objects.id"), primary_key=True),
    Column("actor_id", Id, ForeignKey("actors.id"), primary_key=True),
)

hashtags = Table(
    "hashtags",
    metadata,
    Column("object_id", Id, ForeignKey("objects.id"), primary_key=True),
    Column("tag", Text, primary_key=True),  # casefolded
    Index(None, "tag", "object_id"),
)

reactions = Table(
    "reactions",
    metadata,
    # a like or boost is itself an object: its uri is the activity's
    Column("object_id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("target_id", Id, ForeignKey("objects.id"), nullable=False),
    Column("actor_id", Id, ForeignKey("actors.id"), nullable=False),
    Column("type", Text, nullable=False),  # Like, Announce
    UniqueConstraint("target_id", "actor_id", "type"),
)

app_repeats = Table(
    "app_repeats",
    metadata,
    Column("member_id", Id, ForeignKey("members.actor_id"), primary_key=True),
    Column("key_hash", Text, primary_key=True),
    Column("object_id", Id, ForeignKey("objects.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

bookmarks = Table(
    "bookmarks",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("member_id", Id, ForeignKey("actors.id"), nullable=False),
    Column("object_id", Id, ForeignKey("objects.id"), nullable=False),
    UniqueConstraint("member_id", "object_id"),
)

pins = Table(
    "pins",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("member_id", Id, ForeignKey("actors.id"), nullable=False),
    Column("object_id", Id, ForeignKey("objects.id"), nullable=False),
    UniqueConstraint("member_id", "object_id"),
)

muted_threads = Table(
    "muted_threads",
    metadata,
    Column("member_id", Id, ForeignKey("actors.id"), primary_key=True),
    Column("root_id", Id, ForeignKey("objects.id"), primary_key=True),
)

followed_tags = Table(
    "followed_tags",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("member_id", Id, ForeignKey("actors.id"), nullable=False),
    Column("tag", Text, nullable=False),  # casefolded
    UniqueConstraint("member_id", "tag"),
)

conversation_marks = Table(
    "conversation_marks",
    metadata,
    Column("member_id", Id, ForeignKey("members.actor_id"), primary_key=True),
    Column("root_id", Id, primary_key=True, autoincrement=False),  # of the thread
    Column("read_id", Id, nullable=False),
    Column("hidden_id", Id),  # put away up to this message
)

planned_posts = Table(
    "planned_posts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("member_id", Id, ForeignKey("members.actor_id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("audience", Text, nullable=False),  # what the words meant when they were planned
    Column("text", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("parent_id", Id, ForeignKey("objects.id")),
    Column("warning", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("uploads", Text, nullable=False),  # ids parted by spaces
    Column("key", Text, nullable=False),  # an app that sends the same key means the same post
    Column("created_at", UtcDateTime, nullable=False),
    Column("stuck", Text, nullable=False),  # why it did not go, in its author's language
    Index(None, "member_id"),
    Index(None, "at"),
)
