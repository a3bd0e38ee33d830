"""Every endpoint of the client API; one line for each module that has some."""

from node.api import (
    accounts,
    apps,
    filters,
    instance,
    lists,
    markers,
    media,
    notifications,
    statuses,
    timelines,
)

ENDPOINTS = [
    *apps.ENDPOINTS,
    *instance.ENDPOINTS,
    *accounts.ENDPOINTS,
    *statuses.ENDPOINTS,
    *timelines.ENDPOINTS,
    *lists.ENDPOINTS,
    *notifications.ENDPOINTS,
    *markers.ENDPOINTS,
    *filters.ENDPOINTS,
    *media.ENDPOINTS,
]
