#!/usr/bin/python3
"""Builds and holds a lab: executes a lab plan with Mininet.

The plan is explicit (every node, interface, address and command is in it), so this file decides nothing.
It is started as the first process of a PID namespace of its own and with a mount namespace of its own:

    driver -- unshare --pid --fork --kill-child --mount-proc -- lab.py (PID 1: waits, reaps)
                                                                 '- lab.py (the builder)
                                                                     |- a shell per node (Mininet)
                                                                     '- delay.py

When the driver ends for whatever reason, the kernel kills PID 1, with it every process of the lab, and
with those the network namespaces and the interfaces in them. Nothing has to be undone by hand, so a
SIGKILL is as clean an end as any other.

Protocol: JSON objects, one a line. In: the plan first; end of file or {"shutdown": true} ends the lab.
Out: {"event": "progress"|"ready"|"failed", ...}; "ready" names each node's process as seen in the lab.
"""

import ctypes
import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from mininet.link import Intf, Link
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import Node

MS_BIND = 0x1000
RUN = '/run'
OFFLOADS = ['tx', 'off', 'sg', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off']

libc = ctypes.CDLL(None, use_errno=True)
output = threading.Lock()


def emit(event, **fields):
    """One event to the driver."""
    with output:
        os.write(1, (json.dumps({'event': event, **fields}) + '\n').encode())


class StepFailed(Exception):
    """A command of the plan did not succeed."""

    def __init__(self, node, step, status, text):
        super().__init__(text)
        self.fields = {'node': node, 'what': step['what'], 'argv': step['argv'], 'status': status, 'text': text}


class LabNode(Node):
    """A Mininet node that also has a host name of its own, as two libvirt daemons of one migration must."""

    def _popen(self, cmd, **params):
        return super()._popen(['unshare', '--uts'] + cmd if cmd[0] == 'mnexec' else cmd, **params)

    def run(self, step):
        """Runs one command of the plan to its end."""
        enter = ['nsenter', '--target', str(self.pid), '--mount', '--net', '--uts', '--wdns=/', '--']
        process = subprocess.Popen(
            enter + step['argv'],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        # A daemon that detaches keeps no end of this pipe, so that reading to its end is the command's end.
        text = process.stderr.read().decode(errors='replace').strip()
        if process.wait() != 0:
            raise StepFailed(self.name, step, process.returncode, text)


def mount(source, target, kind, flags):
    """mount(2)."""
    if libc.mount(source.encode(), target.encode(), kind.encode(), flags, None) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f'mount {source} on {target}: {os.strerror(errno)}')


def take_run_directory(path):
    """Locks and empties the lab's run directory, and hides the rest of /run from the lab.

    Hidden are the machine's own daemons: a libvirtd that finds the machine's D-Bus would register its
    guests there. Returns the descriptor that holds the lock.
    """
    os.makedirs(path, exist_ok=True)
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        emit('failed', node=None, what='lock the run directory', reason='running', text=path)
        sys.exit(1)
    for name in os.listdir(path):
        entry = os.path.join(path, name)
        if os.path.isdir(entry) and not os.path.islink(entry):
            shutil.rmtree(entry)
        else:
            os.unlink(entry)
    mount('tmpfs', RUN, 'tmpfs', 0)
    os.makedirs(path)
    mount(f'/proc/self/fd/{lock}', path, '', MS_BIND)
    return lock


def name_the_nodes(plan):
    """Names within the lab; no other can be resolved, and asking for one must fail at once.

    A libvirtd that waits for a name server that it cannot reach does so for seconds in every migration.
    """
    for name, text in (('hosts', plan['hosts']), ('resolv.conf', '')):
        source = os.path.join(plan['runDirectory'], name)
        with open(source, 'w', encoding='utf-8') as stream:
            stream.write(text)
        target = os.path.realpath(f'/etc/{name}')
        if target.startswith(f'{RUN}/') and not os.path.exists(target):
            # Where the machine's own resolver keeps it, which has just been hidden.
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT))
        if os.path.exists(target):
            mount(source, target, '', MS_BIND)


def write_files(node):
    """The node's configuration files, in the directories that will be private to it."""
    for directory in node['directories']:
        os.makedirs(directory['source'], exist_ok=True)
    for file in node['files']:
        os.makedirs(os.path.dirname(file['path']), exist_ok=True)
        with open(file['path'], 'w', encoding='utf-8') as stream:
            stream.write(file['text'])


def add_node(net, plan):
    """A namespace with its private directories and its host name."""
    write_files(plan)
    dirs = [(d['mount'], d['source'].replace('%', '%%')) for d in plan['directories']]
    node = net.addHost(plan['name'], cls=LabNode, privateDirs=dirs)
    node.run({'what': 'set the host name', 'argv': ['hostname', plan['name']]})
    return node


def offloads_off(node, interface):
    """Checksums and segments are made in software: the user-space datapath and the delay see real frames."""
    node.run({'what': f'offloads of {interface} off', 'argv': ['ethtool', '-K', interface] + OFFLOADS})


def add_wire(net, link):
    """A link without delay, or with one that the kernel makes: a veth pair."""
    a, b = link['a'], link['b']
    Link(
        net[a['node']],
        net[b['node']],
        intfName1=a['interface'],
        intfName2=b['interface'],
        addr1=a['mac'],
        addr2=b['mac'],
    )
    for end in (a, b):
        offloads_off(net[end['node']], end['interface'])


def has_netem(net):
    """Whether this kernel has netem, by using it on the loopback device of a namespace of the lab."""
    probe = net.addHost('netem-probe', cls=LabNode)
    argv = ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms']
    try:
        probe.run({'what': 'probe netem', 'argv': argv})
        return True
    except StepFailed:
        return False
    finally:
        probe.terminate()
        net.hosts.remove(probe)
        del net.nameToNode['netem-probe']


def add_netem(net, link):
    """A delayed link made by the kernel."""
    add_wire(net, link)
    shape = link['shape']
    for end in (link['a'], link['b']):
        argv = ['tc', 'qdisc', 'add', 'dev', end['interface'], 'root', 'netem']
        argv += ['delay', f'{shape["delayUs"]}us', 'limit', str(shape['queuePackets'])]
        if shape.get('bitsPerSecond'):
            argv += ['rate', f'{shape["bitsPerSecond"]}bit']
        net[end['node']].run({'what': f'delay {end["interface"]}', 'argv': argv})


def add_user_space_delays(net, links, run_directory):
    """All delayed links in one process, each a pair of TAP devices. Returns that process."""
    here = os.path.dirname(os.path.abspath(__file__))
    spec = [
        {**link['shape'], 'ends': [{**link[end], 'pid': net[link[end]['node']].pid} for end in ('a', 'b')]}
        for link in links
    ]
    process = subprocess.Popen(
        ['/usr/bin/python3', os.path.join(here, 'delay.py'), os.path.join(run_directory, 'delay.json')],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    process.stdin.write(json.dumps(spec).encode())
    process.stdin.close()
    if process.stdout.readline() != b'ready\n':
        text = process.stderr.read().decode(errors='replace').strip()
        raise StepFailed('wan', {'what': 'delay links in user space', 'argv': ['delay.py']}, process.wait(), text)
    for link in links:
        for end in (link['a'], link['b']):
            node = net[end['node']]
            Intf(end['interface'], node=node, moveIntfFn=lambda *_: None)
            offloads_off(node, end['interface'])
    return process


def add_root_leg(net, management):
    """The one interface in the machine's own network namespace; PID 1 is in that namespace.

    After a lab of the same name was killed, the kernel may need a moment to take its interface away.
    """
    hub = net[management['node']]
    add = ['ip', 'link', 'add', 'root', 'type', 'veth', 'peer', 'name', management['rootInterface'], 'netns', '1']
    for attempt in range(50):
        try:
            hub.run({'what': 'add the management interface', 'argv': add})
            break
        except StepFailed:
            if attempt == 49:
                raise
            time.sleep(0.1)
    offloads_off(hub, 'root')
    for argv in (
        ['ethtool', '-K', management['rootInterface']] + OFFLOADS,
        ['ip', 'address', 'add', management['rootAddress'], 'dev', management['rootInterface']],
        ['ip', 'link', 'set', management['rootInterface'], 'up'],
    ):
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def start_node(node, plan):
    """The node's commands, in order."""
    for step in plan['start']:
        node.run(step)
        emit('progress', node=plan['name'], what=step['what'])


def build(plan):
    """The whole lab; returns what the driver must know of it."""
    Mininet.inited = True  # its own initialisation would write the machine's sysctls
    net = Mininet(controller=None, build=False)
    for node in plan['nodes']:
        add_node(net, node)
        emit('progress', node=node['name'], what='namespace')
    wires = [link for link in plan['links'] if 'shape' not in link]
    shaped = [link for link in plan['links'] if 'shape' in link]
    for link in wires:
        add_wire(net, link)
    how = 'none'
    delay = None
    if shaped:
        how = 'netem' if plan['delay'] != 'user-space' and has_netem(net) else 'user-space'
        if how == 'netem':
            for link in shaped:
                add_netem(net, link)
        else:
            delay = add_user_space_delays(net, shaped, plan['runDirectory'])
        emit('progress', node='wan', what=f'delay: {how}')
    add_root_leg(net, plan['management'])
    with ThreadPoolExecutor(max_workers=8) as pool:
        for done in [pool.submit(start_node, net[node['name']], node) for node in plan['nodes']]:
            done.result()
    pids = {node['name']: net[node['name']].pid for node in plan['nodes']}
    emit('ready', pids=pids, delay=how)
    return net, delay


def builder():
    """Builds the lab and holds it until the driver says or goes."""
    setLogLevel('critical')
    plan = json.loads(sys.stdin.readline())
    held = [take_run_directory(plan['runDirectory'])]
    try:
        name_the_nodes(plan)
        held.extend(build(plan))
    except StepFailed as failure:
        emit('failed', reason='step', **failure.fields)
        return 1
    except Exception as failure:  # pylint: disable=broad-except
        emit('failed', reason='step', node=None, what='build the lab', text=f'{type(failure).__name__}: {failure}')
        return 1
    for line in sys.stdin:
        if json.loads(line).get('shutdown'):
            break
    return 0


def init():
    """PID 1: reaps what daemons leave behind; when it ends, the kernel ends the lab."""
    child = os.fork()
    if child == 0:
        os._exit(builder())
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == '__main__':
    init()
