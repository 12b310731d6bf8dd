#!/bin/sh
# Says in one sentence what is missing that no package can bring: root, and a Node new enough.
if [ "$(id -u)" -ne 0 ]; then
  echo "error: this needs root, for network namespaces, Open vSwitch and QEMU: run it with sudo" >&2
  exit 1
fi
wanted=20.19
if ! command -v node >/dev/null 2>&1; then
  echo "error: Node.js $wanted or newer is needed and there is none: install it from nodejs.org" >&2
  exit 1
fi
have=$(node -p process.versions.node)
if [ "$(printf '%s\n%s\n' "$wanted" "$have" | sort -V | head -n 1)" != "$wanted" ]; then
  echo "error: Node.js $wanted or newer is needed, this is $have: install a newer one from nodejs.org" >&2
  exit 1
fi
