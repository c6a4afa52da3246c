#!/usr/bin/env bash
# deploy/soak.sh [MESSAGES [KILLS [CARGO-OPTION...]]]: sends messages through a
# real Postfix while Sluse is killed again and again, and says what became of
# each. Ends with status 1 when one was lost, leaked, held or delivered twice.
#
#   deploy/soak.sh 2000 60
#   deploy/soak.sh 10000 200 --release
set -eu -o pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

messages=${1:-2000}
kills=${2:-60}
shift $(($# > 2 ? 2 : $#))
case $messages$kills in
*[!0-9]*)
    echo "usage: deploy/soak.sh [MESSAGES [KILLS [CARGO-OPTION...]]]" >&2
    exit 2
    ;;
esac
if [ "$(id -u)" -ne 0 ]; then
    echo "Postfix needs root. Run: sudo --preserve-env=PATH deploy/soak.sh $messages $kills" >&2
    exit 1
fi
need_packages build-essential pkg-config libssl-dev libclang-dev postfix gnupg python3
SLUSE_SOAK="$messages $kills" exec cargo test --locked "$@" --test faults kills -- --nocapture
