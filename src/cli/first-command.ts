import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isOnPath } from '../files/executables.ts';
import { accessTokenOf, nameOf, toCaller } from '../identity/access.ts';
import { findCredential } from '../identity/find.ts';
import { lookupIn } from '../identity/lookup.ts';
import { imagesOf } from '../registry/account-limits.ts';
import { parseImageReference } from '../registry/image-reference.ts';
import type { RegistryHost } from '../registry/parse.ts';

/** How programs pull an image, in order of preference. All log in with `PROGRAM login HOST`. */
const pullCommands: readonly (readonly [program: string, command: string])[] = [
  ['docker', 'docker pull '],
  ['podman', 'podman pull '],
  ['nerdctl', 'nerdctl pull '],
  ['buildah', 'buildah pull '],
  ['skopeo', 'skopeo inspect docker://'],
];

/** IBM's public sample image, which only the global host has. */
const sampleImage = 'icr.io/codeengine/helloworld';

/**
 * Returns a command that can be pasted: a pull, if an image is known. Otherwise it logs in: without a user name, the client
 * uses the helper's credential.
 */
export async function firstCommand(
  context: Context,
  host: RegistryHost | undefined,
  verify: boolean | undefined,
): Promise<string> {
  const installed = pullCommands.find(([program]) => isOnPath(context, program));
  const [client, pull] = installed ?? ['docker', 'docker pull '];
  const isGlobal = host === undefined || (host.name === 'icr.io' && host.namespace === undefined);
  if (isGlobal) return `${pull}${sampleImage}`;
  const image = verify ? await ownImage(context, host) : undefined;
  return image === undefined ? `${client} login ${host.name}` : `${pull}${image}`;
}

/** Returns an image of the account that clients can pull; undefined if the registry names none. */
async function ownImage(context: Context, host: RegistryHost): Promise<string | undefined> {
  const lookup = lookupIn(context);
  try {
    const found = await findCredential(lookup, host);
    if (found === undefined) return undefined;
    const caller = await toCaller(lookup, nameOf(found), await accessTokenOf(lookup, found));
    const images = await imagesOf(context, caller, host.name);
    return images.find((image) => isPlainName(image, host));
  } catch (error) {
    if (error instanceof HelperError) return undefined;
    throw error;
  }
}

/** Returns false for texts that a shell or a terminal could interpret. */
function isPlainName(text: string, { name, namespace }: RegistryHost): boolean {
  const image = parseImageReference(text);
  if ('problem' in image) return false;
  const { registry, repository, reference } = image;
  const isWanted =
    registry === name && (namespace ?? image.host.namespace) === image.host.namespace;
  return isWanted && text === `${registry}/${repository}:${reference}`;
}
