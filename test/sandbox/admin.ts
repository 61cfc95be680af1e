import { type Answer, bodyObject, json, type Service } from './exchange.ts';
import type { Sandbox } from './sandbox.ts';

/** The objects that can be accessed by name. */
type Reachable = Pick<Sandbox, 'accounts' | 'faults' | 'requests' | 'lifetimes'>;

/** Calls or reads one member for `POST /OBJECT/MEMBER {"arguments": […]}`; the response is `{"value": …}`. */
async function reach(from: Reachable, path: string, given: readonly unknown[]): Promise<Answer> {
  const [object = '', member = ''] = path.slice(1).split('/');
  const owner: unknown = new Map<string, unknown>(Object.entries(from)).get(object);
  if (typeof owner !== 'object' || owner === null || !Object.hasOwn(owner, member)) {
    return json(404, { error: `the sandbox has no ${object}.${member}` });
  }
  const found: unknown = Reflect.get(owner, member);
  if (typeof found !== 'function') return json(200, { value: found });
  return json(200, { value: await Reflect.apply(found, owner, given) });
}

/**
 * Creates the admin endpoint for tests in other processes. `advanceClock` advances the simulator's clock by
 * milliseconds.
 */
export function createAdmin(
  { accounts, faults, requests, lifetimes }: Sandbox,
  advanceClock: (by: number) => void,
): Service {
  return async (received) => {
    const body = bodyObject(received);
    if (received.method !== 'POST' || body === undefined)
      return json(400, { error: 'POST an object' });
    if (received.path === '/clock') {
      advanceClock(Number(body.advance));
      return json(200, {});
    }
    if (received.path === '/lifetimes') {
      return json(200, { value: Object.assign(lifetimes, body) });
    }
    const given = Array.isArray(body.arguments) ? body.arguments : [];
    try {
      return await reach({ accounts, faults, requests, lifetimes }, received.path, given);
    } catch (error) {
      return json(500, { error: error instanceof Error ? error.message : String(error) });
    }
  };
}
