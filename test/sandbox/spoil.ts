import type { Answer } from './exchange.ts';
import type { Fault } from './faults.ts';

const padding = 10 * 1024 * 1024;

/** Parses the response as a JSON object and changes it. */
function edited(answer: Answer, edit: (value: Record<string, unknown>) => object): Answer {
  const value: Record<string, unknown> = JSON.parse(answer.body.toString() || '{}');
  return { ...answer, body: JSON.stringify(edit(value)) };
}

/** Removes all tokens from the response. */
function withoutTokens({ access_token: _, token: __, ...rest }: Record<string, unknown>): object {
  return rest;
}

/** Sets the expiration: IAM uses seconds since 1970, the metadata service uses dates. */
function expired(value: Record<string, unknown>, now: number): object {
  const hourAgo = now - 3_600_000;
  return {
    ...value,
    ...('expiration' in value && { expiration: Math.floor(hourAgo / 1000) }),
    ...('expires_at' in value && { expires_at: new Date(hourAgo).toISOString() }),
    ...('expires_in' in value && { expires_in: -3600 }),
  };
}

/** Applies the fault to the correct response. */
export function corrupt(fault: Fault | undefined, answer: Answer, now: number): Answer {
  switch (fault?.kind) {
    case 'not-json':
      return {
        status: 200,
        headers: { 'content-type': 'text/html' },
        body: '<html><body>Sign in to this network</body></html>',
      };
    case 'empty':
      return { ...answer, status: 200, body: '' };
    case 'half-json':
      return { ...answer, body: answer.body.slice(0, answer.body.length / 2) };
    case 'huge':
      return edited(answer, (value) => ({ ...value, padding: 'x'.repeat(padding) }));
    case 'no-access-token':
      return edited(answer, withoutTokens);
    case 'no-members':
      return edited(answer, () => ({}));
    case 'expired':
      return edited(answer, (value) => expired(value, now));
    default:
      return answer;
  }
}
