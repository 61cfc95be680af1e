import { isIbmHost } from './match.ts';
import { type ParseProblem, parseServerURL, type RegistryHost } from './parse.ts';

/** An image of ICR in the form that people and clients use: `us.icr.io/ns/image:1`. */
export interface ImageReference {
  readonly host: RegistryHost & { readonly namespace: string };
  /** The host with its port, as clients look it up in their configuration: `us.icr.io`, `us.icr.io:443`. */
  readonly registry: string;
  /** The path without tag and digest: `ns/image`. */
  readonly repository: string;
  /** A digest if there is one, otherwise the tag; `latest` by default. */
  readonly reference: string;
}

// The grammar of distribution/reference; the registry refuses all other names.
const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagForm = /^\w[\w.-]{0,127}$/;
const digestForm = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}$/;
const maxLength = 1000;

/** The transports of skopeo and podman, BuildKit, and Helm. */
const transport =
  /^(?:(?:docker|https?|oci|docker-image):\/\/|(?:containers-storage|docker-daemon):)/i;

/**
 * Parses an image, with or without a transport such as `docker://` or `oci://`, tag, digest and trailing slash. The host may be
 * in upper or lower case. Returns a problem for other registries and invalid names.
 */
export function parseImageReference(text: string): ImageReference | ParseProblem {
  const image = text.trim().replace(transport, '').replace(/\/+$/, '');
  if (image.length > maxLength) return { problem: 'it is too long' };
  const slash = image.indexOf('/');
  const registry = (slash < 0 ? image : image.slice(0, slash)).toLowerCase();
  const host = parseServerURL(registry);
  if ('problem' in host) return host;
  if (!isIbmHost(host))
    return { problem: 'its registry is not a host of IBM Cloud Container Registry' };
  if (slash < 0) return { problem: 'it ends after the host, without namespace and image' };
  const [name = '', digest, ...more] = image.slice(slash + 1).split('@');
  const [, repository = '', tag] = /^(.*?)(?::([^/]*))?$/s.exec(name) ?? [];
  const parts = repository.split('/');
  if (repository.toLowerCase() !== repository) return { problem: 'its name has capital letters' };
  if (!parts.every((part) => component.test(part))) return { problem: 'its name is not valid' };
  const [namespace = '', ...rest] = parts;
  if (rest.length === 0) return { problem: 'it has no image after the namespace' };
  if (tag !== undefined && !tagForm.test(tag)) return { problem: 'its tag is not valid' };
  if (more.length > 0 || (digest !== undefined && !digestForm.test(digest))) {
    return { problem: 'its digest is not valid' };
  }
  return {
    host: { ...host, namespace },
    registry,
    repository,
    reference: digest ?? tag ?? 'latest',
  };
}
