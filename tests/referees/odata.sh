#!/bin/sh
# Runs the whole product between servers that were written elsewhere: SAP CAP as the OData server, and
# a Salesforce made from its documentation alone.
#
# A command for people, not part of CI: it installs SAP CAP (npm) into a folder of its own, so it needs
# node, npm, python3 (3.11 or newer) and a package registry. Usage:
#
#   tests/referees/odata.sh [path of the ml-connector binary] [words of the checks to run]
#
# REFEREES names the folder to install into; without it a new one is made and removed afterwards.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
binary=${1:-ml-connector}
[ $# -eq 0 ] || shift
binary=$(command -v "$binary") || { echo "there is no such program: build it with cargo build -p ml-connector-cli" >&2; exit 1; }
case $binary in /*) ;; *) binary=$(pwd)/$binary ;; esac
folder=${REFEREES:-$(mktemp -d)}
mkdir -p "$folder/app"

finish() {
  [ -n "${REFEREES:-}" ] || rm -rf "$folder"
}
trap finish EXIT INT TERM

# The server needs node 22 or newer; where there is none, one comes from the registry too.
CAP_NODE=node
node=
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 22 ]; then
  node="node-$(node -p 'process.platform')-$(node -p 'process.arch')"
  CAP_NODE="$folder/app/node_modules/$node/bin/node"
fi
if [ ! -d "$folder/app/node_modules/@sap/cds" ]; then
  cp "$here/cap/package.json" "$folder/app/"
  (cd "$folder/app" && npm install --silent --ignore-scripts --no-audit --no-fund \
    @sap/cds@10 @cap-js/sqlite@3 express@4 ${node:+"$node@22"})
fi
export CAP_NODE
python3 -B "$here/odata_referee.py" "$binary" "$folder" "$here" "$@"
