#!/usr/bin/env bash
# Installs the packages of scripts/packages.txt that are missing. Does nothing, and needs no network
# and no rights, when all are there.
# Usage: scripts/install-packages.sh [GROUP...]     default: build test
# VPR_SKIP_PACKAGES=1: leave the system as it is (another distribution, libraries from elsewhere).
set -euo pipefail
cd "$(dirname "$0")/.."
groups=("$@")
[ ${#groups[@]} -gt 0 ] || groups=(build test)

if [ -n "${VPR_SKIP_PACKAGES:-}" ]; then
  echo "Packages: left as they are (VPR_SKIP_PACKAGES is set)"
  exit 0
fi
if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
  echo "install-packages.sh: this is not Debian or Ubuntu. Install what scripts/packages.txt lists" \
    "in your system's way, then run again with VPR_SKIP_PACKAGES=1" >&2
  exit 1
fi

missing() {  # missing GROUP...: names of the packages of these groups that are not installed
  local name group rest wanted
  while read -r name group rest; do
    case "$name" in '' | '#'*) continue ;; esac
    for wanted in "$@"; do
      [ "$group" = "$wanted" ] || continue
      case "$(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2> /dev/null)" in
        ii*) ;;
        *) echo "$name" ;;
      esac
    done
  done < scripts/packages.txt
}

mapfile -t required < <(missing "${groups[@]}")
mapfile -t optional < <(missing optional)
if [ $((${#required[@]} + ${#optional[@]})) -eq 0 ]; then
  echo "Packages: all installed"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    if [ ${#required[@]} -eq 0 ]; then exit 0; fi
    echo "install-packages.sh: not root and no sudo. Ask an administrator for:" \
      "apt-get install ${required[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@"
}
echo "Packages: installing ${required[*]} ${optional[*]}"
if [ ${#required[@]} -gt 0 ]; then
  "${as_root[@]}" apt-get update -qq
  install "${required[@]}"
  echo "Packages: installed"
fi
if [ ${#optional[@]} -gt 0 ] && ! install "${optional[@]}" > /dev/null 2>&1; then
  echo "Packages: going on without ${optional[*]} (not needed)"
fi
