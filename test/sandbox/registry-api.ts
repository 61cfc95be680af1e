import { randomUUID } from 'node:crypto';
import { ownerOfAccessToken } from './access-token.ts';
import type { Cloud } from './cloud.ts';
import { type Answer, json, type ReceivedRequest, type Service } from './exchange.ts';
import type { Namespace } from './namespaces.ts';
import type { RegistryToken } from './registry-tokens.ts';
import type { Restrictions } from './restrictions.ts';
import { isVisible } from './scopes.ts';
import type { Subject } from './subjects.ts';

function apiError(status: number, code: string, message: string): Answer {
  return json(status, { code, message, 'request-id': randomUUID() });
}

const notFound = () => apiError(404, 'CRG0012E', 'The specified resource is not found.');

/** Returns a registry token as IBM shows it: its description is in `secondary_owner`. */
function shown({ id, owner, token, description, readonly, expiry }: RegistryToken): object {
  return {
    _id: id,
    owner,
    token,
    secondary_owner: description,
    readonly,
    revoked: false,
    expiry: expiry ?? 0,
  };
}

async function createToken(
  { query }: ReceivedRequest,
  caller: Subject,
  { accounts }: Cloud,
): Promise<Answer> {
  const { token } = await accounts.addRegistryToken({
    owner: caller.iamId,
    accountId: caller.accountId,
    description: query.get('description') ?? '',
    permanent: query.get('permanent') === 'true',
    write: query.get('write') === 'true',
  });
  return json(201, { token });
}

function oneToken({ method, path }: ReceivedRequest, caller: Subject, { accounts }: Cloud): Answer {
  const id = path.split('/').at(-1) ?? '';
  const found = accounts
    .registryTokens()
    .find((token) => token.id === id && token.accountId === caller.accountId);
  if (found === undefined) return notFound();
  if (method === 'GET') return json(200, { token: found.token });
  if (method !== 'DELETE') return notFound();
  accounts.removeRegistryToken({ id });
  return { status: 204, headers: {}, body: '' };
}

const gigabyte = 1024 ** 3;
const quotas = {
  limit: { storage_bytes: 0.5 * gigabyte, traffic_bytes: 5 * gigabyte },
  usage: { storage_bytes: 0.1 * gigabyte, traffic_bytes: gigabyte },
};

function withRestrictions({ storage, traffic }: Restrictions): object {
  return {
    limit: {
      storage_bytes: storage?.limit ?? quotas.limit.storage_bytes,
      traffic_bytes: traffic?.limit ?? quotas.limit.traffic_bytes,
    },
    usage: {
      storage_bytes: storage?.used ?? quotas.usage.storage_bytes,
      traffic_bytes: traffic?.used ?? quotas.usage.traffic_bytes,
    },
  };
}

function details({ name, accountId, resourceGroup = '' }: Namespace): object {
  const date = '2020-01-01T00:00:00Z';
  const crn = `crn:v1:bluemix:public:container-registry:us-south:a/${accountId}::namespace:${name}`;
  return { account: accountId, created_date: date, crn, name, resource_group: resourceGroup };
}

/** ICR's API for registry tokens, namespaces and quotas. A header contains the account. */
export function createRegistryApi(cloud: Cloud, registryTokens: boolean): Service {
  const { accounts, signer } = cloud;
  return async (received) => {
    const caller = await ownerOfAccessToken(signer, accounts, received.bearer);
    if (caller === undefined || received.headers.account !== caller.accountId) {
      return apiError(401, 'CRG0009E', 'You are not authorized to access the specified account.');
    }
    const isTheirs = ({ accountId }: { accountId: string }) => accountId === caller.accountId;
    // IBM lists authorized namespaces only.
    const host = received.headers.host ?? '';
    const visible = accounts
      .namespaces()
      .filter(
        (namespace) => isTheirs(namespace) && isVisible(namespace.name, caller, host, accounts),
      );
    switch (`${received.method} ${received.path}`) {
      case 'POST /api/v1/tokens':
        // IBM does not document the current error.
        if (!registryTokens) return apiError(410, 'CRG0000E', 'Registry tokens are discontinued.');
        return await createToken(received, caller, cloud);
      case 'GET /api/v1/tokens':
        return json(200, { tokens: accounts.registryTokens().filter(isTheirs).map(shown) });
      case 'GET /api/v1/namespaces':
        return json(
          200,
          visible.map(({ name }) => name),
        );
      case 'GET /api/v1/namespaces/details':
        return json(200, visible.map(details));
      case 'GET /api/v1/images':
        return json(
          200,
          visible.flatMap(({ images = [] }) => images.map((image) => ({ RepoTags: [image] }))),
        );
      case 'GET /api/v1/quotas':
        return json(200, withRestrictions(accounts.restrictions()));
      case 'GET /api/v1/auth':
        return json(200, {
          iam_authz: true,
          private_only: accounts.restrictions().privateOnly ?? false,
        });
      default:
        return received.path.startsWith('/api/v1/tokens/')
          ? oneToken(received, caller, cloud)
          : notFound();
    }
  };
}
