#!/usr/bin/env bash
# The store under kill -9; more kills: python3 tests/cli/store_kill.py build/release/bin/vpr 1000.
. "$(dirname "$0")/lib.sh"
ok python3 "$here/store_kill.py" "$vpr" 60
says "^60 kills, [0-9]+ changes, [0-9]+ acknowledged, none lost" out
