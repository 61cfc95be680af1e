/** What a registry says in `WWW-Authenticate` to one who has not signed in. */
export interface Challenge {
  readonly realm: string;
  readonly service: string | undefined;
}

const parameter = /([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))/gi;

/**
 * Reads a Bearer challenge whose values are quoted, as RFC 9110 wants them, or bare, as cp.icr.io
 * was seen to send them. `undefined` where it is none, or names no realm.
 */
export function parseChallenge(header: string): Challenge | undefined {
  const [, parameters] = /^\s*Bearer\s+(.*)$/is.exec(header) ?? [];
  if (parameters === undefined) return undefined;
  const values = new Map(
    [...parameters.matchAll(parameter)].map(([, name = '', quoted, bare]) => [
      name.toLowerCase(),
      quoted?.replaceAll(/\\(.)/g, '$1') ?? bare,
    ]),
  );
  const realm = values.get('realm');
  return realm ? { realm, service: values.get('service') } : undefined;
}
