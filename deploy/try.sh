#!/usr/bin/env bash
# deploy/try.sh [--once] [--program FILE]: shows Sluse at work.
#
# Builds it, starts a private Postfix and Sluse in a temporary folder on high
# ports of 127.0.0.1, sends sample mails through both, and shows what became of
# each. Then it keeps running until Ctrl-C, to look around; with --once it ends
# with status 0 when all happened as it has to. --program takes a sluse that is
# built already. Touches nothing else, but installs Debian packages that are
# missing.
set -eu -o pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

usage() {
    sed -n '2,9s/^# \{0,1\}//p' deploy/try.sh
}

once=() program=
while [ $# -gt 0 ]; do
    case $1 in
    --once) once=(--once) ;;
    --program)
        program=${2:?--program needs a file}
        shift
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done

need_packages build-essential pkg-config libssl-dev libclang-dev postfix gnupg python3 || exit 1

if [ -z "$program" ]; then
    command -v cargo >/dev/null || {
        echo "Rust is missing: install it from https://rustup.rs, then start again" >&2
        exit 1
    }
    echo "building, which takes some minutes the first time"
    cargo build --release --locked --quiet
    target=${CARGO_TARGET_DIR:-target}
    program=$target/release/sluse
fi

show=(python3 -B deploy/rehearse/demo.py --program "$program" "${once[@]}")
if [ "$(id -u)" -eq 0 ]; then
    exec "${show[@]}"
fi
# Postfix starts as root and gives its rights away.
if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    exec sudo "${show[@]}"
fi
echo "Built. Postfix needs root; run this to go on:" >&2
echo "  sudo ${show[*]}" >&2
exit 1
