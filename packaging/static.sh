#!/bin/sh
# Builds both programs as static binaries that run on any Linux: no libraries, no files besides.
#   packaging/static.sh                  # for this machine's kind of processor
#   packaging/static.sh --profile dev    # whatever else cargo is to be told
# Needed: rustup, and a C compiler for musl (Debian and Ubuntu: musl-tools; Fedora: musl-gcc; Alpine has it).
set -eu
cd "$(dirname "$0")/.."
target="$(uname -m)-unknown-linux-musl"
if ! command -v musl-gcc >/dev/null && ! ldd /bin/sh 2>&1 | grep -q musl; then
    echo "musl-gcc is not here: install musl-tools (or musl-gcc), then run this again" >&2
    exit 1
fi
rustup target add "$target"
case " $* " in *" --profile "*) ;; *) set -- --release "$@" ;; esac
cargo build --locked --target "$target" --bin ml-connector --bin ml-connectord "$@"
echo "static binaries:"
find "${CARGO_TARGET_DIR:-target}/$target" -maxdepth 2 -type f \( -name ml-connector -o -name ml-connectord \) -newer Cargo.toml
