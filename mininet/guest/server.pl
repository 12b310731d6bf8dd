#!/usr/bin/perl
# What a lab guest serves, over IPv4 and IPv6, from one process and one event loop, so that a thousand
# connections cost no thousand processes:
#   TCP 7     echo, without Nagle's algorithm: each message comes back by itself
#   UDP 7     echo, from the address that was asked
#   TCP 80    GET /bytes/N: N bytes, the byte at offset i being byte (i mod length) of the file ./pattern;
#             GET /bytes/N?rate=R: the same at R bytes a second
#   TCP 7007  what else a lab may ask of a guest: see control.pl
# Where the environment sets CONNECTIONS, it serves so many echo and HTTP connections at a time, and others wait in the
# kernel until one ends; an HTTP client that says nothing for PATIENCE before its request is whole is dropped. Where it
# sets REQUESTS, it begins so many HTTP answers in a second, and others wait their turn.
# Usage: server.pl ADDRESS... (the guest's own). Only what Debian's essential perl-base has is used; epoll is called
# by its system call number.
use strict;
use warnings;
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use Socket qw(:all);

use constant {
    SYS_EPOLL_WAIT => 232, SYS_EPOLL_CTL => 233, SYS_EPOLL_CREATE1 => 291,
    SYS_CLOCK_GETTIME => 228,
    ADD => 1, DEL => 2, MOD => 3,
    IN => 1, OUT => 4,
    READ => 65536,
    HOLD => 262144,       # bytes an echo connection may owe before its input is left waiting
    CHUNK => 65536,
    MAX_REQUEST => 4096,
    BATCH => 64,
    TICK => 0.01,         # seconds between two portions of a paced answer
    PATIENCE => 5,        # seconds
    SO_RCVBUFFORCE => 33, # socket(7)
    QUEUE => 1 << 20,     # bytes of datagrams that wait for a server that is slow, as a guest is while it moves
};

$SIG{PIPE} = 'IGNORE';
open(my $file, '<:raw', './pattern') or die "cannot open the pattern: $!";
my $pattern = do { local $/; <$file> };
my $length = length $pattern;

my $epoll = syscall(SYS_EPOLL_CREATE1, 0);
die "cannot create an epoll instance: $!" if $epoll < 0;
my %paced;      # those of %peer that are sent at a rate
our %peer;      # file descriptor -> { fh, kind, out, in, interest, offset, left, ended }
our %readable;  # kind -> what to do with a peer that can be read, or whose connection has ended
my $room = $ENV{CONNECTIONS};   # connections that may still be accepted; undefined: any number
my $full = 0;                   # nobody is accepted
my @listeners;                  # file descriptors whose connections count
my @waiting;                    # file descriptors of requests that wait for their turn
my $turn = 0;                   # when the next answer may begin
our @due;       # each does what is due by now, and gives the time of what is due next, if anything is

# CLOCK_MONOTONIC in seconds: a guest's time of day may jump when it moves.
sub now {
    my $time = "\0" x 16;
    syscall(SYS_CLOCK_GETTIME, 1, $time);
    my ($s, $ns) = unpack 'q q', $time;
    return $s + $ns / 1e9;
}

sub watch {
    my ($operation, $fd, $interest) = @_;
    my $event = pack('L l l', $interest, $fd, 0);
    syscall(SYS_EPOLL_CTL, $epoll, $operation, $fd, $event);
}

sub add {
    my ($fh, $kind) = @_;
    my $flags = fcntl($fh, F_GETFL, 0);
    fcntl($fh, F_SETFL, $flags | O_NONBLOCK);
    my $fd = fileno $fh;
    $peer{$fd} = { fh => $fh, kind => $kind, out => '', in => '', interest => IN, left => 0, offset => 0 };
    watch(ADD, $fd, IN);
    return $fd;
}

# Closes it, for the reason given, if it is not what was to be; whoever has asked for it is told.
sub drop {
    my ($fd, $why) = @_;
    watch(DEL, $fd, 0);
    delete $paced{$fd};
    my $peer = delete $peer{$fd};
    close $peer->{fh};
    left() if $peer->{counted};
    $peer->{ended}->($why) if $peer->{ended};
}

# A connection that counts has come, or has gone.
sub came {
    my ($fd) = @_;
    return unless defined $room;
    $peer{$fd}{counted} = 1;
    return if --$room > 0;
    $full = 1;
    watch(MOD, $_, 0) for @listeners;
}

sub left {
    $room++;
    return unless $full;
    $full = 0;
    watch(MOD, $_, IN) for @listeners;
}

sub interest {
    my ($fd, $peer) = @_;
    my $want = 0;
    $want |= OUT if length $peer->{out} || ($peer->{left} && !$peer->{rate});
    $want |= IN if length($peer->{out}) < HOLD && !$peer->{eof};
    return if $want == $peer->{interest};
    $peer->{interest} = $want;
    watch(MOD, $fd, $want);
}

sub flush_out {
    my ($fd, $peer) = @_;
    # Fixed for this call: time goes on in the loop, and would make more due without end.
    my $due = $peer->{rate} ? int($peer->{rate} * (now() - $peer->{since})) - $peer->{sent} : 0;
    while (1) {
        if (!length $peer->{out} && $peer->{left}) {
            my $n = $length - $peer->{offset};
            $n = CHUNK if $n > CHUNK;
            $n = $peer->{left} if $n > $peer->{left};
            if ($peer->{rate}) {
                last if $due <= 0;
                $n = $due if $n > $due;
                $due -= $n;
                $peer->{sent} += $n;
            }
            $peer->{out} = substr $pattern, $peer->{offset}, $n;
            $peer->{offset} = ($peer->{offset} + $n) % $length;
            $peer->{left} -= $n;
        }
        last unless length $peer->{out};
        my $n = syswrite $peer->{fh}, $peer->{out};
        if (!defined $n) {
            last if $!{EAGAIN};
            return drop($fd, "$!");
        }
        substr($peer->{out}, 0, $n) = '';
    }
    return drop($fd) if $peer->{eof} && !length $peer->{out} && !$peer->{left};
    interest($fd, $peer);
}

sub request {
    my ($peer) = @_;
    return 0 unless $peer->{in} =~ /\r?\n\r?\n/;
    my ($size, $rate) = $peer->{in} =~ m{^GET /bytes/(\d{1,12})(?:\?rate=(\d{1,10}))?[ \r\n]};
    my $status = defined $size ? '200 OK' : '404 Not Found';
    $peer->{left} = $size // 0;
    $peer->{out} = "HTTP/1.1 $status\r\nContent-Type: application/octet-stream\r\n"
        . "Content-Length: $peer->{left}\r\nConnection: close\r\n\r\n";
    $peer->{eof} = 1;
    $peer->{pace} = $rate;
    return 1;
}

# Begins the answer to a request.
sub answer {
    my ($fd, $peer) = @_;
    if ($peer->{pace}) {
        @$peer{qw(rate since sent)} = ($peer->{pace}, now(), 0);
        $paced{$fd} = 1;
    }
    flush_out($fd, $peer);
}

# Requests whose turn has come; when the next one's comes.
if ($ENV{REQUESTS}) {
    push @due, sub {
        my $now = now();
        $turn = $now if $turn < $now - TICK;    # what was not used for long is lost
        while (@waiting && $turn <= $now) {
            my ($fd, $peer) = @{ shift @waiting };
            next unless ($peer{$fd} // 0) == $peer;
            $turn += 1 / $ENV{REQUESTS};
            answer($fd, $peer);
        }
        return @waiting ? $turn : undef;
    };
}

# Those who have said nothing for too long; when they are looked at again.
if (defined $room) {
    my $next = 0;
    push @due, sub {
        my $now = now();
        return $next if $now < $next;
        for my $fd (keys %peer) {
            my $peer = $peer{$fd};
            drop($fd) if $peer->{heard} && !$peer->{eof} && $now - $peer->{heard} > PATIENCE;
        }
        return $next = $now + 1;
    };
}

sub accepted {
    my ($fd, $peer) = @_;
    my $kind = substr $peer->{kind}, 7;
    for (1 .. BATCH) {
        last if $full && $kind ne 'control';
        accept(my $fh, $peer->{fh}) or last;
        setsockopt $fh, IPPROTO_TCP, TCP_NODELAY, 1;
        my $new = add($fh, $kind);
        came($new) if $kind ne 'control';
        $peer{$new}{heard} = now() if $kind eq 'http';
    }
}

# What a stream brings: undef when there is nothing, or when it has been dropped; '' at its end.
sub input {
    my ($fd, $peer) = @_;
    my $n = sysread $peer->{fh}, my $data, READ;
    return $data if defined $n;
    drop($fd, "$!") unless $!{EAGAIN};
    return undef;
}

$readable{'accept-echo'} = $readable{'accept-http'} = $readable{'accept-control'} = \&accepted;

$readable{datagram} = sub {
    my ($fd, $peer) = @_;
    for (1 .. BATCH) {
        my $from = recv $peer->{fh}, my $data, READ, 0;
        last unless defined $from;
        send $peer->{fh}, $data, 0, $from;
    }
};

$readable{echo} = sub {
    my ($fd, $peer) = @_;
    my $data = input($fd, $peer) // return;
    $peer->{eof} = 1 if $data eq '';
    $peer->{out} .= $data;
    flush_out($fd, $peer);
};

$readable{http} = sub {
    my ($fd, $peer) = @_;
    my $data = input($fd, $peer) // return;
    return drop($fd) if $data eq '' && !$peer->{eof};
    return if $peer->{eof};
    $peer->{in} .= $data;
    $peer->{heard} = now();
    return drop($fd) if length $peer->{in} > MAX_REQUEST;
    return unless request($peer);
    return answer($fd, $peer) unless $ENV{REQUESTS};
    push @waiting, [$fd, $peer];
    # It is read no further, but it is seen when the client goes away.
    watch(MOD, $fd, $peer->{interest} = 0);
};

# The packed address of a socket.
sub endpoint {
    my ($address, $port) = @_;
    my $packed = inet_pton(AF_INET, $address);
    return (AF_INET, pack_sockaddr_in($port, $packed)) if defined $packed;
    $packed = inet_pton(AF_INET6, $address) // die "$address is no address\n";
    return (AF_INET6, pack_sockaddr_in6($port, $packed));
}

sub listening {
    my ($family, $type, $at, $kind) = @_;
    socket(my $fh, $family, $type, 0) or die "socket: $!";
    setsockopt $fh, SOL_SOCKET, SO_REUSEADDR, 1;
    setsockopt $fh, IPPROTO_IPV6, IPV6_V6ONLY, 0 if $family == AF_INET6;
    bind $fh, $at or die "bind for $kind: $!";
    listen $fh, 4096 if $type == SOCK_STREAM;
    add($fh, $kind);
}

require './control.pl';

my %streams = (7 => 'echo', 80 => 'http', 7007 => 'control');
for my $port (keys %streams) {
    my $fd = listening(AF_INET6, SOCK_STREAM, pack_sockaddr_in6($port, IN6ADDR_ANY), "accept-$streams{$port}");
    push @listeners, $fd if $streams{$port} ne 'control';
}
# One socket for each address: what answers from a socket of all has the address that the route back suggests.
for my $address (@ARGV) {
    my ($family, $at) = endpoint($address, 7);
    my $fd = listening($family, SOCK_DGRAM, $at, 'datagram');
    setsockopt $peer{$fd}{fh}, SOL_SOCKET, SO_RCVBUFFORCE, QUEUE or die "no room for datagrams: $!";
}
$| = 1;
print "guest ready\n";

my $events = "\0" x (12 * BATCH);
while (1) {
    my $next = %paced ? now() + TICK : undef;
    for my $due (@due) {
        my $at = $due->() // next;
        $next = $at if !defined $next || $at < $next;
    }
    my $wait = -1;
    if (defined $next) {
        $wait = int(1000 * ($next - now())) + 1;
        $wait = 0 if $wait < 0;
    }
    my $n = syscall(SYS_EPOLL_WAIT, $epoll, $events, BATCH, $wait);
    flush_out($_, $peer{$_}) for keys %paced;
    for my $i (0 .. $n - 1) {
        my ($bits, $fd) = unpack 'L l', substr $events, 12 * $i, 12;
        my $peer = $peer{$fd} or next;
        if ($bits & OUT) {
            flush_out($fd, $peer);
            next unless $peer{$fd};
        }
        $readable{ $peer->{kind} }->($fd, $peer) if $bits & ~OUT;
    }
}
