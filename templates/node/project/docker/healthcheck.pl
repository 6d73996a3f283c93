# Exits with 0 if /healthz answers 200 at the port that is given: healthcheck.pl PORT
use strict;
use warnings;
use IO::Socket::INET;

# Linux takes connections for a program that hangs, so only an answer counts.
$SIG{ALRM} = sub { die "no answer within two seconds\n" };
alarm 2;

my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $ARGV[0])
    or die "no connection: $!\n";
# As a balancer asks that speaks HTTPS: a redirect to it is for others.
print $socket "GET /healthz HTTP/1.0\r\nX-Forwarded-Proto: https\r\n\r\n";
my $status = <$socket> // 'nothing';
$status =~ m{^HTTP/1\.1 200 } or die "the answer is $status\n";
