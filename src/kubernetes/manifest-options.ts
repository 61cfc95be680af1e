import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const subdomain = new RegExp(`^${label}(?:\\.${label})*$`);

/** Returns the name if it is valid for most Kubernetes objects: a DNS subdomain (RFC 1123). Throws `invalid-input`. */
export function requireObjectName(name: string): string {
  if (name.length <= 253 && subdomain.test(name)) return name;
  throw invalid('object', '253', 'a-z, 0-9, - and .');
}

/** Returns the name if it is valid for a namespace: a DNS label. Throws `invalid-input`. */
export function requireNamespace(name: string): string {
  if (subdomain.test(name) && !name.includes('.')) return name;
  throw invalid('namespace', '63', 'a-z, 0-9 and -');
}

/** Throws `invalid-input` if the path in an image is not absolute. */
export function requirePath(executable: string): void {
  if (executable.startsWith('/')) return;
  throw new HelperError('invalid-input', 'invalid --executable; expected an absolute path', {
    hint: 'use --executable with the path of the executable in the image',
  });
}

function invalid(kind: string, maxLength: string, characters: string): HelperError {
  return new HelperError('invalid-input', `invalid name of a Kubernetes ${kind}`, {
    hint: `use up to ${maxLength} characters of ${characters}, with a letter or digit at both ends`,
  });
}

/** Throws `invalid-input` if the image is missing or is not an image name. */
export function requireImage(image: string | undefined): asserts image is string {
  if (image !== undefined && /^[\w][\w./:@-]*$/.test(image)) return;
  const problem = image === undefined ? '--image is missing' : 'invalid --image';
  throw new HelperError('invalid-input', problem, {
    hint: 'use --image with an image that contains this executable and a shell',
  });
}

/** Source: the OCI image specification, descriptor.md, "Registered algorithms". */
const hasDigest = /@(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function warnOfTag({ warn }: Context, image: string, place: string): void {
  if (hasDigest.test(image)) return;
  warn(
    `${image} has no digest: if its tag is moved, another image runs ${place}`,
    'use IMAGE@sha256:DIGEST',
  );
}
