/**
 * Run by `sh` in the init container with: the executable, the folders of configuration and API key, and the node's
 * folders for executable and settings. Each file is renamed into place: the kubelet may be running the old one.
 */
export const installScript = `set -eu
umask 077
place() {
  cp "$1" "$2.new"
  chmod "$3" "$2.new"
  mv -f "$2.new" "$2"
}
chmod 700 "$5"
chmod 755 "$4"
place "$1" "$4/docker-credential-icr" 755
if [ -e "$3/api-key" ]; then place "$3/api-key" "$5/api-key" 600; else rm -f "$5/api-key"; fi
place "$2/credential-provider.yaml" "$5/credential-provider.yaml" 600
`;
