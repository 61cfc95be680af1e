import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, json, readHead, readWhole, type Service } from './exchange.ts';
import type { Fault, Faults } from './faults.ts';
import type { LoggedRequest, Requests, ServiceName } from './requests.ts';
import { corrupt } from './spoil.ts';

/** The state that all services share. */
interface SharedServices {
  readonly faults: Faults;
  readonly requests: Requests;
  readonly clock: () => number;
}

/** Forwards a request before its body is read. Returns false if the request is not to be forwarded. */
export type Forwarder = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Returns true if the fault has handled the request. */
async function applyFault(fault: Fault | undefined, response: ServerResponse): Promise<boolean> {
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

/** Sends half of the response with the length of the whole, and closes the connection. */
function sendHalf(answer: Answer, response: ServerResponse): void {
  const whole = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': whole.length });
  response.write(whole.subarray(0, whole.length / 2), () => response.socket?.destroy());
}

/** Returns a listener for one service, which applies faults and logs requests. */
export function answering(
  name: ServiceName,
  service: Service,
  { faults, requests, clock }: SharedServices,
  forward: Forwarder = () => false,
): RequestListener {
  const exchange = async (request: IncomingMessage, response: ServerResponse) => {
    const head = readHead(request);
    const isForwardable = head.path.startsWith('/v2/');
    const received = isForwardable ? head : await readWhole(request);
    const entry: LoggedRequest = requests.add(name, received);
    response.once('finish', () => {
      entry.status = response.statusCode;
    });
    const fault = faults.take(name, received.path);
    if (await applyFault(fault, response)) return;
    if (fault?.kind === 'unauthorized') delete request.headers.authorization;
    if (isForwardable && forward(request, response)) return;
    const answer = corrupt(fault, await service(received), clock());
    if (fault?.kind === 'mute') return;
    if (fault?.kind === 'cut-off') sendHalf(answer, response);
    else send(answer, response);
  };
  return (request, response) => {
    exchange(request, response).catch((error: unknown) => {
      // Some tests disconnect on purpose while a request is sent.
      if (request.destroyed && !request.complete) return;
      console.error('sandbox:', error);
      if (!response.headersSent) send(json(500, { error: String(error) }), response);
    });
  };
}
