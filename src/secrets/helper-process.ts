import { type Context, debug, remainingMs } from '../context.ts';
import { HelperError, protocolErrors } from '../errors.ts';
import { type JsonObject, own, parseObject } from '../json-object.ts';
import { masked } from '../mask.ts';
import { environmentFor, requireHelper } from './helper-program.ts';

/** Commands for a terminal, also without a desktop; by the name of the credential helper. */
const commands: Readonly<Record<string, string>> = {
  secretservice:
    'read -rs P && printf %s "$P" | gnome-keyring-daemon --replace --unlock --components=secrets',
  // Decrypts something, so that the agent asks for the passphrase; an empty store has nothing that `pass` could decrypt.
  pass: 'export GPG_TTY=$(tty) && echo | gpg -er "$(head -n1 ~/.password-store/.gpg-id)" | gpg -d',
  osxkeychain: 'security unlock-keychain',
};

/** Returns undefined if no command is known. */
export function unlockCommand(name: string): string | undefined {
  return own(commands, name);
}

/** The hint of an error of that keychain, which may be locked. */
export function unlockHint(name: string): string {
  const command = unlockCommand(name);
  const how = command === undefined ? '' : ` with ${command}`;
  return `unlock it if it is locked${how}, and try again`;
}

/** The result of a call of another credential helper. */
export interface HelperAnswer {
  /** True if the exit status was 0. */
  readonly ok: boolean;
  /** Standard output without surrounding white space; secrets are masked if the call failed. */
  readonly text: string;
}

/**
 * The input of `list`. Other helpers ignore it; this program detects a credential helper loop by it, even if a wrapper
 * removes the variable that marks a call.
 */
export const listInput = 'https://docker-credential-icr/list\n';

/** The longest time for one call: a keychain that shows a password prompt may wait forever. */
export const callTimeoutMs = 5000;
const maxOutputBytes = 8 * 1024 * 1024;

/**
 * Calls `docker-credential-NAME VERB`. Throws `misconfigured` if the program is not found or is part of a credential
 * helper loop, `storage` if it cannot be run or does not respond in time.
 */
export function callHelper(
  context: Context,
  name: string,
  verb: 'get' | 'store' | 'erase' | 'list',
  input: string,
): HelperAnswer {
  const program = requireHelper(context, name);
  const timeoutMs = Math.ceil(remainingMs(context, callTimeoutMs));
  if (timeoutMs <= 0) throw new HelperTimeoutError(name, 'was not called: no time left');
  const { status, output, errors, failure } = context.runSync(program, [verb], {
    input,
    env: environmentFor(context, name),
    timeoutMs,
    maxBytes: maxOutputBytes,
  });
  const secrets = [...secretsIn(input), ...secretsIn(output)];
  for (const line of linesOf(masked(errors.slice(0, maxErrorLength), secrets))) {
    const message = `docker-credential-${name}: ${line}`;
    // testcontainers-java mixes standard error into the answer, so a successful call prints nothing there.
    if (status === 0 && failure === undefined) debug(context, message);
    else context.warn(message);
  }
  if (failure === 'timeout') {
    throw new HelperTimeoutError(
      name,
      `did not answer within ${Math.round(timeoutMs / 100) / 10} s`,
    );
  }
  if (failure !== undefined) {
    const problem =
      failure === 'ENOBUFS' ? 'wrote more than 8 MiB of output' : `cannot be run (${failure})`;
    throw new HelperError('storage', `docker-credential-${name} ${problem}`);
  }
  const text = output.trim();
  return status === 0 ? { ok: true, text } : { ok: false, text: maskedReason(text, secrets) };
}

/** The helper was killed after the timeout; a second call would probably take as long. */
export class HelperTimeoutError extends HelperError {
  constructor(name: string, problem: string) {
    super('storage', `docker-credential-${name} ${problem}`, { hint: unlockHint(name) });
  }
}

/** The helper's error text for a message: one line of at most 200 characters without control characters. */
export function oneLine(text: string): string {
  const line = text.replace(/\p{C}+/gu, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line || 'no reason given';
}

// A helper that crashes may print a long stack trace.
const maxErrorLines = 5;
const maxErrorLength = 16 * 1024;

function linesOf(text: string): string[] {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/\p{C}+/gu, ' ').trim())
    .filter((line) => line !== '');
  const omitted = lines.length - maxErrorLines;
  return omitted > 0 ? [...lines.slice(0, maxErrorLines), `(${omitted} more lines)`] : lines;
}

/** Masks the secrets that some helpers repeat in an error. */
function maskedReason(text: string, secrets: readonly string[]): string {
  // Returned unmasked: a secret may contain a word of this fixed text, which callers compare.
  if (text.includes(protocolErrors.notFound)) return protocolErrors.notFound;
  return masked(text.slice(0, maxErrorLength), secrets);
}

/** Finds secrets in text that may be invalid JSON. A secret may itself be a credential in JSON that contains a secret. */
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

/** The error of docker-credential-pass for an empty directory, which a failed `store` leaves. */
const passEmptyEntry = 'no usernames for ';

/**
 * Returns true if `get` reported "not found": with Docker's fixed text, anywhere in the output as docker-py
 * accepts it, or with an empty credential, as docker-credential-pass 0.6 does.
 */
export function isNotFound({ ok, text }: HelperAnswer): boolean {
  if (ok) return isEmptyCredential(text);
  return text.includes(protocolErrors.notFound) || text.startsWith(passEmptyEntry);
}

function isEmptyCredential(text: string): boolean {
  if (text === protocolErrors.notFound) return true;
  const { Username, Secret } = parseObject(text) ?? {};
  return Username === '' && Secret === '';
}

/** Calls `erase`; also succeeds if it fails because the entry does not exist. */
export function callErase(context: Context, name: string, input: string): HelperAnswer {
  const answer = callHelper(context, name, 'erase', input);
  const isAbsent = !answer.ok && isNotFound(callHelper(context, name, 'get', input));
  return isAbsent ? { ok: true, text: '' } : answer;
}

/** Parses the output of `list`: user names by ServerURL. Throws `storage` if it is not a JSON object. */
export function parseList(name: string, text: string): Record<string, string> {
  // Some helpers print null or nothing instead of an empty list.
  const list = text === '' || text === 'null' ? {} : parseOutput(name, text);
  const texts = Object.entries(list).filter((entry): entry is [string, string] => {
    return typeof entry[1] === 'string';
  });
  return Object.fromEntries(texts);
}

/** Throws `storage` if the output is not a JSON object; never quotes it, because it may contain a secret. */
export function parseOutput(name: string, text: string): JsonObject {
  const object = parseObject(text);
  if (object === undefined) throw invalidOutput(name, 'invalid output');
  return object;
}

export function invalidOutput(name: string, what: string): HelperError {
  return new HelperError('storage', `docker-credential-${name} returned ${what}`, {
    hint: 'update it, or use another credential helper',
  });
}
