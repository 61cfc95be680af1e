/**
 * Returns the key of a credential in the kubelet's keyring and in pull Secrets. The kubelet compares prefixes of paths:
 * without the slash at the end, `us.icr.io/team-a` would also match `us.icr.io/team-ab/image`. Source: `URLsMatch` in
 * kubernetes/kubernetes, pkg/credentialprovider/keyring.go.
 */
export function keyringKey(registry: string, namespace: string | undefined): string {
  return namespace === undefined ? registry : `${registry}/${namespace}/`;
}
