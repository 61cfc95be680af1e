import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { iamEndpoint } from '../../iam/endpoint.ts';
import type { Look } from './look.ts';

/** What IAM's description of itself told, or why it could not be read. Times in milliseconds since 1970. */
export type Probe =
  | { readonly address: string; readonly theirs: number | undefined; readonly ours: number }
  | { readonly address: string | undefined; readonly error: HelperError };

/** Milliseconds: less than a check may take, so that it is this error that is shown. */
const patience = 8000;

/** Asks IAM, by the way that every token takes, something that needs no secret; once for all who want to know. */
export function iamProbe(context: Context, look: Look): () => Promise<Probe> {
  let probe: Promise<Probe> | undefined;
  return () => {
    probe ??= ask(context, look);
    return probe;
  };
}

async function ask(context: Context, look: Look): Promise<Probe> {
  const { requestAnswer } = await import('../../iam/request.ts');
  const { accept } = await import('../../iam/verdict.ts');
  let address: string | undefined;
  try {
    address = iamEndpoint(context, trustedEndpoint(context, look.readableSettings()));
    const url = new URL(`${address}/identity/.well-known/openid-configuration`);
    const began = context.now();
    const asked = { service: 'IAM', owner: 'to describe itself', hint: '' };
    const options = { ...asked, deadline: began + patience };
    const answer = await requestAnswer(context, { method: 'GET', url }, options);
    // A private IAM need not describe itself; a page of a hotel's network is no IAM.
    if (!isOwnRefusal(answer)) accept(answer, `IAM at ${url.host}`, asked);
    const theirs = Date.parse(answer.header('date') ?? '');
    const ours = (began + context.now()) / 2;
    return { address, theirs: Number.isNaN(theirs) ? undefined : theirs, ours };
  } catch (error) {
    if (error instanceof HelperError) return { address, error };
    throw error;
  }
}

function isOwnRefusal({ status }: { readonly status: number }): boolean {
  return status >= 400 && status <= 499 && status !== 407;
}
