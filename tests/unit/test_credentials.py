"""What is a secret, and what only looks like one.

Every secret here is made up on the spot.
"""

from dockgen import credentials
from tests.table import table

RANDOM = "q7Hx2mKp9vRt4wLz8nBc3dFg6jYs1aQe5uTiOo0P"
TOKEN = f"ghp_{RANDOM[:36]}"
KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{RANDOM}\n-----END RSA PRIVATE KEY-----\n"


@table(
    ("name", "value"),
    [
        ("DB_PASSWORD", "hunter2!"),
        ("dbPassword", "hunter2!"),
        ("NPM_TOKEN", RANDOM),
        ("SECRET_KEY_BASE", RANDOM),
        ("AWS_SECRET_ACCESS_KEY", RANDOM),
        ("apiKey", "k-27-aQe5"),
        ("MYSQL_PWD", "hunter2!"),
        ("STRIPE_KEY", RANDOM),
        ("ANYTHING", TOKEN),
        ("DATABASE_URL", "postgres://app:hunter2!@db/app"),
        ("CERTIFICATE", KEY),
    ],
)
def test_a_variable_that_holds_a_secret(name: str, value: str) -> None:
    """By its name, in any spelling, or by its value."""
    assert credentials.in_variable(name, value)


@table(
    ("name", "value"),
    [
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD", "$PASSWORD"),
        ("DB_PASSWORD", "${PASSWORD:-}"),
        ("DB_PASSWORD", "changeme"),
        ("DB_PASSWORD", "your-password-here"),
        ("DB_PASSWORD", "<password>"),
        ("POSTGRES_PASSWORD", "postgres"),
        ("PASSWORD_FILE", "/run/secrets/password"),
        ("DB_PASSWORD_FILE", "/run/secrets/password"),
        ("DB_PASSWORD", "/run/secrets/password"),
        ("PASSWORD_MIN_LENGTH", "12"),
        ("MAX_TOKENS", "4096"),
        ("TOKEN_EXPIRY", "3600s"),
        ("ENABLE_AUTH", "true"),
        ("AUTH_TYPE", "oauth2-proxy"),
        ("SORT_KEY", "created-at"),
        ("GPG_KEY", "7169605F62C751356D054A26A821E680E5FA6305"),
        ("STRIPE_PUBLISHABLE_KEY", f"pk_live_{RANDOM}"),
        ("NEXT_PUBLIC_API_KEY", RANDOM),
        ("SECRET_KEY", "dummy-key-for-the-build"),
        ("KEYBOARD", RANDOM),
        ("PWD", "/app"),
        ("COMPASS", "north-east"),
        ("PYTHON_SHA256", "27dede5b863c5b8cb6a1d8ba1c3e3f8a6ef4f0d4ae9ee9b9e7b5d9a3f1e8c7b2"),
        ("DATABASE_URL", "postgres://postgres:postgres@db/app"),
        ("DATABASE_URL", "postgres://app:${PASSWORD}@db/app"),
        ("REGISTRY", "https://user@example.com/x"),
        ("ANYTHING", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    ],
)
def test_a_variable_that_holds_none(name: str, value: str) -> None:
    """Placeholders, references to a secret, and names that only sound like one."""
    assert credentials.in_variable(name, value) == ""


@table(
    ("path", "content"),
    [
        ("/root/.npmrc", f"//registry.example.com/:_authToken={RANDOM}\n"),
        ("/app/.npmrc", f"_auth={RANDOM}"),
        ("/app/npmrc.bak", f"_auth={RANDOM}"),
        ("/app/.env.old", f"API_TOKEN={RANDOM}"),
        ("/app/.yarnrc.yml", f'npmAuthToken: "{RANDOM}"'),
        ("/root/.netrc", "machine example.com\n  login me\n  password hunter2!\n"),
        ("/root/.pypirc", "[pypi]\nusername = __token__\npassword = hunter2!\n"),
        ("/root/.docker/config.json", f'{{"auths": {{"x": {{"auth": "{RANDOM}"}}}}}}'),
        ("/root/.aws/credentials", f"[default]\naws_secret_access_key = {RANDOM}\n"),
        ("/root/.git-credentials", "https://me:hunter2!@example.com\n"),
        ("/etc/pip.conf", "[global]\nindex-url = https://me:hunter2!@example.com/simple\n"),
        ("/app/.env", "DEBUG=1\nDB_PASSWORD='hunter2!'\n"),
        ("/app/.env.production", f"export API_TOKEN={RANDOM}"),
        ("/app/config/prod.env", "DATABASE_URL=postgres://app:hunter2!@db/app"),
        ("/app/server.key", KEY),
        ("/app/certs/server.pem", f"-----BEGIN CERTIFICATE-----\nx\n{KEY}"),
        ("/etc/ssh/ssh_host_ed25519_key", KEY.replace("RSA", "OPENSSH")),
        ("/app/service-account.json", '{"private_key": "' + KEY.replace("\n", "\\n") + '"}'),
        ("/app/main.py", f'TOKEN = "{TOKEN}"\n'),
        ("/usr/src/app/main.js", f'const token = "{TOKEN}"\n'),
        ("/opt/app/config.yaml", "url: amqp://app:hunter2!@queue/\n"),
    ],
)
def test_a_file_that_holds_a_secret(path: str, content: str) -> None:
    """By what is in it; what is said of it repeats nothing."""
    assert credentials.is_worth_reading(path, len(content))
    found = credentials.in_file(path, content.encode())
    assert found
    assert RANDOM[:20] not in found
    assert "hunter2" not in found


@table(
    ("path", "content"),
    [
        ("/app/.npmrc", "save-exact=true\n//registry.example.com/:_authToken=${NPM_TOKEN}\n"),
        ("/app/.env", "PORT=8080\nDB_PASSWORD=\nNEXT_PUBLIC_API=https://example.com\n"),
        ("/app/.env.example", f"API_TOKEN={RANDOM}"),
        ("/app/.env.sample", "DB_PASSWORD=hunter2!"),
        ("/app/example.env", "DB_PASSWORD=hunter2!"),
        ("/root/.docker/config.json", '{"credsStore": "desktop", "auths": {}}'),
        ("/app/public.pem", f"-----BEGIN PUBLIC KEY-----\n{RANDOM}\n"),
        ("/app/keys.py", 'if text.startswith("-----BEGIN RSA PRIVATE KEY-----"):\n'),
        ("/app/tests/fixtures/server.key", KEY),
        ("/app/testdata/server.key", KEY),
        ("/app/.examples/tls/server.key", KEY),
        ("/app/test-environments/oidc/configuration.yml", KEY),
        ("/app/client_test.go", f"const key = `{KEY}`"),
        ("/app/src/token.spec.ts", f'const token = "{TOKEN}"'),
        ("/app/node_modules/public-encrypt/test/test_key.pem", KEY),
        ("/app/.venv/lib/python3.14/site-packages/tornado/test/test.key", KEY),
        ("/usr/lib/python3.13/test/certdata/keycert.pem", KEY),
        ("/usr/share/doc/openssl/demos/server.pem", KEY),
        ("/etc/ssl/private/ssl-cert-snakeoil.key", KEY),
        ("/go/pkg/mod/golang.org/x/crypto@v0.1.0/testdata/keys.go", KEY),
        ("/app/bin/server", "\x7fELF\0\0" + TOKEN),
        ("/app/README.md", "curl https://user:password@example.com\n"),
        ("/app/main.py", '"postgres://user:secret@localhost/app"\n'),
        ("/app/empty.key", ""),
    ],
)
def test_a_file_that_holds_none(path: str, content: str) -> None:
    """Samples, variables, public keys, code about keys, and what packages and tests bring."""
    worth = credentials.is_worth_reading(path, len(content))
    assert not worth or credentials.in_file(path, content.encode()) == ""
