#!/bin/sh
# Lays out the file system of the image from the portable bundle: make_rootfs.sh <bundle.tar.gz> <folder> [busybox]
#
# With a (static) busybox there are a shell and the small tools that people use inside of a container when something is wrong: wget for
# health checks, ps, env, ping, nslookup, netstat, telnet. Without it there is the program and nothing else.
set -eu
bundle=$1
root=$2
busybox=${3:-}

mkdir -p "$root/opt/vigia" "$root/usr/bin" "$root/etc/ssl/certs" "$root/etc/vigia" "$root/var/lib/vigia" "$root/var/lib/otelcol/file_storage" "$root/tmp"
tar -xzf "$bundle" -C "$root/opt/vigia" --strip-components=1 --no-same-owner
rm -r "$root/opt/vigia/share/systemd" "$root/opt/vigia/README.md"
ln -s /opt/vigia/bin/vigia "$root/usr/bin/vigia"
ln -s /opt/vigia/share/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
echo 'vigia:x:10001:10001:vigia:/var/lib/vigia:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:0:root:/:/bin/sh' >>"$root/etc/passwd"
printf 'vigia:x:10001:\nroot:x:0:\n' >"$root/etc/group"
chmod 1777 "$root/tmp"
# The Collector's image has the same number, so volumes that it used can be taken over.
chown -R 10001:10001 "$root/var/lib/vigia" "$root/var/lib/otelcol"
chmod 0750 "$root/var/lib/vigia"

[ -n "$busybox" ] || exit 0
mkdir -p "$root/bin"
cp "$busybox" "$root/bin/busybox"
for tool in cat df du env free grep head hostname id ls mount netstat nslookup ping ps sh sleep tail telnet top uptime wget whoami; do
  ln -s busybox "$root/bin/$tool"
done
if [ -e /usr/share/doc/busybox-static/copyright ]; then
  mkdir -p "$root/opt/vigia/licenses/busybox-static"
  cp /usr/share/doc/busybox-static/copyright "$root/opt/vigia/licenses/busybox-static/"
  dpkg-query -W -f 'bin/busybox\t${Package}\t${Version}\t${source:Package} ${source:Version}\n' busybox-static >>"$root/opt/vigia/ORIGINS"
fi
