#!/usr/bin/env bash
# Everything that must hold before a change is pushed. Goes on after a failure,
# so that one run shows all of it; ends with status 1 when anything failed.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=deploy/packages.sh
. deploy/packages.sh

red='' green='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    red=$'\e[31m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
else
    export CARGO_TERM_COLOR=never
fi
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
passed=0
failed=()

# step NAME COMMAND...: quiet unless it fails
step() {
    local name=$1 start=$SECONDS
    shift
    if "$@" >"$log" 2>&1; then
        tell "$green" ok "$name" "$start"
    else
        cat "$log"
        tell "$red" FAILED "$name" "$start"
    fi
}

# loud_step NAME COMMAND...: shows what the command says while it runs
loud_step() {
    local name=$1 start=$SECONDS
    shift
    if "$@"; then
        tell "$green" ok "$name" "$start"
    else
        tell "$red" FAILED "$name" "$start"
    fi
}

tell() {
    local colour=$1 word=$2 name=$3 start=$4
    printf '%s%-6s%s %-28s %s%d s%s\n' "$colour" "$word" "$plain" "$name" "$dim" $((SECONDS - start)) "$plain"
    if [ "$word" = ok ]; then passed=$((passed + 1)); else failed+=("$name"); fi
}

skip() {
    printf '%s%-6s %s: %s%s\n' "$dim" skip "$1" "$2" "$plain"
}

leftovers() {
    local words='todo!\(|unimplemented!\(|dbg!\(|FIXME|\bXXX\b|#\[ignore'
    ! grep -rnE "$words" --include='*.rs' --include='*.sh' --include='*.toml' --include='*.html' \
        --exclude=test.sh --exclude=clippy.toml src tests rules templates deploy Cargo.toml 2>/dev/null
}

scripts() {
    local script
    for script in deploy/*.sh deploy/*/*.sh .ci/run; do
        [ -e "$script" ] || continue
        bash -n "$script" || return 1
        if command -v shellcheck >/dev/null; then
            shellcheck -x "$script" || return 1
        fi
    done
}

need_packages build-essential pkg-config libssl-dev libclang-dev faketime gnupg m4 mandoc openssl \
    postfix procps python3 python3-dkim python3-nacl ripmime swaks systemd tesseract-ocr tesseract-ocr-nor || exit 1

step 'format' cargo fmt --check
step 'scripts' scripts
step 'leftover words' leftovers
step 'clippy' cargo clippy --quiet --all-targets --locked -- -D warnings
loud_step 'tests' cargo test --locked
step 'rule packs' cargo run --quiet --locked -- rules test
step 'documentation' env RUSTDOCFLAGS='-D warnings' cargo doc --quiet --no-deps --locked
if command -v cargo-deny >/dev/null; then
    step 'licences and sources' cargo deny --offline check bans licenses sources
else
    skip 'licences and sources' 'cargo-deny is not installed'
fi
if command -v systemd-analyze >/dev/null; then
    step 'hardening of the unit' systemd-analyze security --offline=true --threshold=15 --no-pager \
        deploy/systemd/sluse.service
else
    skip 'hardening of the unit' 'systemd-analyze is not installed'
fi

if [ ${#failed[@]} -gt 0 ]; then
    printf '%sfailed: %s%s (%d steps ok, %d s)\n' "$red" "$(IFS=,; echo "${failed[*]}")" "$plain" "$passed" "$SECONDS"
    exit 1
fi
printf '%sall %d steps ok%s (%d s)\n' "$green" "$passed" "$plain" "$SECONDS"
