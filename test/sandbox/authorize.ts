import type { Accounts } from './accounts.ts';
import type { Answer, ReceivedRequest } from './exchange.ts';
import { required } from './grants.ts';
import { IamRefusal } from './iam-errors.ts';

/**
 * Answers a browser like IAM's page for signing in: redirects with a code, or shows a form. A wrong redirect address is
 * refused without a redirect (RFC 6749, section 4.1.2.1). Throws `IamRefusal`.
 */
export function authorize({ query }: ReceivedRequest, accounts: Accounts): Answer {
  const { user, redirectHosts, hasPkce, error } = accounts.signOnPage();
  const redirectUri = required(query, 'redirect_uri');
  const target = URL.parse(redirectUri);
  const isAccepted = target?.protocol === 'http:' && redirectHosts.includes(target.hostname);
  if (target === null || !isAccepted || required(query, 'client_id') !== 'bx') {
    throw new IamRefusal('BXNIM0106E', `Property 'redirect_uri' has no value '${redirectUri}'.`);
  }
  if (required(query, 'response_type') !== 'code') throw new IamRefusal('BXNIM0106E');
  const challenge = query.get('code_challenge') ?? undefined;
  if (hasPkce && (!challenge || query.get('code_challenge_method') !== 'S256')) {
    throw new IamRefusal('BXNIM0109E', "Property 'code_challenge' either missing or empty.");
  }
  if (user === undefined && error === undefined) return page('<form>Log in to IBM Cloud</form>');
  const state = query.get('state');
  if (state !== null) target.searchParams.set('state', state);
  if (error === undefined && user !== undefined) {
    const code = accounts.addCode({
      user,
      redirectUri,
      challenge: hasPkce ? challenge : undefined,
    });
    target.searchParams.set('code', code);
  } else target.searchParams.set('error', error ?? '');
  return { ...page(''), status: 302, headers: { location: target.href } };
}

function page(body: string): Answer {
  return { status: 200, headers: { 'content-type': 'text/html' }, body };
}
