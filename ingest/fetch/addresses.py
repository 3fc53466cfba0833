"""An IP address to whether we may connect to it: no URL may reach into the network behind us."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_Address = IPv4Address | IPv6Address

_METADATA = frozenset(
    map(
        ip_address,
        ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"),
    )
)
"""What hands keys to the programs of a cloud's machine."""
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_OWN_NAT64 = IPv6Network("64:ff9b:1::/48")
_SITE_LOCAL = IPv6Network("fec0::/10")


def find_objection(address: str, *, allow_private: bool) -> str | None:
    """Say what speaks against connecting to an address; None when nothing does.

    Metadata services, link-local, multicast and reserved addresses are never allowed.
    """
    try:
        wanted = ip_address(address.partition("%")[0])
    except ValueError:
        return "no IP address"
    for one in _with_embedded(wanted):
        objection = _object(one, allow_private=allow_private)
        if objection is not None:
            return objection
    return None


def _with_embedded(address: _Address) -> list[_Address]:
    """The address and those of IPv4 that it leads to, by translation or a tunnel."""
    if isinstance(address, IPv4Address):
        return [address]
    number = int(address)
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64 or (address in _COMPATIBLE and number > 1):
        return [IPv4Address(number & 0xFFFFFFFF)]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    return [address, *(address.teredo or ())]


def _object(address: _Address, *, allow_private: bool) -> str | None:
    never = _object_always(address)
    if never is not None or allow_private:
        return never
    if address.is_loopback:
        return "loopback"
    return None if address.is_global else "private"


def _object_always(address: _Address) -> str | None:
    if address in _METADATA:
        return "the metadata service of a cloud"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    return "reserved" if _is_reserved(address) else None


def _is_reserved(address: _Address) -> bool:
    if isinstance(address, IPv4Address):
        return address.is_reserved or address in _THIS_NETWORK
    if address.is_loopback:  # which lies in a reserved network
        return False
    return address.is_reserved or address in _OWN_NAT64 or address in _SITE_LOCAL
