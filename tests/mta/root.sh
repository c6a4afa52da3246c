#!/bin/sh
# Runs a mail server of Debian beside the Postfix of this machine, of which
# Debian allows only one: its package files are laid over the system in a mount
# namespace of their own, so that nothing outside it changes.
#
#   root.sh fetch            gets the packages, once, into target/mta
#   root.sh run NAME HOST    starts exim, opensmtpd, sendmail or dovecot in the
#                            foreground; HOST is a folder with its settings,
#                            seen as /host inside
#
# Needs root. The server ends with the process that started it.
set -eu
cd "$(dirname "$0")/../.."
store=$PWD/target/mta

packages() {
    case $1 in
    exim) echo exim4-base exim4-daemon-light ;;
    opensmtpd) echo opensmtpd ;;
    sendmail) echo sendmail-base sendmail-bin sendmail-cf sensible-mda libwrap0 ;;
    dovecot) echo dovecot-core dovecot-lmtpd ;;
    *) echo "root.sh: no server named $1" >&2; exit 2 ;;
    esac
}

# fetch NAME: unpacks without running any script of a package.
fetch() {
    [ -e "$store/$1/.done" ] && return 0
    rm -rf "${store:?}/$1" && mkdir -p "$store/$1/files" "$store/$1/debs"
    (
        cd "$store/$1/debs"
        # shellcheck disable=SC2046
        apt-get download -qq $(packages "$1") 2>/dev/null ||
            { apt-get update -qq && apt-get download -qq $(packages "$1") 2>/dev/null; }
        for deb in *.deb; do dpkg -x "$deb" ../files; done
    )
    # Debian's /lib is a link, which a folder of that name would hide.
    for folder in bin lib sbin; do
        [ -d "$store/$1/files/$folder" ] || continue
        mkdir -p "$store/$1/files/usr/$folder"
        cp -a "$store/$1/files/$folder/." "$store/$1/files/usr/$folder/"
        rm -rf "${store:?}/$1/files/$folder"
    done
    touch "$store/$1/.done"
}

# user NAME ID HOME
user() {
    echo "$1:x:$2:$2::$3:/usr/sbin/nologin" >>/etc/passwd
    echo "$1:x:$2:" >>/etc/group
}

case ${1-} in
fetch)
    for name in exim opensmtpd sendmail dovecot; do fetch "$name"; done
    ;;
run)
    exec unshare --mount --uts "$0" enter "$2" "$3"
    ;;
enter)
    name=$2 host=$3 over=$3/over
    mkdir -p "$over"
    mount -t tmpfs tmpfs "$over"
    mkdir "$over/up" "$over/work" "$over/root"
    cp -a "$store/$name/files/." "$over/up/"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$over/up,workdir=$over/work" "$over/root"
    mount --rbind /proc "$over/root/proc"
    mount --rbind /dev "$over/root/dev"
    mount -t tmpfs tmpfs "$over/root/run"
    mkdir "$over/root/host"
    cp "$0" "$host/root.sh"
    mount --bind "$host" "$over/root/host"
    exec chroot "$over/root" /host/root.sh start "$name"
    ;;
start)
    hostname mx.cpm.example
    echo '127.0.0.1 mx.cpm.example mx localhost' >/etc/hosts
    sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
    case $2 in
    exim)
        user Debian-exim 9101 /var/spool/exim4
        mkdir -p /etc/exim4 /var/spool/exim4 /host/log
        chown -R Debian-exim:Debian-exim /var/spool/exim4 /host/log
        install -m 644 /host/exim.conf /etc/exim4/exim4.conf
        chmod u+s /usr/sbin/exim4
        exec /usr/sbin/exim4 -bdf -q1s
        ;;
    opensmtpd)
        empty=/var/lib/opensmtpd/empty
        user opensmtpd 9201 $empty
        user opensmtpq 9202 $empty
        mkdir -p $empty /var/spool/smtpd /run/opensmtpd
        chmod 711 /var/spool/smtpd
        echo mx.cpm.example >/etc/mailname
        exec /usr/sbin/smtpd -d -f /host/smtpd.conf
        ;;
    sendmail)
        user smmta 9301 /var/lib/sendmail
        user smmsp 9302 /var/lib/sendmail
        mkdir -p /etc/mail /var/spool/mqueue /var/lib/sendmail/host_status /run/sendmail/mta
        chmod 700 /var/spool/mqueue
        touch /etc/mail/local-host-names /etc/mail/trusted-users
        echo hosts files >/etc/mail/service.switch
        m4 -D_CF_DIR_=/usr/share/sendmail/cf/ /host/sendmail.mc >/etc/mail/sendmail.cf
        exec /usr/libexec/sendmail/sendmail -bD -q1s -C /etc/mail/sendmail.cf
        ;;
    dovecot)
        user dovecot 9401 /nonexistent
        user dovenull 9402 /nonexistent
        user vmail 9403 /nonexistent
        mkdir -p /run/dovecot /var/lib/dovecot
        mkdir -p /host/mail
        chown vmail /host/mail
        exec /usr/sbin/dovecot -F -c /host/dovecot.conf
        ;;
    esac
    ;;
*)
    sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
