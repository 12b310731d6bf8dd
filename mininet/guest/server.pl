#!/usr/bin/perl
# What a lab guest serves, over IPv4 and IPv6, from one process and one event loop, so that a thousand
# connections cost no thousand processes:
#   TCP 7   echo, without Nagle's algorithm: each message comes back by itself
#   UDP 7   echo
#   TCP 80  GET /bytes/N: N bytes, the byte at offset i being byte (i mod length) of the file /pattern;
#           GET /bytes/N?rate=R: the same at R bytes a second
# Only what Debian's essential perl-base has is used; epoll is called by its system call number.
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
};

$SIG{PIPE} = 'IGNORE';
open(my $file, '<:raw', '/pattern') or die "cannot open the pattern: $!";
my $pattern = do { local $/; <$file> };
my $length = length $pattern;

my $epoll = syscall(SYS_EPOLL_CREATE1, 0);
die "cannot create an epoll instance: $!" if $epoll < 0;
my %paced;   # those of %peer that are sent at a rate
my %peer;    # file descriptor -> { fh, kind, out, in, interest, offset, left }

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
}

sub drop {
    my ($fd) = @_;
    watch(DEL, $fd, 0);
    delete $paced{$fd};
    close delete($peer{$fd})->{fh};
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
            return drop($fd);
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
    if ($rate) {
        @$peer{qw(rate since sent)} = ($rate, now(), 0);
        $paced{ fileno $peer->{fh} } = 1;
    }
    return 1;
}

sub readable {
    my ($fd, $peer) = @_;
    if ($peer->{kind} eq 'accept-echo' || $peer->{kind} eq 'accept-http') {
        for (1 .. BATCH) {
            accept(my $fh, $peer->{fh}) or last;
            setsockopt $fh, IPPROTO_TCP, TCP_NODELAY, 1;
            add($fh, substr $peer->{kind}, 7);
        }
    } elsif ($peer->{kind} eq 'datagram') {
        for (1 .. BATCH) {
            my $from = recv $peer->{fh}, my $data, READ, 0;
            last unless defined $from;
            send $peer->{fh}, $data, 0, $from;
        }
    } else {
        my $n = sysread $peer->{fh}, my $data, READ;
        if (!defined $n) {
            return if $!{EAGAIN};
            return drop($fd);
        }
        if ($peer->{kind} eq 'echo') {
            $peer->{eof} = 1 if $n == 0;
            $peer->{out} .= $data if $n;
            return flush_out($fd, $peer);
        }
        return drop($fd) if $n == 0 && !$peer->{eof};
        return if $peer->{eof};
        $peer->{in} .= $data;
        return drop($fd) if length $peer->{in} > MAX_REQUEST;
        flush_out($fd, $peer) if request($peer);
    }
}

sub serve {
    my ($type, $port, $kind) = @_;
    socket(my $fh, AF_INET6, $type, 0) or die "socket: $!";
    setsockopt $fh, SOL_SOCKET, SO_REUSEADDR, 1;
    setsockopt $fh, IPPROTO_IPV6, IPV6_V6ONLY, 0;
    bind $fh, pack_sockaddr_in6($port, IN6ADDR_ANY) or die "bind to port $port: $!";
    listen $fh, 4096 if $type == SOCK_STREAM;
    add($fh, $kind);
}

serve(SOCK_STREAM, 7, 'accept-echo');
serve(SOCK_DGRAM, 7, 'datagram');
serve(SOCK_STREAM, 80, 'accept-http');
$| = 1;
print "guest ready\n";

my $events = "\0" x (12 * BATCH);
while (1) {
    my $n = syscall(SYS_EPOLL_WAIT, $epoll, $events, BATCH, %paced ? 1000 * TICK : -1);
    flush_out($_, $peer{$_}) for keys %paced;
    for my $i (0 .. $n - 1) {
        my ($bits, $fd) = unpack 'L l', substr $events, 12 * $i, 12;
        my $peer = $peer{$fd} or next;
        if ($bits & OUT) {
            flush_out($fd, $peer);
            next unless $peer{$fd};
        }
        readable($fd, $peer) if $bits & ~OUT;
    }
}
