# Writes memory: MIB_PER_S a second, from the beginning to the end of MIB and over again, for SECONDS.
# Each write changes what was there, so that a migration has to copy it once more.
use strict;
use warnings;

use constant { SYS_CLOCK_GETTIME => 228, BLOCK => 65536 };

sub now {
    my $time = "\0" x 16;
    syscall(SYS_CLOCK_GETTIME, 1, $time);
    my ($s, $ns) = unpack 'q q', $time;
    return $s + $ns / 1e9;
}

my ($rate, $size, $seconds) = @ARGV;
my $blocks = $size * 16;
my $memory = "\0" x ($size << 20);
my $began = now();
my $written = 0;
while ((my $elapsed = now() - $began) < $seconds) {
    my $due = int($rate * 16 * $elapsed);
    # After a pause, of the guest or of its host, it goes on at its rate and does not make up for it.
    $written = $due - $blocks if $due - $written > $blocks;
    while ($written < $due) {
        substr($memory, $written % $blocks * BLOCK, BLOCK) = chr($written & 255) x BLOCK;
        $written++;
    }
    select undef, undef, undef, 0.01;
}
