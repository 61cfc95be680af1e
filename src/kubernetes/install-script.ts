import path from 'node:path/posix';
import { binFolder, configFile, providerName } from './provider-config.ts';

/** The directory of the configuration on a node. */
export const configFolder = path.dirname(configFile);
/** The API key from the Secret. It has its own name, so that a key that was saved on the node by hand is kept. */
export const apiKeyFile = `${configFolder}/api-key-from-secret`;

const configName = path.basename(configFile);
const apiKeyName = path.basename(apiKeyFile);

/** Each file is renamed into place, because the kubelet may be running or reading the old one. */
const functions = `set -eu
umask 077
fail() {
  echo "${providerName}: $1" >&2
  exit 1
}
place() {
  [ ! -d "$2" ] || fail "$4 is a directory on the node; remove it"
  rm -f "$2.new"
  cp "$1" "$2.new" || fail "cannot write $4 on the node"
  chmod "$3" "$2.new"
  mv -f "$2.new" "$2"
}
place_key() {
  [ -s "$1/${apiKeyName}" ] || fail 'the key apikey of the Secret is empty'
  place "$1/${apiKeyName}" "$2/${apiKeyName}" 600 '${apiKeyFile}'
}
own() {
  [ -O "$1" ] || fail "another user owns $2 on the node; run chown root:root $2 there"
  chmod "$3" "$1"
}
`;

/**
 * Run by `sh` in the init container with: the executable, the directories of the configuration and of the API key, and the
 * directories of the executable and of the configuration on the node. The container runs without capabilities, so it
 * can neither read files of other users nor write into their directories.
 */
export const installScript = `${functions}[ -f "$1" ] && [ -r "$1" ] ||
  fail "root cannot read $1 in the image; check --executable, and set the mode of the file to 0755"
own "$4" '${binFolder}' 755
own "$5" '${configFolder}' 700
place "$1" "$4/${providerName}" 755 '${binFolder}/${providerName}'
if [ -e "$3/${apiKeyName}" ]; then place_key "$3" "$5"; else rm -f "$5/${apiKeyName}"; fi
place "$2/${configName}" "$5/${configName}" 600 '${configFile}'
`;

/**
 * Run by `sh` with the directory of the API key and that of the configuration on the node. The kubelet updates a mounted
 * Secret within about a minute; without this loop, the new key would reach a node only with the next pod.
 */
export const apiKeyLoop = `${functions}trap 'exit 0' TERM
while :; do
  cmp -s "$1/${apiKeyName}" "$2/${apiKeyName}" || place_key "$1" "$2"
  sleep "$3" &
  wait "$!"
done
`;
