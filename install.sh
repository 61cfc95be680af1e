#!/bin/sh
# Builds docker-credential-icr from this checkout and installs it: install.sh --help
# The shells that run this all know -ef, which POSIX names since 2024.
# shellcheck disable=SC3013
set -eu
unset CDPATH

program=docker-credential-icr
root=$(cd -- "$(dirname -- "$0")" && pwd -P)

usage() {
  cat <<'END'
usage: ./install.sh [--configure | --uninstall]

  (nothing)     build, and install to ~/.local/bin, or to PREFIX/bin
  --configure   the same, then name the helper in Docker's config.json
  --uninstall   take it out of the clients' configuration, and remove it
  --help        show this

PREFIX=/usr/local ./install.sh installs to /usr/local/bin.
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

# Sets `bin`, absolute.
find_bin() {
  if [ -n "${PREFIX:-}" ]; then
    bin=$PREFIX/bin
  elif [ -n "${HOME:-}" ]; then
    bin=$HOME/.local/bin
  else
    fail 'HOME is not set; say where with PREFIX=/a/folder'
  fi
  case $bin in
    /*) ;;
    *) bin=$(pwd)/$bin ;;
  esac
  target=$bin/$program
}

build() {
  command -v make >/dev/null || fail 'make is missing; install it first'
  make -s --no-print-directory -C "$root" build >&2 || fail 'the build failed; nothing was installed'
}

# In one rename: who runs it meanwhile has the old one or the new one, whole.
place() {
  [ ! -d "$target" ] || fail "$target is a folder; remove it first"
  mkdir -p -- "$bin"
  aside=$bin/.$program.$$
  trap 'rm -f -- "$aside"' EXIT
  trap 'exit 1' HUP INT TERM
  cp -- "$root/dist/$program" "$aside"
  chmod 755 "$aside"
  mv -f -- "$aside" "$target"
  printf 'installed %s\n' "$target"
}

# Looks for others of the name: sets `before` and `after`, the first one on PATH before `bin` and the
# first after it, and `on_path`, whether `bin` is there at all.
search_path() {
  before='' after='' on_path=''
  rest=$PATH:
  while [ -n "$rest" ]; do
    folder=${rest%%:*}
    rest=${rest#*:}
    found=${folder:-.}/$program
    if [ "${folder:-.}" -ef "$bin" ]; then
      on_path=yes
    elif [ -f "$found" ] && [ -x "$found" ] && ! [ "$found" -ef "$target" ]; then
      if [ -z "$on_path" ]; then before=${before:-$found}; else after=${after:-$found}; fi
    fi
  done
}

# The line to type for the shell $1, with `shown` for the folder.
path_line() {
  profile=.bashrc
  # Terminals of macOS start login shells.
  [ "$(uname -s)" != Darwin ] || profile=.bash_profile
  [ "$1" != zsh ] || profile=.zshrc
  if [ "$1" = fish ]; then
    printf '  fish_add_path --move "%s"\n' "$shown"
  else
    printf "  echo 'export PATH=\"%s:\$PATH\"' >> ~/%s\n" "$shown" "$profile"
  fi
}

say_how_to_come_first() {
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
      printf 'type this, then open a new terminal:\n'
      path_line "$shell"
      ;;
    *)
      for shell in bash zsh fish; do
        printf 'in %s type this, then open a new terminal:\n' "$shell"
        path_line "$shell"
      done
      ;;
  esac
}

# Clients start the first one on PATH, and no other.
check_path() {
  search_path
  if [ -n "$before" ]; then
    printf 'another %s comes first on PATH: %s\n' "$program" "$before"
    printf 'remove it, or put %s first on PATH\n' "$bin"
    say_how_to_come_first
  elif [ -z "$on_path" ]; then
    printf '%s is not on PATH, so no client finds the helper\n' "$bin"
    say_how_to_come_first
  fi
}

install_it() {
  find_bin
  build
  place
  check_path
  if [ -n "$configure" ]; then
    "$target" configure
    printf 'next: %s login\n' "$program"
  else
    printf 'next: %s login, then %s configure\n' "$program" "$program"
  fi
}

# The folder, if it is there, as src/config/folders.ts finds it: named by a variable $1, else macOS's $2, else
# XDG's $3, else $4 in the home folder.
kept_folder() {
  folder=${HOME:-/nonexistent}/$4/$program
  case $3 in
    /*) folder=$3/$program ;;
  esac
  [ "$(uname -s)" != Darwin ] || folder=${HOME:-/nonexistent}/Library/$2/$program
  folder=${1:-$folder}
  [ ! -d "$folder" ] || printf '  %s\n' "$folder"
}

kept_folders() {
  kept_folder "${DOCKER_CREDENTIAL_ICR_CONFIG_DIR:-}" 'Application Support' "${XDG_CONFIG_HOME:-}" .config
  kept_folder "${DOCKER_CREDENTIAL_ICR_CACHE_DIR:-}" Caches "${XDG_CACHE_HOME:-}" .cache
}

# A client that is told to use a helper that is gone fails on every pull.
unconfigure() {
  search_path
  other=${before:-$after}
  if [ -n "$other" ]; then
    printf "the clients' configuration is left as it is, for %s\n" "$other"
    return
  fi
  clients='all registries.conf'
  [ -n "${HOME:-}" ] || clients=${DOCKER_CONFIG:+docker}
  for client in $clients; do
    "$target" configure --remove --client "$client" ||
      fail "$target is still there, because a client may still be told to use it; mend that and try again"
  done
}

uninstall() {
  find_bin
  if [ -x "$target" ] && [ ! -d "$target" ]; then
    unconfigure
    rm -f -- "$target"
    printf 'removed %s\n' "$target"
  else
    printf 'there is no %s\n' "$target"
  fi
  kept=$(kept_folders)
  [ -n "$kept" ] || return 0
  printf 'settings, credentials and tokens are kept in\n%s\n' "$kept"
  printf 'remove that to be rid of them; what is in a keychain goes with %s logout, before this\n' "$program"
}

action=install_it
configure=''
[ $# -le 1 ] || wrong_usage 'one option at most'
case ${1-} in
  '') [ $# -eq 0 ] || wrong_usage 'an empty word is no option' ;;
  --configure) configure=yes ;;
  --uninstall) action=uninstall ;;
  -h | --help)
    usage
    exit
    ;;
  *) wrong_usage "unknown option: $1" ;;
esac
"$action"
