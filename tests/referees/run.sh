#!/bin/sh
# Runs third-party Salesforce clients, unmodified, against the sandbox.
#
# A command for people, not part of CI: it installs jsforce, the Node Pub/Sub client and the Salesforce
# CLI (npm) and simple-salesforce (pip) into a folder of its own, so it needs node, npm, python3, a
# package registry and 400 MB. Usage:
#
#   tests/referees/run.sh [path of the ml-connector binary]
#
# REFEREES names the folder to install into; without it a new one is made and removed afterwards.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
binary=${1:-ml-connector}
folder=${REFEREES:-$(mktemp -d)}
mkdir -p "$folder"
served="$folder/served.json"
server=

finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -n "${REFEREES:-}" ] || rm -rf "$folder"
}
trap finish EXIT INT TERM

if [ ! -d "$folder/node_modules/jsforce" ]; then
  (cd "$folder" && npm install --silent --no-audit --no-fund --prefix . jsforce@3)
fi
if [ ! -d "$folder/node_modules/salesforce-pubsub-api-client" ]; then
  # Its avro-js uses underscore without saying so.
  (cd "$folder" && npm install --silent --no-audit --no-fund --prefix . salesforce-pubsub-api-client@5 underscore@1)
fi
if [ ! -x "$folder/cli/node_modules/.bin/sf" ]; then
  mkdir -p "$folder/cli"
  # Newer versions of this one need a newer node than the CLI itself does.
  echo '{ "dependencies": { "@salesforce/cli": "2" }, "overrides": { "undici": "7.18.2" } }' > "$folder/cli/package.json"
  (cd "$folder/cli" && npm install --silent --no-audit --no-fund)
fi
if [ ! -d "$folder/py/simple_salesforce" ]; then
  python3 -m pip install --quiet --target "$folder/py" "simple-salesforce>=1.12,<2"
fi

"$binary" --json sandbox serve --suppliers 1 > "$served" 2> "$folder/server.log" &
server=$!
tries=0
until [ -s "$served" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
    cat "$folder/server.log" >&2
    echo "the sandbox did not start" >&2
    exit 1
  fi
  sleep 0.1
done

cp "$here/jsforce.js" "$folder/"
(cd "$folder" && node jsforce.js "$served")
cp "$here/events.mjs" "$folder/"
# The address of the sandbox is an IP, which node warns about.
(cd "$folder" && node --no-deprecation events.mjs "$served")
PYTHONPATH="$folder/py" python3 "$here/simple_salesforce_referee.py" "$served"
# The CLI comes last: it deploys our metadata, which makes external ids tell upper and lower case apart.
node "$here/salesforce_cli.mjs" "$served" "$folder/cli"
echo "all referees agree"
