"""What may leave the networks of people's sessions and of runs, as rules for nftables.

The rules are a table of the platform's own. What it refuses is refused whatever iptables, of either kind, ufw
or Docker say beside it, and it needs none of their chains; what it lets pass they may still refuse.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from nightdesk.sections import Network

# Where clouds tell a machine its own credentials: AWS, Google, Azure, Oracle and others on link-local addresses
# (ECS: 169.254.170.2), Alibaba, Oracle's former one, Azure's second one; and the same of IPv6.
METADATA = ("169.254.0.0/16", "100.100.100.200", "192.0.0.192", "168.63.129.16")
METADATA_6 = ("fd00:ec2::/32", "fd20:ce::254", "fe80::/10")
_REFUSE = "reject with icmpx type admin-prohibited"


def bridge_prefix(project: str) -> str:
    """How the bridges of a platform's people and runs begin; the hub names people's (nightdesk_hub.names)."""
    return f"nd{hashlib.sha256(project.encode()).hexdigest()[:6]}"


def bridge_of_runs(project: str) -> str:
    """The bridge of the network that runs are in."""
    return f"{bridge_prefix(project)}-runs"


def table_name(project: str) -> str:
    """The table of one platform."""
    return "nightdesk_" + re.sub(r"[^a-z0-9]", "_", project.lower())


def removal(project: str) -> str:
    """Takes a platform's table away; nothing happens where there is none."""
    name = table_name(project)
    return f"table inet {name}\ndelete table inet {name}\n"


def ruleset(project: str, network: Network, pool: str, resolvers: Sequence[str]) -> str:
    """The whole table, put in place of an earlier one in one step.

    Args:
        network: the settings.
        pool: ``sessions.network_pool``; networks of people that an earlier version made are known by it.
        resolvers: IPv4 addresses that names are asked of on this machine.
    """
    ours = f'iifname "{bridge_prefix(project)}*"'
    earlier = f'iifname "br-*" ip saddr {pool}'
    allowed = [f"{_target(each)} accept" for each in network.allow]
    metadata = ", ".join(METADATA)
    dns = "meta l4proto { tcp, udp } th dport 53"
    if network.egress == "open":
        # A cloud's resolver may have an address among these; it answers nothing else on that port.
        leaving = [
            f"ip daddr {{ {metadata} }} {dns} accept",
            f"ip daddr {{ {metadata} }} {_REFUSE}",
            f"ip6 daddr {{ {', '.join(METADATA_6)} }} {_REFUSE}",
        ]
    else:
        # On the bridge itself, where the engine has even that filtered: to the hub and the proxy. From one
        # bridge to another the engine lets nothing pass.
        leaving = [f'oifname "{bridge_prefix(project)}*" accept', f"ip daddr {pool} accept", _REFUSE]
    own = [f"ip daddr {address} {dns} accept" for address in resolvers] if network.egress == "open" else []
    forward = ["ct state established,related accept", *allowed, *leaving]
    arriving = ["ct state established,related accept", *allowed, *own, _REFUSE]
    chains = [
        _chain("leaving", forward),
        _chain("to_this_machine", arriving),
        _hook("forward", [f"{ours} jump leaving", f"{earlier} jump leaving"]),
        _hook("input", [f"{ours} jump to_this_machine", f"{earlier} jump to_this_machine"]),
    ]
    return removal(project) + f"table inet {table_name(project)} {{\n" + "".join(chains) + "}\n"


def _target(entry: str) -> str:
    """``10.1.2.3``, ``10.1.0.0/16`` or either with ``:5432`` behind it."""
    address, _, port = entry.partition(":")
    return f"ip daddr {address}" + (f" tcp dport {port}" if port else "")


def _chain(name: str, rules: Sequence[str]) -> str:
    return f"  chain {name} {{\n" + "".join(f"    {rule}\n" for rule in rules) + "  }\n"


def _hook(name: str, rules: Sequence[str]) -> str:
    # Before the chains of iptables and of firewalls at their usual place, so that no ACCEPT of theirs is the end.
    return _chain(name, [f"type filter hook {name} priority -10; policy accept;", *rules])
