/** Returns a JWT with these claims and without a valid signature. */
export function unsignedJwt(claims: unknown): string {
  return `${encode({ alg: 'RS256' })}.${encode(claims)}.canary-signature`;
}

/** Returns the claims of a JWT. The signature is not checked. */
export function claimsOf(jwt: unknown): Record<string, unknown> {
  return JSON.parse(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString());
}

/** Encodes a part of a JWT. */
export function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
