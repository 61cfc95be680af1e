import { ownerOfAccessToken } from './access-token.ts';
import { apiKeyRoutes } from './api-keys-api.ts';
import type { Cloud } from './cloud.ts';
import { json, type Service } from './exchange.ts';
import { identityError } from './identity-answers.ts';
import { policyRoutes } from './policies-api.ts';
import { serviceIdRoutes } from './service-ids-api.ts';

const routes = [...apiKeyRoutes, ...serviceIdRoutes, ...policyRoutes];

/** IAM's API below `/v1/`, and access groups below `/v2/`. Each request requires a Bearer access token. */
export function createIdentityApi({ accounts, signer }: Cloud): Service {
  return async (received) => {
    const route = routes.find(
      ([method, path]) => method === received.method && path.test(received.path),
    );
    if (route === undefined) {
      return json(404, { errorCode: 'BXNIM0060E', errorMessage: 'HTTP 404 Not Found' });
    }
    const caller = await ownerOfAccessToken(signer, accounts, received.bearer);
    if (caller === undefined) {
      return identityError(401, 'BXNIM0308E', 'The access token is missing or not valid.');
    }
    const [, path, answer] = route;
    return answer({ received, caller, accounts, id: path.exec(received.path)?.[1] ?? '' });
  };
}
