# shellcheck shell=bash
# Sourced by the scripts beside it. Installs Debian packages that are missing,
# and lets none of them start a service.

# need_packages PACKAGE...
need_packages() {
    local missing=() package
    command -v dpkg-query >/dev/null || {
        echo "not a Debian system: install what matches: $*" >&2
        return 0
    }
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) missing+=("$package") ;;
        esac
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "Packages are missing. Run this, then start again:" >&2
        echo "  sudo apt-get install --no-install-recommends -y ${missing[*]}" >&2
        return 1
    fi
    echo "installing: ${missing[*]}"
    install_quietly "${missing[@]}"
}

install_quietly() {
    local guard=/usr/sbin/policy-rc.d made=no status=0
    # Debian asks this program before it starts anything; 101 means no.
    if [ ! -e "$guard" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$guard"
        chmod 755 "$guard"
        made=yes
    fi
    export DEBIAN_FRONTEND=noninteractive
    echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections || true
    {
        apt-get -o DPkg::Lock::Timeout=300 update -qq &&
            apt-get -o DPkg::Lock::Timeout=300 install -qq -y --no-install-recommends "$@"
    } >/dev/null || status=$?
    [ "$made" = yes ] && rm -f "$guard"
    [ "$status" -eq 0 ] || echo "apt-get could not install: $*" >&2
    return "$status"
}
