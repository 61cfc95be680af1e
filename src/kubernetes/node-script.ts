import { configFolder } from './install-script.ts';
import { binFolder, configFile, providerName } from './provider-config.ts';

interface NodeScript {
  readonly url: string;
  readonly sha256: string;
  /** A directory that replaces `/`, for tests. */
  readonly root?: string;
}

/** systemd applies drop-ins in the order of their names, so this one is the last. */
const dropIn = `/run/systemd/system/kubelet.service.d/zz-${providerName}.conf`;

/**
 * Returns a script that installs the executable and then sets the kubelet's flags, in this order: a kubelet with the flags
 * and without the executable exits, and no pod ever runs on the node. The flags are appended to the command that the
 * unit of the kubelet has, because distributions have no common way to add flags. The drop-in is in `/run`, so it is
 * written again at each start of the machine, after an update of the unit too.
 */
export function nodeScript({ url, sha256, root = '' }: NodeScript): string {
  return `#!/bin/sh
set -eu
umask 022
url='${url}'
sha256='${sha256}'
bin='${root}${binFolder}'
config='${root}${configFile}'
dropin='${root}${dropIn}'
executable="$bin/${providerName}"

fail() {
  echo "${providerName}: $1" >&2
  exit 1
}

install_executable() {
  mkdir -p "$bin"
  work=$(mktemp -d "$bin/.install.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  curl -q -fsSL --proto =https --proto-redir =https --connect-timeout 20 --retry 5 \\
    -o "$work/download" "$url" || fail "cannot download $url"
  echo "$sha256  $work/download" | sha256sum -c - >/dev/null ||
    fail "checksum mismatch of $url; expected $sha256"
  case $url in
    *.tar.gz | *.tgz)
      mkdir "$work/archive"
      tar -xzf "$work/download" -C "$work/archive"
      found=$(find "$work/archive" -type f -name ${providerName})
      [ -f "$found" ] || fail "$url contains no ${providerName}"
      ;;
    *) found=$work/download ;;
  esac
  chmod 755 "$found"
  "$found" version >/dev/null || fail "$url does not run on this machine"
  mv -f "$found" "$executable"
  echo "$sha256" >"$executable.sha256"
  if command -v restorecon >/dev/null; then restorecon -R "$bin"; fi
}

# The last command in the unit of the kubelet and its drop-ins; an empty one resets it.
kubelet_command() {
  systemctl cat kubelet.service | awk '
    /^[ \\t]*ExecStart[ \\t]*=/ { command = ""; isCommand = 1 }
    isCommand { command = command (command == "" ? "" : "\\n") $0; isCommand = /\\\\$/ }
    END { print command }
  '
}

set_flags() {
  rm -f "$dropin"
  command=$(kubelet_command)
  case $command in
    *--image-credential-provider-*)
      fail "the kubelet already has a credential provider; add the entry of $config to its configuration" ;;
    *=*[!\\ ]*) ;;
    *) fail "kubelet.service has no command or does not exist; set the flags of the kubelet in another way" ;;
  esac
  mkdir -p "\${dropin%/*}"
  cat >"$dropin" <<END
[Service]
ExecStart=
$command \\\\
  --image-credential-provider-config=$config \\\\
  --image-credential-provider-bin-dir=$bin
END
  systemctl daemon-reload
}

[ -f "$config" ] || fail "$config does not exist"
chmod 700 '${root}${configFolder}'
if [ ! -x "$executable" ] || [ "$(cat "$executable.sha256" 2>/dev/null)" != "$sha256" ]; then
  install_executable
fi
set_flags
`;
}
