#!/usr/bin/python3
"""Holds a network of namespaces for a test, and speaks and listens in every one of them.

It is the first process of a PID, mount and network namespace of its own, so that all that it starts and
builds ends with it, and it ends with the test: at the end of its input, or when its parent is killed.

Protocol: JSON objects, one a line. In: {"id", "op", ...}. Out: {"id", "ok"} or {"id", "error"}, and events of
sockets: {"socket", "event", ...}. Bytes travel as hexadecimal digits.
"""

import ctypes
import itertools
import json
import os
import selectors
import socket
import subprocess
import sys
import threading

ETH_P_ALL = 0x0003
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
output = threading.Lock()
selector = selectors.DefaultSelector()
sockets = {}
numbers = itertools.count(1)


def emit(message):
    """One line to the test."""
    with output:
        os.write(1, (json.dumps(message) + '\n').encode())


def enter(namespace):
    """Sockets that this thread opens from now on belong to the namespace."""
    fd = os.open(f'/run/netns/{namespace}', os.O_RDONLY)
    try:
        if libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f'setns {namespace}')
    finally:
        os.close(fd)


def family(address):
    """The address family of a textual address."""
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def follow(kind, opened):
    """Events of the socket are reported from now on; its number."""
    opened.setblocking(False)
    number = next(numbers)
    sockets[number] = opened
    selector.register(opened, selectors.EVENT_READ, (kind, number))
    return number


def forget(number):
    """No more events of the socket, if there were any."""
    opened = sockets.pop(number, None)
    if opened is not None:
        selector.unregister(opened)
        opened.close()


def run(request):
    """A command to its end; in a thread, since it may take its time."""
    argv = request['argv']
    if 'ns' in request:
        argv = ['nsenter', f"--net=/run/netns/{request['ns']}", '--'] + argv
    done = subprocess.run(
        argv, input=request.get('input', ''), capture_output=True, text=True, check=False, timeout=30
    )
    return {'status': done.returncode, 'stdout': done.stdout, 'stderr': done.stderr}


def udp(request):
    """A datagram socket."""
    enter(request['ns'])
    opened = socket.socket(family(request['address']), socket.SOCK_DGRAM)
    opened.bind((request['address'], request['port']))
    return follow('udp', opened)


def icmp(request):
    """A raw socket for ICMP or ICMPv6: whole messages, with the IPv4 header in front of what arrives."""
    enter(request['ns'])
    protocol = socket.IPPROTO_ICMPV6 if ':' in request['address'] else socket.IPPROTO_ICMP
    opened = socket.socket(family(request['address']), socket.SOCK_RAW, protocol)
    opened.bind((request['address'], 0))
    return follow('udp', opened)


def send(request):
    """A datagram."""
    return sockets[request['socket']].sendto(bytes.fromhex(request['data']), (request['address'], request['port']))


def listen(request):
    """Accepts connections; each is a socket of its own, told by an event."""
    enter(request['ns'])
    opened = socket.create_server((request['address'], request['port']), family=family(request['address']))
    return follow('listener', opened)


def connect(request):
    """Opens a connection; answers when it is open."""
    enter(request['ns'])
    opened = socket.socket(family(request['address']), socket.SOCK_STREAM)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind((request['from'], request.get('fromPort', 0)))
    opened.settimeout(request['timeout'])
    opened.connect((request['address'], request['port']))
    return follow('stream', opened)


def write(request):
    """Bytes into a connection; all that the socket takes."""
    return sockets[request['socket']].send(bytes.fromhex(request['data']))


def close(request):
    """Ends a socket."""
    forget(request['socket'])


def reset(_):
    """Ends all sockets."""
    for number in list(sockets):
        forget(number)


def tap(request):
    """All frames of an interface."""
    enter(request['ns'])
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    opened.bind((request['interface'], ETH_P_ALL))
    return follow('tap', opened)


def inject(request):
    """A frame, as it is."""
    return sockets[request['socket']].send(bytes.fromhex(request['data']))


OPERATIONS = {
    'run': run,
    'udp': udp,
    'icmp': icmp,
    'send': send,
    'listen': listen,
    'connect': connect,
    'write': write,
    'close': close,
    'reset': reset,
    'tap': tap,
    'inject': inject,
}


def answer(request, operation):
    """Carries a request out."""
    try:
        emit({'id': request['id'], 'ok': operation(request)})
    except Exception as error:  # pylint: disable=broad-except
        emit({'id': request['id'], 'error': f'{type(error).__name__}: {error}'})


def readable(kind, number):
    """Something has arrived at a socket."""
    opened = sockets[number]
    if kind == 'listener':
        accepted, (address, port, *_) = opened.accept()
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        emit({'socket': number, 'event': 'accepted', 'stream': follow('stream', accepted), 'address': address, 'port': port})
        return
    try:
        if kind == 'udp':
            data, (address, port, *_) = opened.recvfrom(65535)
            emit({'socket': number, 'event': 'datagram', 'data': data.hex(), 'address': address, 'port': port})
        elif kind == 'tap':
            data, (_, _, direction, *_) = opened.recvfrom(65535)
            sent = direction == socket.PACKET_OUTGOING
            emit({'socket': number, 'event': 'sent' if sent else 'frame', 'data': data.hex()})
        else:
            data = opened.recv(65536)
            emit({'socket': number, 'event': 'data' if data else 'closed', 'data': data.hex()})
            if not data:
                forget(number)
    except BlockingIOError:
        pass
    except OSError as error:
        emit({'socket': number, 'event': 'failed', 'error': str(error)})
        if kind == 'stream':
            forget(number)


def requests():
    """What the test asks for, one at a time, except commands."""
    rest = b''
    while True:
        chunk = os.read(0, 65536)
        if not chunk:
            sys.exit(0)
        *lines, rest = (rest + chunk).split(b'\n')
        for line in lines:
            request = json.loads(line)
            operation = OPERATIONS[request['op']]
            if operation in (run, connect):
                threading.Thread(target=answer, args=(request, operation), daemon=True).start()
            else:
                answer(request, operation)
        yield


def main():
    """Until the end of the input."""
    subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', '/run'], check=True)
    os.mkdir('/run/netns')
    incoming = requests()
    selector.register(0, selectors.EVENT_READ, 'requests')
    emit({'event': 'ready'})
    while True:
        for key, _ in selector.select():
            if key.data == 'requests':
                next(incoming)
            elif key.data[1] in sockets:
                readable(*key.data)


main()
