import { ownerOfAccessToken } from './access-token.ts';
import { apiKeyRoutes } from './api-keys-api.ts';
import type { Cloud } from './cloud.ts';
import { json, type Service } from './exchange.ts';
import { identityError } from './identity-answers.ts';
import { policyRoutes } from './policies-api.ts';
import { serviceIdRoutes } from './service-ids-api.ts';

const routes = [...apiKeyRoutes, ...serviceIdRoutes, ...policyRoutes];

/** IAM's own API, under `/v1/`; a Bearer access token is wanted everywhere. */
export function createIdentityApi({ accounts, signer }: Cloud): Service {
  return async (asked) => {
    const route = routes.find(([method, path]) => method === asked.method && path.test(asked.path));
    if (route === undefined) {
      return json(404, { errorCode: 'BXNIM0060E', errorMessage: 'HTTP 404 Not Found' });
    }
    const caller = await ownerOfAccessToken(signer, accounts, asked.bearer);
    if (caller === undefined) {
      return identityError(401, 'BXNIM0308E', 'The access token is missing or not valid.');
    }
    const [, path, answer] = route;
    return answer({ asked, caller, accounts, id: path.exec(asked.path)?.[1] ?? '' });
  };
}
