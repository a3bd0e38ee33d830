"""Every module that defines tables, so that the metadata is whole."""

from node import (
    actors,
    changes,
    departures,
    identity,
    memberships,
    notices,
    objects,
    outbox,
    peers,
    queue,
    silences,
)
from node.access import tables as access_tables
from node.access.oauth import tables as oauth_tables
from node.gates import tables as gates_tables
from node.media import tables as media_tables
from node.people import filters, markers, silencing
from node.posts import tables as posts_tables
from node.rings import tables as rings_tables
from node.rings import trust_tables
from node.rings.sector import tables as sector_tables
from node.rooms import tables as rooms_tables
from node.topics import tables as topics_tables

MODULES = (
    access_tables,
    actors,
    changes,
    departures,
    filters,
    gates_tables,
    identity,
    markers,
    media_tables,
    memberships,
    notices,
    oauth_tables,
    objects,
    outbox,
    peers,
    posts_tables,
    queue,
    rings_tables,
    rooms_tables,
    sector_tables,
    silences,
    silencing,
    topics_tables,
    trust_tables,
)
