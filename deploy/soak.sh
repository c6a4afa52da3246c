#!/usr/bin/env bash
# deploy/soak.sh [MESSAGES [KILLS [MINUTES [CARGO-OPTION...]]]]: sends messages
# at the milter and at the relay while Sluse is killed again and again, then for
# so many minutes while every trouble of tests/faults strikes in random order.
# Says what became of each message. Ends with status 1 when one was lost or
# leaked, held twice, or delivered twice more often than troubles struck.
#
#   deploy/soak.sh 2000 60
#   deploy/soak.sh 10000 100 30 --release
set -eu -o pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

messages=${1:-2000}
kills=${2:-60}
minutes=${3:-0}
shift $(($# > 3 ? 3 : $#))
case $messages$kills$minutes in
*[!0-9]*)
    echo "usage: deploy/soak.sh [MESSAGES [KILLS [MINUTES [CARGO-OPTION...]]]]" >&2
    exit 2
    ;;
esac
if [ "$(id -u)" -ne 0 ]; then
    echo "Postfix needs root. Run: sudo --preserve-env=PATH deploy/soak.sh $messages $kills $minutes" >&2
    exit 1
fi
need_packages build-essential pkg-config libssl-dev libclang-dev postfix gnupg procps python3
SLUSE_SOAK="$messages $kills" cargo test --locked "$@" --test faults \
    kills_lose_leak_and_double_nothing -- --nocapture --test-threads 1
[ "$minutes" -gt 0 ] || exit 0
SLUSE_SOAK_MINUTES=$minutes exec cargo test --locked "$@" --test faults \
    all_troubles_in_turn -- --nocapture
