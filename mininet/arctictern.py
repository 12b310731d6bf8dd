"""ArcticTern for plain Mininet: sites with a switch each, a router between them, and the controller.

    mn --custom mininet/arctictern.py --topo arctictern,sites=2,hosts=2,clients=1 \\
       --switch arctictern --controller arctictern

    topology    s1, s2, ...: a site's switch, with hosts h1x1, h1x2, ... in 10.<site>.0.0/24
                s0: the clients' switch, with c1, c2, ... in 203.0.113.0/24 (none with clients=0)
                r0: a router with an address (.1) in each of these subnets
    switch      Open vSwitch, OpenFlow 1.5; its user-space datapath where the kernel has none
    controller  a running ArcticTern at 127.0.0.1:6653 (ip=..., port=...)

Without a controller: --controller none --switch arctictern,failMode=standalone.
"""

import os
import subprocess

from mininet.link import TCULink
from mininet.node import Node, OVSSwitch, RemoteController
from mininet.topo import Topo


def kernel_has_datapath():
    """Whether the kernel has Open vSwitch's datapath: loaded, built in, or there to be loaded."""
    if os.path.isdir('/sys/module/openvswitch'):
        return True
    try:
        with open('/proc/modules', encoding='ascii') as modules:
            if any(line.startswith('openvswitch ') for line in modules):
                return True
    except OSError:
        pass  # a kernel without modules
    try:
        probe = ['modprobe', '--dry-run', '--quiet', 'openvswitch']
        return subprocess.run(probe, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


class ArcticTernSwitch(OVSSwitch):
    """An Open vSwitch that speaks OpenFlow 1.5, in whichever datapath there is."""

    def __init__(self, name, datapath=None, protocols='OpenFlow15', **params):
        if datapath is None:
            datapath = 'kernel' if kernel_has_datapath() else 'user'
        super().__init__(name, datapath=datapath, protocols=protocols, **params)


class ArcticTernController(RemoteController):
    """An ArcticTern that runs already."""

    def __init__(self, name, ip='127.0.0.1', port=6653, **params):
        super().__init__(name, ip=ip, port=port, **params)


class Router(Node):
    """A host that forwards between its interfaces."""

    def config(self, addresses=(), **params):
        result = super().config(**params)
        for interface, address in addresses:
            self.setIP(address, intf=interface)
        self.cmd('sysctl -q -w net.ipv4.ip_forward=1')
        return result


class Sites(Topo):
    """Sites with hosts, a site with clients, and one router."""

    def build(self, sites=2, hosts=2, clients=1, **_params):  # pylint: disable=arguments-differ
        subnets = [(f's{i}', f'10.{i}.0') for i in range(1, sites + 1)]
        if clients > 0:
            subnets.append(('s0', '203.0.113'))
        addresses = [(f'r0-{switch}', f'{subnet}.1/24') for switch, subnet in subnets]
        router = self.addNode('r0', cls=Router, addresses=addresses, ip=None)
        for number, (switch, subnet) in enumerate(subnets, 1):
            self.addSwitch(switch, dpid=f'{number:016x}')
            self.wire(switch, router, intfName2=f'r0-{switch}')
            many, prefix = (clients, 'c') if switch == 's0' else (hosts, f'h{switch[1:]}x')
            for j in range(1, many + 1):
                host = self.addHost(f'{prefix}{j}', ip=f'{subnet}.{10 + j}/24', defaultRoute=f'via {subnet}.1')
                self.wire(host, switch)

    def wire(self, one, other, **names):
        """A link whose ends fill in checksums themselves, as the user-space datapath needs them."""
        self.addLink(one, other, cls=TCULink, **names)


topos = {'arctictern': Sites}
switches = {'arctictern': ArcticTernSwitch}
controllers = {'arctictern': ArcticTernController}
