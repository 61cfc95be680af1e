import { isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';

/** An image of IBM's registry, as the kubelet names it: without tag and digest. */
export interface Image {
  /** For looking up what answers; the namespace is the first part of the path, whatever it is. */
  readonly host: RegistryHost;
  /** Host, and port where there is one, letter by letter: the kubelet compares with it. */
  readonly registry: string;
}

/** What may stand before the first `/` (distribution's reference grammar). Whoever writes a pod writes this. */
const isRegistry = /^[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9]+)?$/;
const isVisible = /^[\x21-\x7e]*$/;

/** `undefined` for every other registry's image, and for what is none. */
export function parseImage(text: string): Image | undefined {
  const [registry = '', namespace] = text.split('/');
  if (!isRegistry.test(registry) || !isVisible.test(text)) return undefined;
  const host = parseServerURL(registry);
  if ('problem' in host || !isIbmHost(host)) return undefined;
  return { host: { ...host, namespace: namespace || undefined }, registry };
}
