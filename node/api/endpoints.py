"""Every endpoint of the client API; one line for each module that has some."""

from node.api import (
    accounts,
    apps,
    conversations,
    filters,
    grouped,
    instance,
    lists,
    markers,
    media,
    notifications,
    relationships,
    saved,
    scheduled,
    statuses,
    tags,
    timelines,
)

ENDPOINTS = [
    *apps.ENDPOINTS,
    *instance.ENDPOINTS,
    *accounts.ENDPOINTS,
    *relationships.ENDPOINTS,
    *statuses.ENDPOINTS,
    *saved.ENDPOINTS,
    *timelines.ENDPOINTS,
    *tags.ENDPOINTS,
    *lists.ENDPOINTS,
    *notifications.ENDPOINTS,
    *grouped.ENDPOINTS,
    *markers.ENDPOINTS,
    *filters.ENDPOINTS,
    *conversations.ENDPOINTS,
    *scheduled.ENDPOINTS,
    *media.ENDPOINTS,
]
