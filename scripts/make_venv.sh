# Make the virtual environment that every `make` command uses.
# Usage: sh scripts/make_venv.sh PYTHON DIRECTORY
set -eu
python=$1
directory=$2

fail() {
  printf 'error: %s\n  try: %s\n' "$1" "$2" >&2
  exit 1
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$python is not Python 3.11 or later, which dockgen needs" "make PYTHON=python3.13 venv"
command -v git >/dev/null ||
  fail "git is missing: dockgen keeps its templates in git" "apt-get install git"
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  # Debian has it in a package of its own, which root can install without a question.
  package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update &&
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$package" >/dev/null ||
    fail "this Python cannot make virtual environments (no ensurepip)" "apt-get install python3-venv"
fi

echo "Setting up $directory (once, about half a minute) …"
"$python" -m venv --clear "$directory"
# Every download is checked against the lock's hash before it runs: first uv, then what uv installs.
# The build backend is in the lock, too, so nothing else is fetched for dockgen itself.
sed -n '/^uv==/,/[^\\]$/p' requirements/dev.txt >"$directory/uv.txt"
"$directory/bin/python" -m pip --disable-pip-version-check install -q --require-hashes -r "$directory/uv.txt"
export VIRTUAL_ENV="$directory"
"$directory/bin/uv" pip sync -q --require-hashes requirements/dev.txt
"$directory/bin/uv" pip install -q --no-deps --no-build-isolation --editable .
