#!/usr/bin/env bash
# Runs a command beside a Postfix of its own, within `with-dovecot.sh`: Debian's package, a private
# queue and ports on loopback, gone when the command ends. The command finds its folder in
# TANGGAP_TEST_POSTFIX; in it are `ports` (submission with STARTTLS, submission in TLS) and `log`.
# Who submits proves themselves as they do at Dovecot (password or OAuth2 token); letters to
# NAME@anything lie in the mailbox NAME there, but for tidak-ada@…, which does not exist.
set -euo pipefail
dovecot=${TANGGAP_TEST_DOVECOT:?with-dovecot.sh goes before}

sudo=$([ "$(id -u)" = 0 ] || echo sudo)
if [ ! -x /usr/sbin/postfix ]; then
  echo "with-postfix: installing Debian's Postfix" >&2
  $sudo apt-get update -qq
  # The instance of the package itself neither listens nor runs.
  echo "postfix postfix/main_mailer_type select No configuration" | $sudo debconf-set-selections
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends \
    postfix >/dev/null
fi
if ! /usr/bin/python3 -c 'import dkim, nacl' 2>/dev/null; then
  echo "with-postfix: installing Debian's verifier of DKIM" >&2
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends \
    python3-dkim python3-nacl >/dev/null
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/tanggap-postfix.XXXXXX")
chmod 755 "$dir"
port=$((30000 + RANDOM % 2000))
tls=$((port + 1))
mkdir -p "$dir/etc" "$dir/queue" "$dir/data"
cat >"$dir/etc/main.cf" <<CONF
compatibility_level = 3.6
maillog_file = $dir/log
maillog_file_prefixes = $dir
queue_directory = $dir/queue
data_directory = $dir/data
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = uji.go.id
mydestination =
local_recipient_maps =
alias_maps =
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:all
virtual_transport = lmtp:inet:127.0.0.1:$(cut -d' ' -f3 "$dovecot/ports")
recipient_delimiter = +
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:$(cut -d' ' -f4 "$dovecot/ports")
smtpd_tls_auth_only = yes
smtpd_tls_security_level = may
smtpd_tls_cert_file = $dovecot/server.pem
smtpd_tls_key_file = $dovecot/server.key
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
  check_recipient_access regexp:{ { /^tidak-ada@/ 550 5.1.1 Alamat tidak ada } },
  permit_sasl_authenticated, reject
smtp_tls_security_level = none
default_process_limit = 20
message_size_limit = 26214400
CONF
cat >"$dir/etc/master.cf" <<CONF
127.0.0.1:$port inet n - n - - smtpd
127.0.0.1:$tls inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
CONF
$sudo chown -R root "$dir/etc" "$dir/queue"
$sudo chown postfix "$dir/data"
echo "$port $tls" >"$dir/ports"
stop() {
  $sudo /usr/sbin/postfix -c "$dir/etc" stop >/dev/null 2>&1 || true
  $sudo rm -rf "$dir"
}
trap stop EXIT
$sudo /usr/sbin/postfix -c "$dir/etc" start >"$dir/start" 2>&1 8>&- 9>&- || { cat "$dir/start" >&2; exit 1; }
export TANGGAP_TEST_POSTFIX="$dir"
"$@"
