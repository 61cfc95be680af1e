import { type Context, debug } from '../context.ts';
import { remainingMs } from '../deadline.ts';
import { HelperError, protocolErrors } from '../errors.ts';
import { isObject } from '../json-object.ts';
import { masked } from '../mask.ts';
import { environmentFor, requireHelper } from './helper-program.ts';
import { unlockHint } from './unlock-hint.ts';

/** What another credential helper answered. */
export interface HelperAnswer {
  /** Whether it exited with 0. */
  readonly ok: boolean;
  /** Its standard output, spaces around it dropped; for an error, never the secret. */
  readonly text: string;
}

/**
 * The input of `list`, which helpers do not look at, but for this one: a wrapper may have taken the mark of a ring out
 * of the environment.
 */
export const listInput = 'https://docker-credential-icr/list\n';

/** Milliseconds, or what the command has left: a keychain that asks for a password on a screen would wait for ever. */
export const longestWait = 5000;
const largestAnswer = 8 * 1024 * 1024;

/**
 * Calls `docker-credential-NAME VERB`. Throws `misconfigured` where there is none, or where it is
 * this program in the end; `storage` where it does not answer in time.
 */
export function callHelper(
  context: Context,
  name: string,
  verb: 'get' | 'store' | 'erase' | 'list',
  input: string,
): HelperAnswer {
  const program = requireHelper(context, name);
  const limit = Math.ceil(remainingMs(context, longestWait));
  if (limit <= 0) throw new SilentHelperError(name, 'was not asked: no time was left');
  const { status, output, errors, failure } = context.runSync(program, [verb], {
    input,
    env: environmentFor(context, name),
    limit,
    largest: largestAnswer,
  });
  const secrets = [...secretsIn(input), ...secretsIn(output)];
  for (const line of linesOf(masked(errors.slice(0, longestRead), secrets))) {
    const told = `docker-credential-${name}: ${line}`;
    // Beside an answer it is nothing to worry about, and testcontainers-java would take it for a part of that.
    if (status === 0 && failure === undefined) debug(context, told);
    else context.warn(told);
  }
  if (failure === 'timeout') {
    throw new SilentHelperError(name, `did not answer within ${Math.round(limit / 100) / 10} s`);
  }
  if (failure !== undefined) {
    throw new HelperError('storage', `docker-credential-${name} cannot be run (${failure})`);
  }
  const text = output.trim();
  return status === 0 ? { ok: true, text } : { ok: false, text: reasonIn(text, secrets) };
}

/** It was killed when its time was up: to ask it again would take as long. */
export class SilentHelperError extends HelperError {
  constructor(name: string, problem: string) {
    super('storage', `docker-credential-${name} ${problem}`, { hint: unlockHint(name) });
  }
}

/** What a helper gives as its reason, fit for an error of ours. */
export function oneLine(text: string): string {
  const line = text.replace(/\p{C}+/gu, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line || 'it gave no reason';
}

/** Lines of standard error that people are shown: one that crashes fills screens. */
const mostLines = 5;

function linesOf(text: string): string[] {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/\p{C}+/gu, ' ').trim())
    .filter((line) => line !== '');
  const left = lines.length - mostLines;
  return left > 0 ? [...lines.slice(0, mostLines), `and ${left} lines more`] : lines;
}

/** Characters that are looked at of what a helper says: one that crashes may say a lot. */
const longestRead = 64 * 1024;

/** Some helpers repeat in an error what they were given, or what they found. */
function reasonIn(text: string, secrets: readonly string[]): string {
  // A word of the sentence may be a part of the secret, and masked the sentence means nothing.
  if (text.includes(protocolErrors.notFound)) return protocolErrors.notFound;
  return masked(text.slice(0, longestRead), secrets);
}

/** The secrets in text that may not be JSON as a whole; a secret may be a credential with a secret of its own. */
function secretsIn(text: string): string[] {
  return [...text.matchAll(/"Secret"\s*:\s*"((?:[^"\\]|\\.)*)/gi)].flatMap(([, quoted = '']) => {
    const secret = unquoted(quoted);
    return [secret, ...secretsIn(secret)];
  });
}

function unquoted(text: string): string {
  try {
    const value: unknown = JSON.parse(`"${text}"`);
    return String(value);
  } catch {
    return text;
  }
}

/** What docker-credential-pass says of a place that a `store` which failed has left empty. */
const emptyPlace = 'no usernames for ';

/**
 * Whether `get` answered that there is none: in the sentence that docker-py looks for inside the text,
 * or with an empty credential, as docker-credential-pass 0.6 does.
 */
export function isNotFound({ ok, text }: HelperAnswer): boolean {
  if (ok) return isEmptyCredential(text);
  return text.includes(protocolErrors.notFound) || text.startsWith(emptyPlace);
}

function isEmptyCredential(text: string): boolean {
  if (text === protocolErrors.notFound) return true;
  try {
    const { Username, Secret } = JSON.parse(text);
    return Username === '' && Secret === '';
  } catch {
    return false;
  }
}

/** Erases. Some helpers fail for what they do not have: that is what was wanted. */
export function eraseWith(context: Context, name: string, input: string): HelperAnswer {
  const answer = callHelper(context, name, 'erase', input);
  const isGone = !answer.ok && isNotFound(callHelper(context, name, 'get', input));
  return isGone ? { ok: true, text: '' } : answer;
}

/** What a helper lists: user names by ServerURL. Throws `storage` for what is no list. */
export function parseList(name: string, text: string): Record<string, string> {
  // Some helpers print null, or nothing, where they keep nothing.
  const list = text === '' || text === 'null' ? {} : parseObject(name, text);
  const texts = Object.entries(list).filter((entry): entry is [string, string] => {
    return typeof entry[1] === 'string';
  });
  return Object.fromEntries(texts);
}

/** Throws `storage`; the parser's own message would quote what may be a secret. */
export function parseObject(name: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // It is no JSON.
  }
  throw new HelperError(
    'storage',
    `docker-credential-${name} answered something that is no answer`,
  );
}
