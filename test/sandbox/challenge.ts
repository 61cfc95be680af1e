/**
 * Unquoted is how cp.icr.io's challenge was written down. By RFC 9110 an unquoted value ends at a
 * colon, and docker, podman and skopeo read it so: they find `realm` to be `https` and give up.
 * What they are to talk to must be quoted.
 */
export type ChallengeForm = 'quoted' | 'unquoted';

/** The value of `WWW-Authenticate`; the realm is on the very host that was asked. */
export function challenge(form: ChallengeForm, host: string, scope?: string): string {
  const quote = form === 'quoted' ? '"' : '';
  const parameters = {
    realm: `https://${host}/oauth/token`,
    service: 'registry',
    ...(scope !== undefined && { scope }),
  };
  const texts = Object.entries(parameters).map(
    ([name, value]) => `${name}=${quote}${value}${quote}`,
  );
  return `Bearer ${texts.join(form === 'quoted' ? ',' : ', ')}`;
}
