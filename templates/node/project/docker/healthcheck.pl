# Exits with 0 if /healthz on the given port returns 200: healthcheck.pl PORT
use strict;
use warnings;
use IO::Socket::INET;

# Linux accepts connections even if the program hangs, so only a response counts.
$SIG{ALRM} = sub { die "no answer within two seconds\n" };
alarm 2;

my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $ARGV[0])
    or die "no connection: $!\n";
# Looks like a request from an HTTPS load balancer, so it isn't redirected.
print $socket "GET /healthz HTTP/1.0\r\nX-Forwarded-Proto: https\r\n\r\n";
my $status = <$socket> // 'nothing';
$status =~ m{^HTTP/1\.1 200 } or die "the answer is $status\n";
