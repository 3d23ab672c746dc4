#!/bin/sh
# enter-wine.sh ROOT FOLDER [FROM TO]… -- PROGRAM…: runs a program of the root folder ROOT below it, in the folder
# FOLDER. Each folder FROM of this machine is there at TO. All else that is written there goes to memory and is gone
# afterwards; with KEEP=1 it stays, and the end of wine's server is waited for, which writes the registry last. Mounts
# and processes are separate, and end with the program, or with the process that has called this.
set -e
exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child sh -ec '
  ROOT=$0 FOLDER=$1
  shift
  if [ "$KEEP" != 1 ]; then
    mount -t tmpfs tmpfs "$ROOT/run"
    mkdir "$ROOT/run/upper" "$ROOT/run/work"
    mount -t overlay -o "lowerdir=$ROOT,upperdir=$ROOT/run/upper,workdir=$ROOT/run/work" overlay "$ROOT"
  fi
  mount -t proc proc "$ROOT/proc"
  mount --rbind /dev "$ROOT/dev"
  mount --rbind /sys "$ROOT/sys"
  for folder in tmp run; do mount -t tmpfs tmpfs "$ROOT/$folder"; done
  while [ "$1" != -- ]; do
    mkdir -p "$ROOT$2"
    mount --bind "$1" "$ROOT$2"
    shift 2
  done
  shift
  # No `exec`, because wine could not end a program that is process 1.
  code=0
  unshare --root "$ROOT" --wd "$FOLDER" "$@" || code=$?
  [ "$KEEP" != 1 ] || unshare --root "$ROOT" "$WINESERVER" --wait
  exit "$code"
' "$@"
