import { randomBytes } from 'node:crypto';
import { signAccessToken } from './access-token.ts';
import type { Cloud } from './cloud.ts';
import {
  type Answer,
  asObject,
  bodyObject,
  json,
  type ReceivedRequest,
  type Service,
} from './exchange.ts';

/** The first version (a date) with the paths of the second generation, which replace those of the first. */
const secondGeneration = '2025-08-26';
const firstVersion = '2022-03-01';
/** The default lifetime in seconds. */
const defaultTokenLifetime = 300;

const paths = new Map([
  ['PUT /instance_identity/v1/token', { generation: 1, answer: giveInstanceToken }],
  ['POST /instance_identity/v1/iam_token', { generation: 1, answer: giveAccessToken }],
  ['PUT /identity/v1/token', { generation: 2, answer: giveInstanceToken }],
  ['POST /identity/v1/iam_tokens', { generation: 2, answer: giveAccessToken }],
]);

type InstanceTokens = Map<string, number>;

function metadataError(status: number, code: string, message: string): Answer {
  return json(status, { errors: [{ code, message }], trace: randomBytes(8).toString('hex') });
}

function tokenAnswer(token: string, now: number, lifetime: number): Answer {
  return json(200, {
    access_token: token,
    created_at: new Date(now).toISOString(),
    expires_at: new Date(now + lifetime * 1000).toISOString(),
    expires_in: lifetime,
  });
}

function giveInstanceToken(
  received: ReceivedRequest,
  { signer }: Cloud,
  tokens: InstanceTokens,
): Answer {
  if (received.headers['metadata-flavor'] !== 'ibm') {
    return metadataError(400, 'missing_header', 'The Metadata-Flavor header must be ibm.');
  }
  const lifetime = bodyObject(received)?.expires_in ?? defaultTokenLifetime;
  if (typeof lifetime !== 'number' || lifetime < 5 || lifetime > 3600) {
    return metadataError(400, 'invalid_value', 'expires_in must be from 5 to 3600.');
  }
  const token = randomBytes(64).toString('base64url');
  tokens.set(token, signer.clock() + lifetime * 1000);
  return tokenAnswer(token, signer.clock(), lifetime);
}

async function giveAccessToken(
  received: ReceivedRequest,
  { accounts, signer, lifetimes }: Cloud,
  tokens: InstanceTokens,
): Promise<Answer> {
  if ((tokens.get(received.bearer ?? '') ?? 0) <= signer.clock()) {
    return metadataError(401, 'invalid_token', 'The instance identity token is not valid.');
  }
  const named = asObject(bodyObject(received)?.trusted_profile);
  const profile = accounts
    .trustedProfiles()
    .find(
      ({ ofInstance, sub, crn }) =>
        ofInstance && (named === undefined || named.id === sub || named.crn === crn),
    );
  if (profile === undefined) {
    return metadataError(
      400,
      'trusted_profile_not_found',
      'The trusted profile is not linked to the instance.',
    );
  }
  const lifetime = lifetimes.accessToken;
  const grantType = 'urn:ibm:params:oauth:grant-type:cr-token';
  const issue = { subject: profile, grantType, clientId: 'default', lifetime };
  return tokenAnswer(await signAccessToken(signer, issue), signer.clock(), lifetime);
}

/** The machines of IBM Cloud that have a metadata service; `vpc` has both generations of paths. */
export type Compute = 'vpc' | 'vpc-old' | 'vpc-new' | 'power' | 'bare-metal';

const generationsOf: Readonly<Record<Compute, readonly number[]>> = {
  vpc: [1, 2],
  'vpc-old': [1],
  'vpc-new': [1, 2],
  power: [2],
  'bare-metal': [2],
};

/** The metadata service of an instance. Its trusted profiles are those with `ofInstance`. */
export function createMetadata(options: Cloud, compute: Compute = 'vpc'): Service {
  const tokens: InstanceTokens = new Map();
  return async (received) => {
    const found = paths.get(`${received.method} ${received.path}`);
    const version = received.query.get('version');
    if (compute === 'power') {
      if (version !== null)
        return metadataError(400, 'invalid_query', 'Unknown parameter version.');
      if (found?.generation !== 2) return metadataError(404, 'not_found', 'Not found.');
      if (received.headers['metadata-flavor'] !== 'ibm') {
        return metadataError(400, 'missing_header', 'The Metadata-Flavor header must be ibm.');
      }
      return await found.answer(received, options, tokens);
    }
    if (found !== undefined && !generationsOf[compute].includes(found.generation)) {
      return metadataError(404, 'not_found', 'Not found.');
    }
    if (!/^\d{4}-\d{2}-\d{2}$/.test(version ?? '') || (version ?? '') < firstVersion) {
      return metadataError(
        400,
        'invalid_version',
        'The version must be a date from 2022-03-01 on.',
      );
    }
    const generation = (version ?? '') < secondGeneration ? 1 : 2;
    if (found?.generation !== generation) return metadataError(404, 'not_found', 'Not found.');
    return await found.answer(received, options, tokens);
  };
}
