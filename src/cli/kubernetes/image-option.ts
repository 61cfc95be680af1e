import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';

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
