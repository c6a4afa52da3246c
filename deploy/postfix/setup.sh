#!/usr/bin/env bash
# Connects a Postfix to Sluse: the settings of main.cf.milter and the listener
# of master.cf.reinject. Running it again changes nothing more.
#
#   setup.sh [-c CONFIG_DIR] [-n]     -n shows what would change
#
# Does not restart Postfix: look at the result, then run "postfix reload".
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
config=
dry=no
while getopts c:n option; do
    case $option in
    c) config=$OPTARG ;;
    n) dry=yes ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done

conf() { postconf ${config:+-c "$config"} "$@"; }

# set_parameter NAME VALUE
set_parameter() {
    local name=$1 value=$2 now
    now=$(conf -h "$name")
    if [ "$name" = smtpd_milters ]; then
        value=$(first_milter "$value" "$now")
    fi
    [ "$now" = "$value" ] && return 0
    echo "$name: '$now' -> '$value'"
    [ "$dry" = yes ] || conf -e "$name=$value"
}

# Puts ours before the milters that are there already.
first_milter() {
    case " ${2//,/ } " in
    *" $1 "*) echo "$2" ;;
    *) echo "$1${2:+ $2}" ;;
    esac
}

command -v postconf >/dev/null || { echo "postconf not found: is Postfix installed?" >&2; exit 1; }
mapfile -t lines < <(grep -v -e '^#' -e '^$' "$here/main.cf.milter")
# Before anything changes. postconf would set an unknown name without a word.
for line in "${lines[@]}"; do
    conf -d "${line%% =*}" 2>/dev/null | grep -q . || {
        echo "this Postfix does not know ${line%% =*}: it is too old, update it first" >&2
        exit 1
    }
done
for line in "${lines[@]}"; do
    value=${line#*=}
    set_parameter "${line%% =*}" "${value# }"
done

service=127.0.0.1:10026
if conf -M "$service/inet" 2>/dev/null | grep -q .; then
    echo "master.cf already has a service on $service: left as it is"
else
    echo "master.cf: adds a listener on $service"
    [ "$dry" = yes ] || grep -v '^#' "$here/master.cf.reinject" >>"$(conf -h config_directory)/master.cf"
fi

# The folder of the socket. New files in it belong to the group of Postfix.
socket_folder=$(conf -h queue_directory)/sluse
if [ ! -d "$socket_folder" ] && [ "$dry" = no ]; then
    if getent passwd sluse >/dev/null; then
        install -d -o sluse -g "$(conf -h mail_owner)" -m 2750 "$socket_folder"
    else
        echo "no user sluse yet: make $socket_folder when there is one (deploy/systemd)" >&2
    fi
fi
