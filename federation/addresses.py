"""Which network addresses we may connect to: public ones, or in local mode loopback alone."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# `is_global` differs between Python releases, so what matters is written out beside it.
_REFUSED = [
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo and other special purposes
        "2001:db8::/32",
        "2002::/16",  # 6to4, carries an IPv4 address
        "3fff::/20",
    )
]
_NAT64 = ip_network("64:ff9b::/96")
_GLOBAL_IPV6 = ip_network("2000::/3")


def is_allowed(address: str, *, local: bool = False) -> bool:
    try:
        parsed = _unwrap(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    return parsed.is_loopback if local else _is_public(parsed)


def _unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that is really reached through a mapped or NAT64 one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if not address.is_global or any(address in network for network in _REFUSED):
        return False
    # Everything else in IPv6 space is refused: IPv4-compatible, local NAT64, unique local, link-local.
    return isinstance(address, IPv4Address) or address in _GLOBAL_IPV6
