#!/usr/bin/env bash
# Makes sure that there is a Chromium; installs Debian's where there is none.
set -euo pipefail
command -v chromium >/dev/null && exit 0
echo "ensure-chromium: installing Debian's Chromium" >&2
sudo=$([ "$(id -u)" = 0 ] || echo sudo)
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends chromium >/dev/null
