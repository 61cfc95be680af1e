import type { Context } from '../../context.ts';
import { validTime } from '../../identity/expiry.ts';
import { type Expiring, expiryText, isDue } from '../expiry-notice.ts';
import type { Verification } from './ask-iam.ts';
import { type Finding, ok, problem, warning } from './check.ts';

/**
 * Converts the result of a verification to a finding: an error if the credential has expired, a warning if it expires
 * soon. `hintFor` returns the next step.
 */
export function expiryFinding(
  { now }: Context,
  kind: Expiring['kind'],
  { message, issuedAt, modifiedAt, ...known }: Verification,
  hintFor: (isExpired: boolean) => string,
): Finding {
  const expiresAt = validTime(known.expiresAt);
  if (expiresAt === undefined) return ok(message);
  const issue = issuedAt === undefined ? {} : { issuedAt };
  const expiring = { kind, expiresAt, modifiedAt, ...issue };
  const text = expiryText(expiring, now());
  const line = `${message}; ${text}`;
  const soon = isDue(expiring, now()) ? warning(line, hintFor(false)) : ok(line);
  const finding = expiresAt <= now() ? problem(text, hintFor(true)) : soon;
  return { ...finding, expiresAt: new Date(expiresAt).toISOString() };
}
