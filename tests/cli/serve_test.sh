#!/usr/bin/env bash
# vpr serve as its callers see it, with the model that comes with vpr (serve.py).
. "$(dirname "$0")/lib.sh"
unset VPR_MODEL VPR_KEY_FILE VPR_PASSPHRASE VPR_DB
export XDG_CONFIG_HOME=$work/config

refused "$vpr" serve --listen 0.0.0.0:0 --db voices.db
says 'no token says who may call' err
refused "$vpr" serve --listen example.org:80 --db voices.db
says 'expected ADDRESS:PORT' err
usage_error "$vpr" serve --max-body 0
usage_error "$vpr" serve token
usage_error "$vpr" serve token add Ada --scope everything
usage_error "$vpr" serve token add Ada

ok "$vpr" serve token add desk --scope read --scope identify --json
check 'j["token"].startswith("vpr_") and len(j["token"]) == 47 and j["scopes"] == ["read", "identify"]'
token=$(python3 -c 'import json; print(json.load(open("out"))["token"])')
tokens=$XDG_CONFIG_HOME/vpr/tokens.jsonl
[ "$(stat -c %a "$tokens")" = 600 ] || fail "others can read the tokens"
if grep -q "${token#vpr_}" "$tokens"; then fail "a token is kept as it is"; fi
refused "$vpr" serve token add desk --scope admin
says "there is a token named 'desk'" err
ok "$vpr" serve token list --json
check 'len(lines) == 1 and lines[0]["name"] == "desk" and "hash" not in lines[0]'
refused "$vpr" serve token remove dest
says "did you mean 'desk'" err
ok "$vpr" serve token remove desk --json
chmod 644 "$tokens"
refused "$vpr" serve token list
says 'other users may use the file' err
rm -r "$XDG_CONFIG_HOME"

timeout 300 python3 "$here/serve.py" "$vpr" "$data" > out 2> err || fail "serve.py"
