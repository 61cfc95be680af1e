import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, json, readHead, readWhole, type Service } from './exchange.ts';
import type { Fault, Faults } from './faults.ts';
import type { LoggedRequest, Requests, ServiceName } from './requests.ts';
import { spoil } from './spoil.ts';

/** What every service of the sandbox shares. */
export interface Surroundings {
  readonly faults: Faults;
  readonly requests: Requests;
  readonly clock: () => number;
}

/** Takes a request over, body and all, before it is read; `false` when it is none of its own. */
export type Passer = (request: IncomingMessage, response: ServerResponse) => boolean;

/** `true` when the fault has dealt with the request, and nobody else is to answer it. */
async function meet(fault: Fault | undefined, response: ServerResponse): Promise<boolean> {
  if (fault === undefined) return false;
  if (fault.delayMs !== undefined) await sleep(fault.delayMs, undefined, { ref: false });
  await fault.until;
  if (fault.kind === 'hang') return true;
  if (fault.kind === 'drop') {
    response.socket?.destroy();
    return true;
  }
  if (fault.kind !== 'status') return false;
  const retry = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
  const status = fault.status ?? 500;
  send(
    json(status, { errors: [{ code: 'SANDBOX', message: `told to answer ${status}` }] }, retry),
    response,
  );
  return true;
}

export function send(answer: Answer, response: ServerResponse): void {
  response.writeHead(answer.status, {
    'content-length': Buffer.byteLength(answer.body),
    ...answer.headers,
  });
  response.end(answer.body);
}

/** Promises the whole and closes half way. */
function tearOff(answer: Answer, response: ServerResponse): void {
  const whole = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': whole.length });
  response.write(whole.subarray(0, whole.length / 2), () => response.socket?.destroy());
}

/** One service behind its faults and its log. */
export function answering(
  name: ServiceName,
  service: Service,
  { faults, requests, clock }: Surroundings,
  pass: Passer = () => false,
): RequestListener {
  const exchange = async (request: IncomingMessage, response: ServerResponse) => {
    const head = readHead(request);
    const passable = head.path.startsWith('/v2/');
    const asked = passable ? head : await readWhole(request);
    const entry: LoggedRequest = requests.add(name, asked);
    response.once('finish', () => {
      entry.status = response.statusCode;
    });
    const fault = faults.take(name, asked.path);
    if (await meet(fault, response)) return;
    if (passable && pass(request, response)) return;
    const answer = spoil(fault, await service(asked), clock());
    if (fault?.kind === 'mute') return;
    if (fault?.kind === 'cut-off') tearOff(answer, response);
    else send(answer, response);
  };
  return (request, response) => {
    exchange(request, response).catch((error: unknown) => {
      // A client that went away in the middle is what some tests are about.
      if (request.destroyed && !request.complete) return;
      console.error('sandbox:', error);
      if (!response.headersSent) send(json(500, { error: String(error) }), response);
    });
  };
}
