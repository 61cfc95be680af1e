import type { IdentitySettings } from '../config/settings.ts';
import { readSettings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { Owner, Question } from '../iam/owner.ts';
import { apiKeyFromPerson, apiKeyInFile, apiKeyOnStdin, tokenOnStdin } from './secret-input.ts';
import { askPasscode } from './sso.ts';

/** Where a person says the secret is. None is ever an argument: those are seen by every process. */
export interface SecretOptions {
  readonly apiKeyStdin?: boolean;
  readonly apiKeyFile?: string;
  readonly refreshTokenStdin?: boolean;
  readonly sso?: boolean;
  readonly trustedProfile?: string;
  readonly entitlementKeyStdin?: boolean;
  readonly registryTokenStdin?: boolean;
  readonly verify: boolean;
}

/** What is to be kept, and whose IBM Cloud says it is. */
export interface RootSecret extends Owner, Pick<IdentitySettings, 'kind' | 'profile'> {
  readonly secret: string;
}

const exclusive = [
  'apiKeyStdin',
  'apiKeyFile',
  'refreshTokenStdin',
  'sso',
  'entitlementKeyStdin',
  'registryTokenStdin',
] as const;

/** Reads the secret from where the options say and asks IBM Cloud about it, unless told not to. */
export async function readRootSecret(
  context: Context,
  options: SecretOptions,
  host: string,
  hint: string,
): Promise<RootSecret> {
  refuseTwo(options);
  const question = { hint, endpoint: readSettings(context).iamEndpoint };
  if (options.sso) return signOn(context, question);
  if (options.refreshTokenStdin) return refreshToken(context, options, question);
  if (options.entitlementKeyStdin) return entitlementKey(context, options, host, question);
  if (options.registryTokenStdin) return registryToken(context, options, host, question);
  const hasKey = options.apiKeyStdin || options.apiKeyFile !== undefined;
  if (options.trustedProfile !== undefined && !hasKey) {
    return machine(context, options.trustedProfile, options, question);
  }
  return apiKey(context, options, question);
}

function refuseTwo(options: SecretOptions): void {
  const given = exclusive.filter((name) => options[name]);
  const isProfileAlone = options.trustedProfile !== undefined;
  const clash = given.find((name) => isProfileAlone && !name.startsWith('apiKey')) ?? given[1];
  if (clash === undefined) return;
  const first = isProfileAlone && given[1] === undefined ? 'trustedProfile' : given[0];
  throw new HelperError(
    'invalid-input',
    `--${dashed(first ?? '')} and --${dashed(clash)} exclude each other`,
  );
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

async function apiKey(
  context: Context,
  options: SecretOptions,
  question: Question,
): Promise<RootSecret> {
  const secret = await readApiKey(context, options);
  const { trustedProfile } = options;
  const root = {
    kind: 'api-key',
    secret,
    ...(trustedProfile === undefined ? {} : { profile: trustedProfile }),
  } as const;
  if (!options.verify) return root;
  const { ownerOfApiKey } = await import('../iam/owner.ts');
  return { ...root, ...(await ownerOfApiKey(context, secret, trustedProfile, question)) };
}

async function readApiKey(context: Context, options: SecretOptions): Promise<string> {
  if (options.apiKeyStdin) return apiKeyOnStdin(context);
  if (options.apiKeyFile !== undefined) return apiKeyInFile(context, options.apiKeyFile);
  return apiKeyFromPerson(context);
}

async function signOn(context: Context, question: Question): Promise<RootSecret> {
  const passcode = await askPasscode(context, question);
  const { ownerOfPasscode } = await import('../iam/owner.ts');
  return { kind: 'refresh-token', ...(await ownerOfPasscode(context, passcode, question)) };
}

async function refreshToken(
  context: Context,
  { verify }: SecretOptions,
  question: Question,
): Promise<RootSecret> {
  const kind = 'refresh-token';
  const secret = tokenOnStdin(context, 'refresh token');
  if (!verify) return { kind, secret };
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
    secret: tokenOnStdin(context, 'entitlement key'),
  } as const;
  if (!verify) return root;
  const { checkAtRegistry } = await import('../iam/registry-exchange.ts');
  await checkAtRegistry(context, host, { Username: 'cp', Secret: root.secret }, question);
  return { ...root, owner: `entitlement key that ${host} accepts` };
}

async function registryToken(
  context: Context,
  { verify }: SecretOptions,
  host: string,
  question: Question,
): Promise<RootSecret> {
  const secret = tokenOnStdin(context, 'registry token');
  const { ownerOfRegistryToken } = await import('../iam/owner.ts');
  const root = { kind: 'registry-token', secret, ...ownerOfRegistryToken(secret) } as const;
  if (!verify) return root;
  const { checkAtRegistry } = await import('../iam/registry-exchange.ts');
  await checkAtRegistry(context, host, { Username: 'token', Secret: secret }, question);
  return root;
}

async function machine(
  context: Context,
  profile: string,
  { verify }: SecretOptions,
  question: Question,
): Promise<RootSecret> {
  const root = { kind: 'trusted-profile', secret: '', profile } as const;
  if (!verify) return root;
  const { ownerOfMachine } = await import('../iam/owner.ts');
  return { ...root, ...(await ownerOfMachine(context, profile, question)) };
}
