import { HelperError, systemCode } from '../errors.ts';
import { ConnectionError } from '../http/connection-error.ts';
import { type HttpRequest, openStream } from '../http/send.ts';
import { isObject, type JsonObject, parseObject } from '../json-object.ts';

/** An event of a watch: `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`, or `ERROR` with a Status. */
export interface WatchEvent {
  readonly type: string;
  readonly object: JsonObject;
  /** The `Retry-After` of a response that is not a stream. */
  readonly retryAfterMs?: number;
}

/** The API server ends a watch after this time. */
export const watchSeconds = 240;
/** A connection without an end of the stream is dead. */
const graceMs = 20_000;
const openingMs = 20_000;
/** Larger than an object can be: etcd stores 1.5 MiB by default. */
const maxLine = 16 * 1024 * 1024;
const maxStatus = 64 * 1024;

/**
 * Returns the events of a watch until it ends, is cut off, or `stop` is aborted, also before the watch. A response with another status is an `ERROR`
 * event with its Status. Throws `unreachable` if there is no response, or a line is not an event.
 */
export async function* watchEvents(
  request: HttpRequest,
  stop: AbortSignal,
): AsyncGenerator<WatchEvent, void> {
  // A signal that was aborted before does not call its listeners.
  if (stop.aborted) return;
  const controller = new AbortController();
  const abort = () => controller.abort();
  stop.addEventListener('abort', abort);
  let timer = setTimeout(abort, openingMs);
  try {
    const { status, header, chunks } = await openStream(request, controller.signal);
    clearTimeout(timer);
    timer = setTimeout(abort, watchSeconds * 1000 + graceMs);
    if (status !== 200) {
      yield refused(status, await textOf(chunks), header('retry-after'));
      return;
    }
    for await (const line of linesOf(chunks)) yield eventIn(line);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    const problem = controller.signal.aborted ? 'it did not answer in time' : error.message;
    throw new HelperError('unreachable', `cannot watch the Kubernetes API: ${problem}`);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', abort);
    abort();
  }
}

/** Returns complete lines. A line that was cut off is dropped: the next watch begins before it. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of untilCut(chunks)) {
    // Only new text is searched: a long line has many chunks.
    const [end = '', ...lines] = decoder.decode(chunk, { stream: true }).split('\n');
    rest += end;
    for (const line of lines) {
      if (rest.trim() !== '') yield rest;
      rest = line;
    }
    if (rest.length > maxLine) throw invalidEvent();
  }
}

/** A lost connection is the end of the stream. */
async function* untilCut(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* chunks;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}

function eventIn(line: string): WatchEvent {
  const { type, object } = parseObject(line) ?? {};
  if (typeof type !== 'string' || !isObject(object)) throw invalidEvent();
  return { type, object };
}

/** Returns the first part of a short text. */
async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of untilCut(chunks)) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > maxStatus) break;
  }
  return text;
}

function refused(status: number, text: string, retryAfter: string | undefined): WatchEvent {
  const object = { ...parseObject(text), code: status };
  const seconds = Number(retryAfter ?? Number.NaN);
  return { type: 'ERROR', object, ...(seconds >= 0 && { retryAfterMs: seconds * 1000 }) };
}

function invalidEvent(): HelperError {
  return new HelperError('unreachable', 'the Kubernetes API sent an invalid event of a watch');
}
