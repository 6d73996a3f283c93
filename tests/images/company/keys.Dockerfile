# What the tests give to builds and to the host: an authority that nobody knows, a certificate of it,
# a key for ssh, and the host's own. The certificate is for the name of PyPI's host, too.
FROM golang:1.27 AS made
WORKDIR /keys
ARG PYPI
RUN openssl req -x509 -newkey rsa:2048 -nodes -days 9999 -keyout authority.key \
      -out authority.pem -subj "/CN=Acme" -addext keyUsage=critical,keyCertSign \
 && openssl req -x509 -newkey rsa:2048 -nodes -days 9999 -keyout server.key -out server.pem \
      -CA authority.pem -CAkey authority.key -subj /CN=git.acme.example \
      -addext basicConstraints=critical,CA:FALSE \
      -addext subjectAltName=DNS:git.acme.example,DNS:$PYPI \
 && rm authority.key
RUN ssh-keygen -q -t ed25519 -N "" -C "" -f id_ed25519 \
 && ssh-keygen -q -t ed25519 -N "" -C "" -f host \
 && printf 'git.acme.example %s\n' "$(cat host.pub)" >known_hosts
# The public authorities and the company's own, as the machines of a company have them.
RUN cat /etc/ssl/certs/ca-certificates.crt authority.pem >bundle.pem

FROM scratch
COPY --from=made /keys/ /
