#!/bin/sh
# Installs the Debian packages that a lab needs, and only those that are missing; `install.sh tests` those of the
# tests and benchmarks, too. Starts none of their services. Quick when nothing is missing, and then it needs neither
# root nor the internet.
set -eu

packages="
  openvswitch-switch openvswitch-common
  libvirt-daemon libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86
  mininet python3 net-tools iproute2 ethtool iputils-ping tcpdump procps kmod util-linux
  busybox-static perl-base nftables curl bind9 coreutils hping3 gcc libc6-dev
"
if [ "${1:-}" = tests ]; then
  # A controller to compare with, a NAT to stand behind, and other programs that speak DNS.
  packages="$packages openvswitch-testcontroller nftables bind9-dnsutils"
fi

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

command -v dpkg-query > /dev/null || fail "this is no Debian (dpkg-query is missing); install by hand: $(echo $packages)"

missing=""
for package in $packages; do
  case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null || true) in
    installed) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

command -v apt-get > /dev/null || fail "apt-get is missing; install by hand:$missing"
[ "$(id -u)" -eq 0 ] || fail "these packages are missing, and installing them needs root:$missing"

# A policy of the machine's own is respected; without one, packages must not start their services now.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT INT TERM
  printf '#!/bin/sh\nexit 101\n' > $policy
  chmod 755 $policy
fi

echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
apt-cache show $missing > /dev/null 2>&1 || apt-get --quiet update || fail "apt-get update failed; is the internet there?"
# shellcheck disable=SC2086
apt-get --quiet --yes --no-install-recommends install $missing || fail "apt-get could not install:$missing"

# The others have been asked for; a name server at port 53 from the machine's next start on has not.
case " $missing " in
  *" bind9 "*) systemctl --quiet disable named.service > /dev/null 2>&1 || true ;;
esac
