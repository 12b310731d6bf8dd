# What a lab asks of a guest, over TCP port 7007: one command a line, and one line of JSON in answer, an object with
# `error` when the command could not be carried out.
#   open NAME tcp|udp|icmp ADDRESS PORT INTERVAL_MS [SOURCE]
#                            sends a numbered message to an echo server at every interval, from now on
#   stop NAME                sends no more
#   count NAME               what became of the messages so far
#   close NAME               the same, and that was it
#   dirty MIB_PER_S MIB SECONDS
#                            writes memory at that rate, again and again over so much of it, for so long
#   append COUNT             writes records to the disk, and answers when they are on it
#   verify                   reads all of them back, from the disk itself
# What was begun over a connection ends with the connection, and after LIFETIME at the latest.
#
# A message has 16 bytes: "ATEC" in TCP, "ATUE" in UDP, "ATIC" in ICMP; its number (32 bits); zeros.
use strict;
use warnings;
use Fcntl qw(O_RDWR SEEK_SET);
use Socket qw(:all);

use constant {
    SYS_FSYNC => 74,
    RECORD => 512,
    LIFETIME => 1800,     # seconds
    OPENED => 64,         # at a time
    LINE => 512,
    MESSAGE => 16,
    MIN_INTERVAL => 1,    # milliseconds
    MAX_DIRTY => 256,     # MiB a second
    EINPROGRESS => 115,
    ECHO_REQUEST => { AF_INET, 8, AF_INET6, 128 },
    ICMP_HEADER => 8,
};

our (%peer, %readable, @due);
my %opened;    # name -> what `open` began
my %writer;    # process that writes memory -> the control connection that asked for it
my %magic = (tcp => 'ATEC', udp => 'ATUE', icmp => 'ATIC');
$SIG{CHLD} = 'IGNORE';

my %commands = (
    open => \&open_connection,
    stop => sub { my $it = named(@_); $it->{due} = undef; return counted($it) },
    count => sub { return counted(named(@_)) },
    close => sub { my $it = named(@_); my $text = counted($it); ended($it); return $text },
    dirty => \&dirty,
    append => \&append,
    verify => \&verify,
);

$readable{control} = sub {
    my ($fd, $peer) = @_;
    my $data = input($fd, $peer) // return;
    return drop($fd) if $data eq '';
    $peer->{ended} //= sub { finish($fd) };
    $peer->{in} .= $data;
    while ($peer->{in} =~ s/^(.*?)\r?\n//) {
        my ($word, @rest) = split ' ', $1;
        my $command = $commands{ $word // '' };
        my $answer = eval {
            die "there is no command " . ($word // '') . "\n" unless $command;
            $command->($fd, @rest);
        };
        if (!defined $answer) {
            my $error = $@;
            $error =~ s/["\\\n]/ /g;
            $answer = qq({"error": "$error"});
        }
        $peer->{out} .= "$answer\n";
    }
    return drop($fd) if length $peer->{in} > LINE;
    flush_out($fd, $peer);
};

# A control connection has ended, and with it what it began.
sub finish {
    my ($control) = @_;
    ended($_) for grep { $_->{control} == $control } values %opened;
    for my $pid (grep { $writer{$_} == $control } keys %writer) {
        kill 'KILL', $pid;
        delete $writer{$pid};
    }
}

sub named {
    my ($control, $name) = @_;
    my $it = $opened{ $name // '' };
    die "nothing is open by that name\n" unless $it && $it->{control} == $control;
    return $it;
}

sub open_connection {
    my ($control, $name, $protocol, $address, $port, $interval, $source) = @_;
    die "usage: open NAME tcp|udp|icmp ADDRESS PORT INTERVAL_MS [SOURCE]\n" unless defined $interval;
    die "$name is open already\n" if $opened{$name};
    die "as many are open as may be\n" if keys %opened >= OPENED;
    die "no such protocol: $protocol\n" unless $magic{$protocol};
    die "an interval is at least " . MIN_INTERVAL . " ms\n" unless $interval =~ /^\d+$/ && $interval >= MIN_INTERVAL;
    my ($family, $to) = endpoint($address, $port);
    my ($type, $number) =
        $protocol eq 'tcp' ? (SOCK_STREAM, IPPROTO_TCP)
        : $protocol eq 'udp' ? (SOCK_DGRAM, IPPROTO_UDP)
        : (SOCK_DGRAM, $family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
    socket(my $fh, $family, $type, $number) or die "socket: $!\n";
    setsockopt $fh, IPPROTO_TCP, TCP_NODELAY, 1 if $protocol eq 'tcp';
    bind $fh, (endpoint($source, 0))[1] or die "bind to $source: $!\n" if defined $source;
    my $fd = add($fh, $protocol eq 'tcp' ? 'opened' : 'opened-datagram');
    if (!connect($fh, $to) && $! != EINPROGRESS) {
        my $why = "$!";
        drop($fd);
        die "connect to $address: $why\n";
    }
    my $now = now();
    my $it = $peer{$fd}{opened} = $opened{$name} = {
        name => $name, control => $control, fd => $fd, protocol => $protocol, family => $family,
        interval => $interval / 1000, due => $now, until => $now + LIFETIME,
        sent => 0, received => 0, duplicated => 0, reordered => 0, got => '', highest => -1,
        last => undef, gap => 0, error => undef, input => '',
    };
    $peer{$fd}{ended} = sub { $it->{error} //= $_[0] // 'closed by the other side'; $it->{fd} = $it->{due} = undef };
    return '{}';
}

sub ended {
    my ($it) = @_;
    delete $opened{ $it->{name} };
    drop($it->{fd}) if defined $it->{fd};
}

sub counted {
    my ($it) = @_;
    my $silent = defined $it->{last} ? now() - $it->{last} : -1;
    return sprintf
        '{"sent": %d, "received": %d, "duplicated": %d, "reordered": %d, "gapMs": %.3f, "silentMs": %.3f, "error": %s}',
        @$it{qw(sent received duplicated reordered)}, 1000 * $it->{gap}, 1000 * $silent,
        defined $it->{error} ? qq("$it->{error}") : 'null';
}

sub transmit {
    my ($it) = @_;
    my $peer = $peer{ $it->{fd} };
    my $message = pack 'a4 N x8', $magic{ $it->{protocol} }, $it->{sent}++;
    if ($it->{protocol} eq 'tcp') {
        $peer->{out} .= $message;
        return flush_out($it->{fd}, $peer);
    }
    # An identifier of its own, the checksum, and which answers are whose, are the kernel's business.
    $message = pack('C x5 n', ECHO_REQUEST->{ $it->{family} }, $it->{sent} & 0xffff) . $message
        if $it->{protocol} eq 'icmp';
    # No route, no room, or an ICMP error about an earlier one: it is lost.
    send $peer->{fh}, $message, 0;
}

push @due, sub {
    my $now = now();
    my $next;
    for my $it (values %opened) {
        $it->{due} = undef if $now > $it->{until};
        while (defined $it->{due} && $it->{due} <= $now) {
            $it->{due} += $it->{interval};
            transmit($it);
        }
        $next = $it->{due} if defined $it->{due} && (!defined $next || $it->{due} < $next);
    }
    return $next;
};

sub arrived {
    my ($it, $number) = @_;
    my $now = now();
    $it->{gap} = $now - $it->{last} if defined $it->{last} && $now - $it->{last} > $it->{gap};
    $it->{last} = $now;
    if (vec $it->{got}, $number, 1) {
        $it->{duplicated}++;
        return;
    }
    vec($it->{got}, $number, 1) = 1;
    $it->{received}++;
    if ($number < $it->{highest}) { $it->{reordered}++ }
    else { $it->{highest} = $number }
}

$readable{opened} = sub {
    my ($fd, $peer) = @_;
    my $data = input($fd, $peer) // return;
    return drop($fd) if $data eq '';
    my $it = $peer->{opened};
    $it->{input} .= $data;
    while (length $it->{input} >= MESSAGE) {
        my ($magic, $number) = unpack 'a4 N', substr $it->{input}, 0, MESSAGE, '';
        return drop($fd, 'what came back is not what was sent') if $magic ne 'ATEC' || $number >= $it->{sent};
        arrived($it, $number);
    }
};

$readable{'opened-datagram'} = sub {
    my ($fd, $peer) = @_;
    my $it = $peer->{opened};
    for (1 .. 64) {
        my $from = recv $peer->{fh}, my $data, 65536, 0;
        last unless defined $from;
        if ($it->{protocol} eq 'icmp') {
            next unless length $data == ICMP_HEADER + MESSAGE;
            $data = substr $data, ICMP_HEADER;
        }
        my ($magic, $number) = unpack 'a4 N', $data;
        next unless length $data == MESSAGE && $magic eq $magic{ $it->{protocol} } && $number < $it->{sent};
        arrived($it, $number);
    }
};

# In a process of its own, which is a page of code and the memory that it writes.
sub dirty {
    my ($control, $rate, $size, $seconds) = @_;
    for ($rate, $size, $seconds) { die "usage: dirty MIB_PER_S MIB SECONDS\n" unless defined && /^\d+$/ && $_ > 0 }
    die "at most " . MAX_DIRTY . " MiB a second\n" if $rate > MAX_DIRTY;
    die "at most " . LIFETIME . " s\n" if $seconds > LIFETIME;
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        exec '/usr/bin/perl', '/dirty.pl', $rate, $size, $seconds;
        exit 1;
    }
    $writer{$pid} = $control;
    return '{}';
}

my $disk;
my $records = 0;    # that are on the disk

sub disk {
    return $disk if $disk;
    sysopen $disk, '/dev/vda', O_RDWR or die "there is no disk: $!\n";
    return $disk;
}

# "ATJL", its number, and as many bytes as it takes, which depend on the number.
sub record {
    my ($number) = @_;
    my $head = pack 'a4 N', 'ATJL', $number;
    return $head . chr(($number * 37 + 11) & 255) x (RECORD - length $head);
}

sub append {
    my ($control, $count) = @_;
    die "usage: append COUNT, from 1 to 1024\n" unless ($count // '') =~ /^\d+$/ && $count >= 1 && $count <= 1024;
    my $fh = disk();
    my $data = join '', map { record($_) } $records .. $records + $count - 1;
    sysseek $fh, $records * RECORD, SEEK_SET;
    my $n = syswrite $fh, $data;
    die "write: $!\n" unless defined $n;
    die "the disk is full\n" unless $n == length $data;
    die "fsync: $!\n" if syscall(SYS_FSYNC, fileno $fh) < 0;
    $records += $count;
    return qq({"records": $records});
}

sub verify {
    my $fh = disk();
    # What the guest's memory holds of it went with the memory.
    open(my $caches, '>', '/proc/sys/vm/drop_caches') or die "cannot drop caches: $!\n";
    print $caches "1\n";
    close $caches;
    sysseek $fh, 0, SEEK_SET;
    my $right = 0;
    while ($right < $records) {
        my $n = sysread $fh, my $data, RECORD;
        die "read: $!\n" unless defined $n;
        last unless $n == RECORD && $data eq record($right);
        $right++;
    }
    return qq({"records": $records, "right": $right});
}

1;
