#!/bin/sh
# Installs queuectl for Linux and macOS: downloads the archive for this machine, verifies its checksum, installs the
# program in a folder. Works as a file and from a pipe: curl -fsSL URL/install.sh | sh -s -- --dir FOLDER
set -eu

base=${QUEUECTL_BASE_URL:-@BASE_URL@}
dir=
version=

main() {
  while [ $# -gt 0 ]; do
    case $1 in
      --dir) dir=${2:?--dir needs a folder}; shift 2 ;;
      --version) version=${2:?--version needs a version}; version=${version#v}; shift 2 ;;
      -h | --help) usage; exit 0 ;;
      *) fail "unknown option $1; options: --dir, --version" ;;
    esac
  done
  case $base in @*) fail 'this copy of the script has no download address: set QUEUECTL_BASE_URL' ;; esac
  [ -n "$dir" ] || dir=$(default_dir)

  archive=queuectl-$(target).tar.xz
  from=$base/latest/download
  [ -z "$version" ] || from=$base/download/v$version
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM

  say "downloading $from/$archive"
  fetch "$from/SHA256SUMS" "$work/SHA256SUMS"
  fetch "$from/$archive" "$work/$archive"
  check "$work" "$archive"
  # tar decompresses: that of macOS supports xz itself, and macOS has no xz.
  (cd "$work" && tar -xJf "$archive") || fail "cannot unpack $archive: xz and tar are required"

  mkdir -p "$dir"
  dir=$(CDPATH= cd "$dir" && pwd)
  # Within the folder a rename replaces the program at once, even a running one. The program is tried there, because the
  # folder of temporary files may forbid programs.
  new=$dir/.queuectl.$$
  trap 'rm -rf "$work" "$new"' EXIT
  cp "$work/queuectl" "$new"
  chmod 755 "$new"
  found=$("$new" --version) || fail 'the program does not run on this machine; nothing was installed'
  mv -f "$new" "$dir/queuectl"
  say "installed queuectl $found in $dir"
  next
}

usage() {
  cat <<'END'
sh install.sh [--dir FOLDER] [--version X.Y.Z]

Without --dir the program goes to ~/.local/bin, for root to /usr/local/bin. QUEUECTL_BASE_URL names another place to take it from, laid
out as GitHub's releases are.
END
}

# System and processor, as in the names of the archives.
target() {
  case $(uname -s) in
    Linux) system=linux ;;
    Darwin) system=macos ;;
    *) fail "no program for the system $(uname -s); on Windows use install.ps1" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) fail "no program for the processor $(uname -m)" ;;
  esac
  # A shell under Rosetta reports an Intel Mac.
  if [ "$system$cpu" = macosx64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then cpu=arm64; fi
  if [ "$system" = linux ] && ! [ -e /lib64/ld-linux-x86-64.so.2 ] && ! [ -e /lib/ld-linux-aarch64.so.1 ]; then
    fail 'the program needs the GNU C library, which this system does not have'
  fi
  echo "$system-$cpu"
}

default_dir() {
  if [ "$(id -u)" = 0 ]; then echo /usr/local/bin; else echo "${HOME:?}/.local/bin"; fi
}

fetch() {
  if command -v curl >/dev/null; then
    curl -fsSL --retry 3 -o "$2" "$1"
  elif command -v wget >/dev/null; then
    wget -q -O "$2" "$1"
  else
    fail 'curl or wget is required'
  fi || fail "cannot download $1"
}

check() {
  expected=$(awk -v name="$2" '$2 == name { print $1 }' "$1/SHA256SUMS")
  [ -n "$expected" ] || fail "SHA256SUMS does not name $2"
  if command -v sha256sum >/dev/null; then
    actual=$(sha256sum "$1/$2")
  else
    actual=$(shasum -a 256 "$1/$2")
  fi
  [ "${actual%% *}" = "$expected" ] || fail "the checksum of $2 is wrong; nothing was installed"
}

next() {
  case :$PATH: in
    *":$dir:"*) ;;
    *) say "that folder is not on your PATH; add this line to the profile of your shell:"
       say "  export PATH=\"$dir:\$PATH\"" ;;
  esac
  say "try: queuectl enqueue -- 'echo hello'    and in another terminal: queuectl worker start"
}

say() { printf '%s\n' "$*" >&2; }
fail() { say "install.sh: $*"; exit 1; }

# The last line, so that an incompletely downloaded script does nothing.
main "$@"
