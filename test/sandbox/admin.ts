import { type Answer, bodyObject, json, type Service } from './exchange.ts';
import type { Sandbox } from './sandbox.ts';

/** What may be reached from outside, by name. */
type Reachable = Pick<Sandbox, 'accounts' | 'faults' | 'requests' | 'lifetimes'>;

/** `POST /OBJECT/MEMBER {"arguments": […]}` calls or reads one member; the answer is `{"value": …}`. */
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

/** For tests in another process. `advanceClock` moves the sandbox's time by milliseconds. */
export function createAdmin(
  { accounts, faults, requests, lifetimes }: Sandbox,
  advanceClock: (by: number) => void,
): Service {
  return async (asked) => {
    const body = bodyObject(asked);
    if (asked.method !== 'POST' || body === undefined)
      return json(400, { error: 'POST an object' });
    if (asked.path === '/clock') {
      advanceClock(Number(body.advance));
      return json(200, {});
    }
    if (asked.path === '/lifetimes') {
      return json(200, { value: Object.assign(lifetimes, body) });
    }
    const given = Array.isArray(body.arguments) ? body.arguments : [];
    try {
      return await reach({ accounts, faults, requests, lifetimes }, asked.path, given);
    } catch (error) {
      return json(500, { error: error instanceof Error ? error.message : String(error) });
    }
  };
}
