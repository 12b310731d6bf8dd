#!/bin/sh
# Keeps the controller's blocklist as nftables sets on a Linux router, for borders without Open vSwitch.
#
#   arctictern-nft.sh --api URL [--token-file FILE] [--every SECONDS] [--once] [--hook HOOK] [--state DIRECTORY]
#
# URL is the controller's API, such as https://controller:8653. The list is asked for every 5 seconds; while it has not
# changed the controller answers 304 and nothing is done. When it has, one nft transaction replaces the sets, so
# that no packet ever meets half a list. Elements have the list's own ends as timeouts: they go even when the
# controller is away, and until then the list stays in force.
#
#   table inet arctictern
#     set allowed4, allowed6, allowed4_prefixes, allowed6_prefixes    always pass
#     set blocked4, blocked6, blocked4_prefixes, blocked6_prefixes    dropped
#     chain sources     at HOOK: prerouting, before routing and conntrack (the default), or forward
#
# Needs sh, curl, awk and nft 1.0 or newer, and root. Nothing else of the router's rules is touched; to be rid of it:
# nft delete table inet arctictern
set -eu

api='' token_file='' every=5 once='' hook=prerouting state=/run/arctictern-nft

fail() {
  echo "arctictern-nft: $1" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --once) once=yes; shift; continue ;;
    --api | --token-file | --every | --hook | --state) [ $# -ge 2 ] || fail "$1 wants a value" ;;
    *) fail "there is no option $1: see the head of this file" ;;
  esac
  case $1 in
    --api) api=${2%/} ;;
    --token-file) token_file=$2 ;;
    --every) every=$2 ;;
    --hook) hook=$2 ;;
    --state) state=$2 ;;
  esac
  shift 2
done
[ -n "$api" ] || fail 'say where the API is, with --api http://…'
case $hook in
  prerouting) chain='type filter hook prerouting priority raw' ;;
  forward) chain='type filter hook forward priority filter' ;;
  *) fail "--hook is prerouting or forward, not $hook" ;;
esac
case $every in '' | *[!0-9]* | 0) fail "--every wants a whole number of seconds, not $every" ;; esac
for tool in curl awk nft; do command -v "$tool" > /dev/null || fail "$tool is missing"; done
umask 077
mkdir -p "$state"

# The list as one transaction. The table is made anew within it: adding first makes deleting never fail. Addresses
# and prefixes have sets of their own: only the few prefixes need intervals, which are slow to load.
rules() {
  awk -v now="$(date +%s)" -v chain="$chain" '
    function put(kind, source, text,   set) {
      set = kind (source ~ /:/ ? 6 : 4) (source ~ /\// ? "_prefixes" : "")
      elements[set, ++count[set]] = text
    }
    function print_set(kind, version, prefixes,   set, i) {
      set = kind version (prefixes ? "_prefixes" : "")
      print "  set " set " {\n    type ipv" version "_addr; flags " (prefixes ? "interval, timeout; auto-merge;" : "timeout;")
      if (count[set] > 0) print "    elements = {"
      for (i = 1; i <= count[set]; i++) print "      " elements[set, i] (i < count[set] ? "," : "\n    }")
      print "  }"
    }
    function print_rule(kind, version, verdict) {
      print "    ip" (version == 6 ? "6" : "") " saddr @" kind version " " verdict
      print "    ip" (version == 6 ? "6" : "") " saddr @" kind version "_prefixes " verdict
    }
    $1 == "allow" { put("allowed", $2, $2); next }
    $1 == "block" && $3 == "-" { put("blocked", $2, $2); next }
    $1 == "block" && $3 > now { put("blocked", $2, $2 " timeout " ($3 - now) "s"); next }
    $1 == "block" { next }
    { print "arctictern-nft: the controller sent a line that is not understood: " $0 > "/dev/stderr"; bad = 1; exit 1 }
    END {
      if (bad) exit 1
      print "add table inet arctictern\ndelete table inet arctictern\ntable inet arctictern {"
      for (version = 4; version <= 6; version += 2)
        for (prefixes = 0; prefixes <= 1; prefixes++) {
          print_set("allowed", version, prefixes)
          print_set("blocked", version, prefixes)
        }
      print "  chain sources {\n    " chain "; policy accept;"
      print_rule("allowed", 4, "accept")
      print_rule("allowed", 6, "accept")
      print_rule("blocked", 4, "counter drop")
      print_rule("blocked", 6, "counter drop")
      print "  }\n}"
    }' "$state/list"
}

# The token is given to curl by a file, so that no process list shows it.
headers() {
  [ -z "$token_file" ] || printf 'Authorization: Bearer %s\n' "$(cat "$token_file")"
  [ ! -s "$state/etag" ] || printf 'If-None-Match: %s\n' "$(cat "$state/etag")"
}

pull() {
  headers > "$state/headers"
  status=$(curl --silent --show-error --max-time 30 --header "@$state/headers" --dump-header "$state/answer" \
    --output "$state/list.new" --write-out '%{http_code}' "$api/v1/blocklist") || return 1
  case $status in
    304) return 0 ;;
    200) ;;
    *) echo "arctictern-nft: $api answered $status" >&2; return 1 ;;
  esac
  mv "$state/list.new" "$state/list"
  rules > "$state/rules" || return 1
  nft -f "$state/rules" || return 1
  # Noted last: what was not put in force is asked for again.
  awk 'tolower($1) == "etag:" { sub(/\r$/, ""); print $2 }' "$state/answer" > "$state/etag"
}

# What an earlier run noted counts only while its table is there.
nft list table inet arctictern > /dev/null 2>&1 || rm -f "$state/etag"
if [ -n "$once" ]; then
  pull
  exit
fi
while :; do
  pull || true
  sleep "$every"
done
