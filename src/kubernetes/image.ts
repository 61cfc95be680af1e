import { isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';

/** An image of ICR, as in the kubelet's request: without tag and digest. */
export interface Image {
  /** For the credential lookup. The namespace is the first part of the path. */
  readonly host: RegistryHost;
  /** The host and an optional port, spelled as in the request: the kubelet compares it byte by byte. */
  readonly registry: string;
}

/** A host and port in the reference grammar of distribution/reference. Every user who can create pods controls it. */
const isRegistry = /^[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9]+)?$/;
const isVisible = /^[\x21-\x7e]*$/;

/** Returns undefined for an image of another registry and for an invalid name. */
export function parseImage(text: string): Image | undefined {
  const [registry = '', namespace] = text.split('/');
  if (!isRegistry.test(registry) || !isVisible.test(text)) return undefined;
  const host = parseServerURL(registry);
  if ('problem' in host || !isIbmHost(host)) return undefined;
  return { host: { ...host, namespace: namespace || undefined }, registry };
}
