"""Whether others can find this node: asked at its own public address, through the same guarded way out."""

from functools import partial

from federation.actors import find_actor
from federation.errors import AddressRefused, FederationError
from federation.http import get
from federation.messages import Sender
from node.admin.doctor import Finding
from node.i18n import msg
from node.identity import Identity


async def check_address(sender: Sender, node: Identity) -> Finding:
    """WebFinger and actor of the node itself, with its own key in it."""
    about, scheme = msg("Address"), node.base.partition(":")[0]
    try:
        actor = await find_actor(partial(get, sender), node.domain.replace(":", "."), node.domain, scheme)
    except AddressRefused:
        advice = msg("The name must lead to a public address. Check the DNS of this domain.")
        return Finding(about, False, msg("%(base)s is not a public address.", base=node.base), advice)
    except FederationError as error:
        text = msg("%(base)s does not answer as this node: %(reason)s.", base=node.base, reason=error)
        advice = msg("Check that leerkring serve runs, and the proxy in front of it (README, Settings).")
        return Finding(about, False, text, advice)
    if actor.uri != node.actor_uri or node.multikey not in dict(actor.assertion_keys).values():
        advice = msg("Check the DNS and the proxy: they lead to another node than this one.")
        return Finding(about, False, msg("Another node answers at %(base)s.", base=node.base), advice)
    return Finding(about, True, msg("%(base)s can be found from outside.", base=node.base))
