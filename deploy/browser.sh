#!/usr/bin/env bash
# deploy/browser.sh [TEST]: drives the pages in Debian's chromium, through a whole
# site with Postfix: barriers (axe), keyboard, remote content and scripts, and a
# day's work with and without JavaScript. Takes some minutes.
#
#   deploy/browser.sh
#   deploy/browser.sh the_keyboard_is_enough
set -eu -o pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

need_packages build-essential pkg-config libssl-dev libclang-dev chromium gnupg postfix procps
# A newer node than Debian's serves as well.
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    need_packages nodejs npm
fi
npm install --prefix tests/browser --silent --no-audit --no-fund
exec cargo test --locked --test browser -- "$@"
