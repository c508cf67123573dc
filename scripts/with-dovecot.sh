#!/usr/bin/env bash
# Runs a command beside a Dovecot of its own: Debian's package, a private folder and ports, gone
# when the command ends. The command finds the folder in TANGGAP_TEST_DOVECOT; in it are `ports`
# (IMAP, IMAP in TLS, LMTP, and where Postfix asks who somebody is), `ca.pem`, `control` (control
# start|kill), and `mail/NAME` (Maildir) for any user NAME with the password "rahasia"; `token` is
# an OAuth2 token of the user "siti".
set -euo pipefail

if [ ! -e /usr/lib/dovecot/imap-login ] || [ ! -e /usr/lib/dovecot/lmtp ]; then
  echo "with-dovecot: installing Debian's Dovecot" >&2
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends \
    dovecot-imapd dovecot-lmtpd openssl >/dev/null
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/tanggap-dovecot.XXXXXX")
chmod 711 "$dir"
port=$((20000 + RANDOM % 10000))
tls=$((port + 1)) lmtp=$((port + 2)) auth=$((port + 3))
# Dovecot refuses root as the owner of mail.
if [ "$(id -u)" = 0 ]; then user=nobody group=nogroup; else user=$(id -un) group=$(id -gn); fi
mkdir -p "$dir/run" "$dir/mail" "$dir/state"
(cd "$dir" && exec 2>/dev/null
  key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
  openssl req -x509 $key -keyout ca.key -out ca.pem -days 30 -subj /CN=uji
  openssl req $key -keyout server.key -out server.csr -subj /CN=localhost
  echo subjectAltName=DNS:localhost,IP:127.0.0.1 >server.ext
  openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
    -extfile server.ext -out server.pem)
# A token is checked by its signature: no OAuth2 server is needed to speak XOAUTH2.
mkdir -p "$dir/keys/default/HS256"
key=kunci-rahasia-untuk-uji-coba-saja
printf %s "$key" | openssl base64 -A >"$dir/keys/default/HS256/default"
url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
now=$(date +%s)
claims="{\"sub\":\"siti\",\"iat\":$now,\"exp\":$((now + 86400))}"
signed=$(printf '{"alg":"HS256","typ":"JWT"}' | url).$(printf %s "$claims" | url)
printf %s "$signed.$(printf %s "$signed" | openssl dgst -sha256 -hmac "$key" -binary | url)" \
  >"$dir/token"
cat >"$dir/oauth2.conf" <<CONF
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=$dir/keys/
username_attribute = sub
CONF
cat >"$dir/dovecot.conf" <<CONF
base_dir = $dir/run
state_dir = $dir/state
log_path = $dir/log
protocols = imap lmtp
listen = 127.0.0.1
mail_location = maildir:$dir/mail/%n
mail_uid = $user
mail_gid = $group
first_valid_uid = 1
default_internal_user = $user
default_login_user = $user
default_internal_group = $group
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
mail_max_userip_connections = 2000
mail_fsync = never
ssl = yes
ssl_cert = <$dir/server.pem
ssl_key = <$dir/server.key
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = $dir/oauth2.conf
}
passdb {
  driver = static
  mechanisms = plain login
  args = password=rahasia
}
userdb {
  driver = static
  args = uid=$user gid=$group home=$dir/mail/%n allow_all_users=yes
}
service anvil {
  chroot =
}
service imap-login {
  chroot =
  service_count = 0
  process_min_avail = 1
  client_limit = 2000
  inet_listener imap {
    port = $port
  }
  inet_listener imaps {
    port = $tls
  }
}
service imap {
  process_limit = 2000
}
service lmtp {
  chroot =
  inet_listener lmtp {
    address = 127.0.0.1
    port = $lmtp
  }
}
service auth {
  chroot =
  inet_listener {
    address = 127.0.0.1
    port = $auth
  }
}
service stats {
  chroot =
}
CONF
chown -R "$user:$group" "$dir/keys" "$dir/oauth2.conf" "$dir/mail" "$dir/run" "$dir/state"
echo "$port $tls $lmtp $auth" >"$dir/ports"
cat >"$dir/control" <<CONTROL
#!/bin/sh
case "\$1" in
start)
  /usr/sbin/dovecot -c "$dir/dovecot.conf" >/dev/null 2>&1 8>&- 9>&-
  ;;
kill)
  # As when the power goes: the master first, then whatever it had started.
  pid=\$(cat "$dir/run/master.pid" 2>/dev/null) || exit 0
  children=\$(ps -o pid= --ppid "\$pid")
  kill -9 \$pid \$children 2>/dev/null
  rm -f "$dir/run/master.pid"
  ;;
esac
CONTROL
chmod +x "$dir/control"
stop() {
  "$dir/control" kill || true
  rm -rf "$dir"
}
trap stop EXIT
"$dir/control" start
export TANGGAP_TEST_DOVECOT="$dir"
"$@"
