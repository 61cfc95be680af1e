import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { type LoopbackRedirect, listenForRedirect } from '../http/loopback-redirect.ts';
import {
  type AuthorizationRequest,
  authorizationRequest,
  type CodeGrant,
  codeGrant,
  isAccepted,
  randomText,
} from '../iam/authorization-request.ts';
import { type OpenIdConfiguration, openIdConfiguration } from '../iam/openid-configuration.ts';
import {
  type OwnedSecret,
  ownerOfSignOn,
  type SignOnGrant,
  type Verification,
} from '../iam/owner.ts';
import { plain } from '../mask.ts';
import { requireWritable } from '../secrets/replace-secret.ts';
import { type Browser, browserOf } from './browser.ts';
import { printLine } from './output.ts';
import { ask } from './prompt.ts';
import { askPasscode, requirePasscodeTerminal } from './secret-input.ts';
import type { SecretOptions } from './secret-options.ts';

/** How long to wait for the user, who may have to find a second factor. */
const signInLimitMs = 5 * 60_000;

/**
 * Signs in on IAM's page in a browser and returns a refresh token. IAM redirects the browser to this process. Without a desktop,
 * with `--passcode`, and if the redirect fails, the user copies a one-time passcode from IAM's page instead. Throws `refused`,
 * `unreachable`, `cancelled`, and `storage` if the token could not be stored in `store`.
 */
export async function signOn(
  context: Context,
  { passcode }: SecretOptions,
  verification: Verification,
  store: string | undefined,
): Promise<OwnedSecret> {
  const browser = browserOf(context);
  const isRedirected = !passcode && browser !== undefined;
  if (!isRedirected) requirePasscodeTerminal(context);
  const configuration = await openIdConfiguration(context, verification);
  // IAM accepts a code, a passcode and a refresh token only once, so it must not be lost on a full disk.
  const exchange = async (grant: SignOnGrant) => {
    await requireWritable(context, store);
    return ownerOfSignOn(context, grant, verification);
  };
  if (isRedirected) {
    try {
      const grant = await receiveCode(context, browser, configuration);
      if (grant !== undefined) return await exchange(grant);
    } catch (error) {
      if (!isRepairable(error) || context.terminal() === undefined) throw error;
      context.warn(`${error.message}; use a one-time passcode instead`);
    }
  }
  return exchange({
    kind: 'passcode',
    passcode: await askPasscode(context, configuration, browser),
  });
}

/** Returns true if a passcode may work although the redirect failed. */
function isRepairable(error: unknown): error is HelperError {
  return error instanceof HelperError && ['refused', 'unreachable'].includes(error.code);
}

/**
 * Opens IAM's page and returns the code from its redirect; undefined if the user prefers a passcode. Throws `refused` or
 * `unreachable`, and `cancelled` if the user cancelled here or in the browser.
 */
async function receiveCode(
  context: Context,
  browser: Browser,
  configuration: OpenIdConfiguration,
): Promise<CodeGrant | undefined> {
  const state = randomText();
  const redirect = await listenForRedirect(state).catch((error) => {
    throw new HelperError('unreachable', `cannot listen on 127.0.0.1 (${systemCode(error)})`);
  });
  try {
    const request = await acceptedRequest(context, configuration, redirect, state);
    printLine(context, `Sign in at ${request.url}`);
    browser.open(request.url.href);
    const query = await queryOrEnter(context, redirect.received);
    return query === undefined ? undefined : codeGrant(request, configuration, codeIn(query));
  } finally {
    redirect.close();
  }
}

/**
 * Returns the first request that IAM accepts. RFC 8252 recommends the address over the name `localhost`, but IBM does not document
 * which redirects IAM accepts for the client of its CLI. Throws `refused` and `unreachable`.
 */
async function acceptedRequest(
  context: Context,
  configuration: OpenIdConfiguration,
  { port, claimLocalhost }: LoopbackRedirect,
  state: string,
): Promise<AuthorizationRequest> {
  for (const host of ['127.0.0.1', 'localhost']) {
    if (host === 'localhost' && !(await claimLocalhost())) break;
    const request = authorizationRequest(configuration, `http://${host}:${port}/`, state);
    if (await isAccepted(context, request)) return request;
  }
  throw new HelperError('refused', 'IAM does not redirect the browser to this machine');
}

/** Waits for the redirect. Returns undefined if the user presses Enter first. Throws `unreachable` and `cancelled`. */
async function queryOrEnter(
  context: Context,
  received: Promise<URLSearchParams>,
): Promise<URLSearchParams | undefined> {
  const stop = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new HelperError('unreachable', 'the sign-in was not completed within 5 minutes'));
  }, signInLimitMs);
  const terminal = context.terminal();
  const question = 'Waiting for the browser; press Enter to use a one-time passcode instead ';
  const options = { hidden: true, signal: stop.signal };
  const enter = terminal === undefined ? [] : [ask(terminal, question, options)];
  try {
    const first = await Promise.race([received, late, ...enter]);
    return typeof first === 'string' ? undefined : first;
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

/** Returns the code in the redirect (RFC 6749, section 4.1.2). Throws `refused` and `cancelled`. */
function codeIn(query: URLSearchParams): string {
  const [code = '', ...more] = query.getAll('code');
  if (/^[\x21-\x7e]{1,4096}$/.test(code) && more.length === 0) return code;
  const error = query.get('error');
  if (error === 'access_denied') {
    throw new HelperError('cancelled', 'the sign-in was cancelled in the browser');
  }
  const reason = [error, query.get('error_description')].filter(Boolean).join(': ');
  throw new HelperError('refused', `IAM sent no code (${plain(reason) || 'no reason'})`);
}
