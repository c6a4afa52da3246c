#!/usr/bin/env bash
# deploy/differential.sh [--count N] [--seed S] [--keep DIR] [--hostile] [--table]:
# mutates mail and holds the release build against Python's email package and
# ripmime. Ends with status 1 when one of them shows the planted number and
# Sluse says clean, and keeps the message with a text that tells how to look
# at it. Twenty thousand mutants take some minutes.
#
#   deploy/differential.sh
#   deploy/differential.sh --count 5000 --seed another --hostile --keep differential
set -eu -o pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

case " $* " in
*' -h '* | *' --help '*)
    sed -n '2,10s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
need_packages build-essential pkg-config libssl-dev libclang-dev python3 ripmime
cargo build --quiet --release --locked
exec python3 tests/differential/run.py --sluse "${CARGO_TARGET_DIR:-target}/release/sluse" "$@"
