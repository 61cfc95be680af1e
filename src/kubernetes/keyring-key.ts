import { HelperError } from '../errors.ts';
import type { RegistryHost } from '../registry/parse.ts';

/**
 * Returns the key of a credential in the kubelet's keyring and in pull Secrets. The kubelet compares prefixes of paths:
 * without the slash at the end, `us.icr.io/team-a` would also match `us.icr.io/team-ab/image`. Source: `URLsMatch` in
 * kubernetes/kubernetes, pkg/credentialprovider/keyring.go.
 */
export function keyringKey(registry: string, namespace: string | undefined): string {
  return namespace === undefined ? registry : `${registry}/${namespace}/`;
}

/**
 * Returns the key of a pull Secret's entry: a host or host/namespace, spelled like the start of an image name, with an
 * optional `:443`. The kubelet compares it with image names byte by byte, so another spelling never matches, or matches
 * other images. Throws `invalid-input` if `text`, which was parsed as `host`, is spelled differently.
 */
export function requirePullHost(text: string, { name, namespace }: RegistryHost): string {
  const path = namespacePath(namespace);
  const spellings = ['', ':443'].map((port) => `${name}${port}${path}`);
  const found = spellings.find((spelling) => text === spelling || text === `${spelling}/`);
  if (found !== undefined) return found;
  throw new HelperError('invalid-input', 'invalid --host; expected HOST or HOST/NAMESPACE', {
    hint: `use --host ${spellings[0]}`,
  });
}

/** Without what follows the name of a namespace, as in `ns:tag`. */
function namespacePath(namespace: string | undefined): string {
  const valid = namespace === undefined ? undefined : /^[a-z0-9][a-z0-9._-]*/.exec(namespace)?.[0];
  return valid === undefined ? '' : `/${valid}`;
}
