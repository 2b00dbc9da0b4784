#!/usr/bin/env bash
# The service's page in a real browser with a fake microphone (browser.py).
. "$(dirname "$0")/lib.sh"
unset VPR_MODEL VPR_KEY_FILE VPR_PASSPHRASE VPR_DB
export XDG_CONFIG_HOME=$work/config HOME=$work
browser=$(command -v chromium || command -v chromium-browser || true)
if [ -z "$browser" ]; then
  echo "skipped: chromium is not installed (Debian's package chromium)"
  exit 77
fi
timeout 300 python3 "$here/browser.py" "$vpr" "$data" "$browser" ${VPR_PICTURES:+"$VPR_PICTURES"} > out 2> err || fail "browser.py"
