import { readSettings } from '../config/read-settings.ts';
import { trustedEndpoint } from '../config/trusted-endpoint.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { Owner, Question } from '../iam/owner.ts';
import { entitledRegistry } from '../identity/present.ts';
import { requireWritable } from '../secrets/require-writable.ts';
import type { Intent, SecretOptions } from './intent.ts';
import { apiKeyFromPerson, apiKeyInFile, apiKeyOnStdin, tokenOnStdin } from './secret-input.ts';
import { askPasscode } from './sso.ts';

/** What is to be kept, and whose IBM Cloud says it is. */
export interface RootSecret extends Owner, Intent {
  readonly secret: string;
}

export interface LoginTarget {
  /** Where the credential is tried. */
  readonly host: string;
  /** What to type if IBM Cloud refuses it. */
  readonly hint: string;
  /** The name of the secret store that it will be in. */
  readonly store: string | undefined;
}

/** Reads the secret from where the options say and asks IBM Cloud about it, unless told not to. */
export async function readRootSecret(
  context: Context,
  options: SecretOptions,
  intent: Intent,
  { host, hint, store }: LoginTarget,
): Promise<RootSecret> {
  const question = { hint, endpoint: trustedEndpoint(context, readSettings(context)) };
  switch (intent.kind) {
    case 'api-key':
      return apiKey(context, options, intent, host, question);
    case 'refresh-token':
      return options.sso
        ? signOn(context, question, store)
        : refreshToken(context, options, question, store);
    case 'entitlement-key':
      return entitlementKey(context, options, host, question);
    case 'registry-token':
      return registryToken(context, options, host, question);
    case 'trusted-profile':
      return machine(context, options, intent, question);
  }
}

async function apiKey(
  context: Context,
  options: SecretOptions,
  intent: Intent,
  host: string,
  question: Question,
): Promise<RootSecret> {
  const secret = await readApiKey(context, options);
  const isEntitled = host === entitledRegistry;
  // Entitlement keys are JWTs.
  if (isEntitled && /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(secret)) throw notApiKey();
  const root = { ...intent, secret };
  if (!options.verify) return root;
  const { ownerOfApiKey } = await import('../iam/owner.ts');
  try {
    return { ...root, ...(await ownerOfApiKey(context, secret, intent.profile, question)) };
  } catch (error) {
    const isRefusal = error instanceof HelperError && error.code === 'refused';
    throw isEntitled && isRefusal ? notApiKey(error) : error;
  }
}

function notApiKey(cause?: HelperError): HelperError {
  const what = `this is not an API key; ${entitledRegistry} accepts entitlement keys only`;
  return new HelperError('invalid-input', what, {
    hint: `run docker-credential-icr login ${entitledRegistry} --entitlement-key-stdin`,
    cause,
  });
}

async function readApiKey(context: Context, options: SecretOptions): Promise<string> {
  if (options.apiKeyStdin) return apiKeyOnStdin(context);
  if (options.apiKeyFile !== undefined) return apiKeyInFile(context, options.apiKeyFile);
  return apiKeyFromPerson(context);
}

async function signOn(
  context: Context,
  question: Question,
  store: string | undefined,
): Promise<RootSecret> {
  const passcode = await askPasscode(context, question);
  // IAM accepts a passcode and a refresh token once: neither is to be lost on a full disk.
  await requireWritable(context, store);
  const { ownerOfPasscode } = await import('../iam/owner.ts');
  return { kind: 'refresh-token', ...(await ownerOfPasscode(context, passcode, question)) };
}

async function refreshToken(
  context: Context,
  { verify }: SecretOptions,
  question: Question,
  store: string | undefined,
): Promise<RootSecret> {
  const kind = 'refresh-token';
  const secret = await tokenOnStdin(context, 'refresh token');
  if (!verify) return { kind, secret };
  await requireWritable(context, store);
  const { ownerOfRefreshToken } = await import('../iam/owner.ts');
  return { kind, ...(await ownerOfRefreshToken(context, secret, question)) };
}

async function entitlementKey(
  context: Context,
  { verify }: SecretOptions,
  host: string,
  question: Question,
): Promise<RootSecret> {
  const root = {
    kind: 'entitlement-key',
    secret: await tokenOnStdin(context, 'entitlement key'),
  } as const;
  if (!verify) return root;
  const { checkAtRegistry } = await import('../registry/sign-in.ts');
  const credential = { Username: 'cp', Secret: root.secret };
  await checkAtRegistry(context, host, credential, { ...question, owner: 'the entitlement key' });
  return { ...root, owner: `entitlement key that ${host} accepts` };
}

async function registryToken(
  context: Context,
  { verify }: SecretOptions,
  host: string,
  question: Question,
): Promise<RootSecret> {
  const secret = await tokenOnStdin(context, 'registry token');
  const { ownerOfRegistryToken } = await import('../iam/owner.ts');
  const root = { kind: 'registry-token', secret, ...ownerOfRegistryToken(secret) } as const;
  if (!verify) return root;
  const { checkAtRegistry } = await import('../registry/sign-in.ts');
  const credential = { Username: 'token', Secret: secret };
  await checkAtRegistry(context, host, credential, { ...question, owner: 'the registry token' });
  return root;
}

async function machine(
  context: Context,
  { verify }: SecretOptions,
  intent: Intent,
  question: Question,
): Promise<RootSecret> {
  const root = { ...intent, secret: '' };
  if (!verify || intent.profile === undefined) return root;
  const { ownerOfMachine } = await import('../iam/owner.ts');
  return { ...root, ...(await ownerOfMachine(context, intent.profile, question)) };
}
