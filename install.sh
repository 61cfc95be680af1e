#!/bin/sh
# Installs docker-credential-icr from the checkout that contains this script, or from a release: install.sh --help
# All supported shells implement -ef, which POSIX includes since 2024.
# shellcheck disable=SC3013
set -eu
unset CDPATH

program=docker-credential-icr
root=$(cd -- "$(dirname -- "$0")" && pwd -P)

# The release build sets these values: its files are in BASE_URL/vVERSION/.
release_version=''
release_base_url=''
release_minisign_key=''
release_cosign_identity=''

usage() {
  cat <<'END'
usage: install.sh [--configure | --uninstall] [OPTION...]

  (no option)       install to ~/.local/bin, or to PREFIX/bin: in a checkout, build and
                    install it; otherwise, download and install a release
  --configure       install, then register the helper in Docker's config.json
  --uninstall       remove the helper from clients' configuration files, and the executable

  --prefix=DIR      install to DIR/bin; the environment variable PREFIX does the same
  --version=X.Y.Z   download this release
  --base-url=URL    download from URL/vX.Y.Z/, over HTTPS
  --dry-run         print the steps, and change nothing
  --help            show this help

A build needs make, Node and npm. A download needs curl or wget, tar, gzip, and sha256sum, shasum
or openssl.
END
}

fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

wrong_usage() {
  printf 'install.sh: %s\n\n' "$*" >&2
  usage >&2
  exit 2
}

# Sets `bin` to an absolute path.
find_bin() {
  if [ -n "${PREFIX:-}" ]; then
    bin=$PREFIX/bin
  elif [ -n "${HOME:-}" ]; then
    bin=$HOME/.local/bin
  else
    fail 'HOME is not set; set PREFIX=/a/directory'
  fi
  case $bin in
    /*) ;;
    # Shells expand ~ only at the start of a word.
    '~'*) fail "the shell does not expand ~ in $PREFIX; use --prefix=\"\$HOME/…\"" ;;
    *) bin=$(pwd)/$bin ;;
  esac
  target=$bin/$program
}

build() {
  command -v make >/dev/null || fail 'make is missing; install it first'
  make -s --no-print-directory -C "$root" build >&2 || fail 'the build failed; nothing was installed'
}

# Removes temporary files.
aside='' work=''
clean_up() {
  [ -z "$aside" ] || rm -f -- "$aside"
  [ -z "$work" ] || rm -rf -- "$work"
}

# Fails if a user other than root owns a directory on the path of `bin`, or a symlink on it, or can rename entries of it:
# that user could redirect what root writes to any file. In a user namespace, directories of the real root seem to be owned
# by the owner of /.
require_own_path() {
  above=$bin
  while [ ! -d "$above" ]; do above=$(dirname -- "$above"); done
  set -- ', and root changes and runs nothing there; run this as that user, or use --prefix=/usr/local' \
    'run chmod o-w on it, or use --prefix=/usr/local'
  require_trusted "$above" "$@"
  require_trusted "$(cd -P -- "$above" && pwd -P)" "$@"
}

# Fails if a user other than root and this one owns the directory $1 or one above it, or can rename entries of it. $2 and $3
# are the ends of the messages.
require_trusted() {
  above=$1
  self=$(id -u)
  find_owner /
  system=$owner
  while :; do
    find_owner "$above"
    [ "$owner" = 0 ] || [ "$owner" = "$self" ] || [ "$owner" = "$system" ] ||
      fail "user $owner owns $above$2"
    # In a sticky directory, users rename only their own entries.
    case $mode in
      d???????w[!tT]*) fail "all users can write to $above; $3" ;;
    esac
    [ "$above" != / ] || break
    above=$(dirname -- "$above")
  done
}

# Sets `mode` and `owner`, the mode in letters and the number of the user who owns $1.
find_owner() {
  # shellcheck disable=SC2012
  mode=$(ls -nd -- "$1" | { read -r mode _ owner _ && printf '%s %s' "$mode" "$owner"; })
  owner=${mode#* }
}

# Installs the executable $1 with one rename: a client that starts at the same time gets the old or the
# new file, never a part.
place() {
  [ ! -d "$target" ] || fail "$target is a directory; remove it first"
  ! is_root || require_own_path
  mkdir -p -- "$bin" || fail "could not create $bin; nothing was installed"
  # Another user may have created a directory first.
  ! is_root || require_own_path
  trap clean_up EXIT
  trap 'exit 1' HUP INT PIPE TERM
  # A new file: a name that can be guessed may be a symlink of another user.
  aside=$(mktemp "$bin/.$program.XXXXXX") || fail "could not write to $bin; nothing was installed"
  cp -- "$1" "$aside" || fail "could not write to $bin; nothing was installed"
  chmod 755 "$aside"
  [ "$source" = checkout ] || check_start
  mv -f -- "$aside" "$target"
  printf 'installed %s\n' "$target"
}

# Finds other files of that name on PATH: sets `before` and `after`, the first one before `bin` and the first
# one after it, and `on_path` if `bin` is on PATH.
search_path() {
  before='' after='' on_path=''
  rest=$PATH:
  while [ -n "$rest" ]; do
    folder=${rest%%:*}
    rest=${rest#*:}
    # Clients run no program from a relative directory.
    case $folder in
      /*) ;;
      *) continue ;;
    esac
    found=$folder/$program
    if [ "$folder" -ef "$bin" ]; then
      on_path=yes
    elif [ -f "$found" ] && [ -x "$found" ] && ! [ "$found" -ef "$target" ]; then
      if [ -z "$on_path" ]; then before=${before:-$found}; else after=${after:-$found}; fi
    fi
  done
}

# Prints the command that adds the directory `shown` to PATH in the shell $1.
path_line() {
  profile=.bashrc
  # Terminals on macOS start login shells.
  [ "$(uname -s)" != Darwin ] || profile=.bash_profile
  [ "$1" != zsh ] || profile=.zshrc
  if [ "$1" = fish ]; then
    printf '  fish_add_path --move "%s"\n' "$shown"
  else
    printf "  echo 'export PATH=\"%s:\$PATH\"' >> ~/%s\n" "$shown" "$profile"
  fi
}

print_path_commands() {
  shown=$bin
  case $bin in
    "${HOME:-/nowhere}"/*) shown="\$HOME/${bin#"$HOME"/}" ;;
  esac
  case ${bin#"${HOME:-}"} in
    *[!A-Za-z0-9/._+@\ -]*) return ;;
  esac
  shell=${SHELL:-}
  shell=${shell##*/}
  case $shell in
    bash | zsh | fish)
      printf 'run this command, then open a new terminal:\n'
      path_line "$shell"
      ;;
    *)
      for shell in bash zsh fish; do
        printf 'in %s, run this command, then open a new terminal:\n' "$shell"
        path_line "$shell"
      done
      ;;
  esac
}

# Clients run the first one on PATH.
check_path() {
  search_path
  if [ -n "$before" ]; then
    printf 'another %s comes first on PATH: %s\n' "$program" "$before"
    printf 'remove it, or put %s first on PATH\n' "$bin"
    print_path_commands
  elif [ -z "$on_path" ]; then
    printf '%s is not on PATH, so no client finds the helper\n' "$bin"
    print_path_commands
  fi
}

# Other users must not be able to replace what is built and installed. If root installs, all users can run it.
set_umask() {
  umask u+rwx,go-w
  ! is_root || umask 022
}

install_helper() {
  set_umask
  find_bin
  then=''
  [ -z "$configure" ] || then=", then register it in Docker's config.json"
  if [ "$source" = checkout ]; then
    ! is_dry "build in $root, and install $target$then" || return 0
    build
    place "$root/dist/$program"
  else
    find_archive
    forbid_root
    ! is_dry "download $url/$archive, verify it, and install $target$then" || return 0
    download
    place "$work/$folder/$program"
  fi
  check_path
  if [ -n "$configure" ]; then
    "$target" configure
    printf 'next: %s login\n' "$program"
  else
    printf 'next: %s setup\n' "$program"
  fi
}

# Prints the directory if it exists, with the same rules as src/config/folders.ts: the variable $1, then macOS's $2,
# then XDG's $3, then $4 in the home directory.
data_directory() {
  folder=${HOME:-/nonexistent}/$4/$program
  case $3 in
    /*) folder=$3/$program ;;
  esac
  [ "$(uname -s)" != Darwin ] || folder=${HOME:-/nonexistent}/Library/$2/$program
  folder=${1:-$folder}
  [ ! -d "$folder" ] || printf '  %s\n' "$folder"
}

data_directories() {
  data_directory "${DOCKER_CREDENTIAL_ICR_CONFIG_DIR:-}" 'Application Support' "${XDG_CONFIG_HOME:-}" .config
  data_directory "${DOCKER_CREDENTIAL_ICR_CACHE_DIR:-}" Caches "${XDG_CACHE_HOME:-}" .cache
}

# If the configuration names a helper that does not exist, every pull fails.
unconfigure() {
  search_path
  other=${before:-$after}
  # The default directory may not be on the PATH of this shell.
  standard=${HOME:-/nonexistent}/.local/bin/$program
  if [ -z "$other" ] && [ -f "$standard" ] && [ -x "$standard" ] && ! [ "$standard" -ef "$target" ]; then
    other=$standard
  fi
  if [ -n "$other" ]; then
    printf "the clients' configuration was not changed, because another helper is installed: %s\n" "$other"
    return
  fi
  if [ ! -x "$target" ]; then
    unconfigured=no
    return
  fi
  clients='all registries.conf'
  [ -n "${HOME:-}" ] || clients=${DOCKER_CONFIG:+docker}
  for client in $clients; do
    "$target" configure --remove --client "$client" ||
      fail "$target was not removed, because a client may still be configured to use it; fix the error and try again"
  done
}

# Removes the symlinks docker-credential-icr-NAME that `configure --identity` created and that would be dangling.
remove_links() {
  for link in "$target"-*; do
    if [ -h "$link" ] && [ "$link" -ef "$target" ]; then
      rm -f -- "$link"
      printf 'removed %s\n' "$link"
    fi
  done
}

uninstall() {
  find_bin
  ! is_dry "remove $target from the clients' configuration, and delete it" || return 0
  ! is_root || require_own_path
  unconfigured=yes
  # Including files that cannot run, and broken symlinks.
  if [ -h "$target" ] || { [ -e "$target" ] && [ ! -d "$target" ]; }; then
    unconfigure
    remove_links
    rm -f -- "$target"
    printf 'removed %s\n' "$target"
  else
    printf '%s does not exist\n' "$target"
  fi
  print_remaining_directories
  [ "$unconfigured" = yes ] ||
    fail "the helper could not be started, so the clients' files were not changed: if one contains it, install it again," \
      'and then run --uninstall'
}

print_remaining_directories() {
  kept=$(data_directories)
  [ -n "$kept" ] || return 0
  printf 'settings, credentials and tokens are still stored in\n%s\n' "$kept"
  printf 'remove the directories to delete them; to delete secrets in a keychain, run %s logout before --uninstall (logout HOST for other registries)\n' "$program"
}

# From here to `check_start`: installation of a release.

# Sets `os` and `arch`, parts of the name of the archive.
find_machine() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "this script does not support $(uname -s); on Windows, use the .zip, Scoop or npm" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no release for $(uname -m); in a checkout there, make package-node builds one" ;;
  esac
  # Under Rosetta, uname prints x86_64.
  if [ "$os" = darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" = 1 ]; then
    arch=arm64
  fi
}

is_musl() {
  ! getconf GNU_LIBC_VERSION >/dev/null 2>&1 || return 1
  # musl's ldd prints its name and fails.
  case $(ldd --version 2>&1) in
    *musl*) return 0 ;;
    *GNU* | *GLIBC*) return 1 ;;
  esac
  for loader in /lib/ld-musl-*; do
    [ ! -e "$loader" ] || return 0
  done
  return 1
}

# Sets `variant`, the suffix of the name of the archive.
find_variant() {
  variant=''
  if [ "$os" != linux ]; then
    return
  elif is_musl; then
    variant=-musl
  elif [ "$arch" = x64 ] && ! grep -qw avx2 /proc/cpuinfo 2>/dev/null; then
    variant=-baseline
  fi
}

# Sets `url`, `folder` and `archive`.
find_archive() {
  [ -n "$base_url" ] || fail 'no download address; use --base-url=https://…'
  [ -n "$version" ] || fail 'no release version; use --version=X.Y.Z'
  case $version in
    [!0-9]* | *[!0-9A-Za-z.+-]*) fail "invalid version: $version; expected --version=X.Y.Z" ;;
  esac
  find_machine
  find_variant
  url=${base_url%/}/v$version
  require_https "$url"
  folder=$program-$version-$os-$arch$variant
  archive=$folder.tar.gz
}

is_root() {
  [ "$(id -u)" -eq 0 ]
}

# Root could overwrite files of packages, so the prefix is required.
forbid_root() {
  if is_root && [ -z "${PREFIX:-}" ]; then
    fail 'running as root; run it as another user, or set a directory with --prefix=/usr/local'
  fi
}

# Loopback addresses need no HTTPS.
require_https() {
  case $1 in
    https://*) ;;
    http://*@*) fail "not an HTTPS URL: $1" ;;
    http://127.0.0.1[:/]* | http://localhost[:/]*) ;;
    *) fail "not an HTTPS URL: $1" ;;
  esac
}

# Downloads $1 of the release into `work`; sets `unchecked` if the server's certificate was not verified.
unchecked=''
fetch() {
  if command -v curl >/dev/null; then
    fetch_with_curl "$1"
  else
    fetch_with_wget "$1"
  fi
}

fetch_with_curl() {
  name=$1
  set --
  # HTTP is allowed for loopback addresses only, so these requests must not use a proxy.
  ! is_plain || set -- --noproxy '*'
  # -q must be first. It ignores ~/.curlrc, which could disable certificate checks or set other servers.
  curl -q -fsSL "$@" --proto "=${url%%:*}" --proto-redir '=https' --connect-timeout 20 --retry 2 \
    -o "$work/$name" "$url/$name"
}

is_plain() {
  case $url in
    http:*) return 0 ;;
  esac
  return 1
}

# wget follows redirects to plain HTTP, and busybox's wget may not verify certificates; both print a message.
fetch_with_wget() {
  # Ignore ~/.wgetrc and WGETRC, which could disable certificate checks. busybox's wget reads no configuration.
  words='--no-config -nv -S -t 3 -T 20' direct=--no-proxy
  if ! wget --version 2>/dev/null | grep -q GNU; then
    # busybox's wget: Debian 12's crashes with a timeout option, and old versions do not support -S.
    words=-q direct='-Y off'
    ! wget --help 2>&1 | grep -q -- '-S' || words='-q -S'
  fi
  ! is_plain || words="$words $direct"
  status=0
  # Intentionally split into words.
  # shellcheck disable=SC2086
  wget $words -O "$work/$1" "$url/$1" 2>"$work/said" || status=$?
  said=$(cat "$work/said")
  case $url:$said in
    *'validation not implemented'*) unchecked=yes ;;
  esac
  if ! is_plain && leaves_https; then
    said='it redirects to a URL without HTTPS' status=1
  fi
  # Omit the headers of the response.
  [ "$status" -eq 0 ] || printf '%s\n' "$said" | grep -v '^  ' >&2
  return "$status"
}

# Succeeds if wget's output shows a redirect from HTTPS to another scheme. The server may write the header in
# any case and with any blanks; GNU wget prints the final address last.
leaves_https() {
  grep -iE '^[[:blank:]]*location[[:blank:]]*:[[:space:]]*($|[a-z][a-z0-9+.-]*:)' "$work/said" |
    grep -qviE '^[[:blank:]]*location[[:blank:]]*:[[:space:]]*https:' ||
    grep -qE '(^| )URL:(http|ftp):' "$work/said"
}

require_fetch() {
  fetch "$1" || fail "could not download $url/$1; nothing was installed"
}

require_tools() {
  command -v curl >/dev/null || command -v wget >/dev/null || fail 'neither curl nor wget is installed'
  for tool in tar gzip; do
    command -v "$tool" >/dev/null || fail "$tool is missing; install it first"
  done
  for sha256 in 'sha256sum' 'shasum -a 256' 'openssl dgst -sha256 -r'; do
    ! command -v "${sha256%% *}" >/dev/null || return 0
  done
  fail 'none of sha256sum, shasum and openssl is installed'
}

# Runs before anything is unpacked.
check_sum() {
  expected=''
  while read -r sum name; do
    if [ "${name#\*}" = "$archive" ]; then expected=$sum; fi
  done <"$work/SHA256SUMS"
  [ -n "$expected" ] || fail "SHA256SUMS of the release does not contain $archive; nothing was installed"
  # Intentionally split into words.
  # shellcheck disable=SC2086
  actual=$($sha256 "$work/$archive")
  [ "${actual%% *}" = "$expected" ] ||
    fail "checksum mismatch: the SHA-256 of $archive is ${actual%% *}; expected $expected; nothing was installed"
}

# If the release is signed and a tool is installed, the signature must be valid for the release's own key.
check_signature() {
  checked=''
  if [ -n "$release_minisign_key" ] && command -v minisign >/dev/null; then
    require_fetch SHA256SUMS.minisig
    minisign -V -q -P "$release_minisign_key" -m "$work/SHA256SUMS" ||
      fail 'the signature of SHA256SUMS is not valid for the key of the release; nothing was installed'
    checked=yes
  fi
  if [ -n "$release_cosign_identity" ] && command -v cosign >/dev/null; then
    require_fetch SHA256SUMS.sigstore.json
    # The identity ends with the tag: every version is signed by the same workflow at its own tag.
    cosign verify-blob --bundle "$work/SHA256SUMS.sigstore.json" \
      --certificate-identity "${release_cosign_identity%@refs/*}@refs/tags/v$version" \
      --certificate-oidc-issuer https://token.actions.githubusercontent.com "$work/SHA256SUMS" ||
      fail 'the signature of SHA256SUMS is not valid for the workflow of the release; nothing was installed'
    checked=yes
  fi
  [ -z "$unchecked" ] || [ -n "$checked" ] ||
    fail "this wget does not verify certificates; install curl or GNU wget; nothing was installed"
}

# Sets `work`, and unpacks the executable into it.
download() {
  require_tools
  trap clean_up EXIT
  trap 'exit 1' HUP INT PIPE TERM
  work=$(mktemp -d)
  # Without symlinks, which another user could change after this check. That user could replace the files after check_sum.
  work=$(cd -P -- "$work" && pwd -P)
  set -- 'set TMPDIR to a directory of your own'
  require_trusted "$work" "; $1" "$1"
  printf 'downloading %s\n' "$archive"
  require_fetch SHA256SUMS
  check_signature
  require_fetch "$archive"
  check_sum
  [ -n "$checked" ] || printf 'the checksum is correct; no signature was checked\n'
  # Extract only this member, and no symlink.
  if ! tar -xzf "$work/$archive" -C "$work" "$folder/$program" ||
    [ -h "$work/$folder/$program" ] || [ ! -f "$work/$folder/$program" ]; then
    fail "could not unpack $archive; nothing was installed"
  fi
}

# An executable that does not run must not replace one that does.
check_start() {
  said=$("$aside" version </dev/null 2>&1) && return
  case $said in
    *libstdc++*) fail "libstdc++ is not installed; on Alpine, run apk add libstdc++" ;;
  esac
  fail "$archive does not start on this machine; nothing was installed: $said"
}

# With --dry-run, prints the step.
is_dry() {
  [ -n "$dry_run" ] || return 1
  printf 'would %s\n' "$1"
}

# A script that is piped into a shell has no path, and the current directory is unrelated. The
# directory of a downloaded script is also unrelated.
is_in_checkout() {
  [ -z "$release_version" ] && [ "${0##*/}" = install.sh ] && [ -f "$0" ] && [ -f "$root/Makefile" ]
}

set_option() {
  [ -n "$2" ] || wrong_usage "$1 needs a value"
  case $1 in
    --prefix) PREFIX=$2 ;;
    --version)
      version=${2#v}
      source=release
      ;;
    --base-url)
      base_url=$2
      source=release
      ;;
    *) wrong_usage "unknown option: $1" ;;
  esac
}

main() {
  action='' configure='' dry_run='' source=release
  version=$release_version
  base_url=$release_base_url
  ! is_in_checkout || source=checkout
  while [ $# -gt 0 ]; do
    case $1 in
      --configure) configure=yes ;;
      --uninstall) action=uninstall ;;
      --dry-run) dry_run=yes ;;
      -h | --help)
        usage
        return
        ;;
      --prefix | --version | --base-url)
        set_option "$1" "${2-}"
        shift
        ;;
      --*=*) set_option "${1%%=*}" "${1#*=}" ;;
      '') wrong_usage 'empty argument' ;;
      *) wrong_usage "unknown option: $1" ;;
    esac
    shift
  done
  [ -z "$configure" ] || [ -z "$action" ] || wrong_usage '--configure and --uninstall cannot be used together'
  "${action:-install_helper}"
}

# This is the last line, so that a truncated script does nothing.
main "$@"
