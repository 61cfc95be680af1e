import { type Context, debug } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import type { Machine } from './machine.ts';
import type { Snapshot } from './snapshot.ts';

/** `warning`: works now, but not permanently or not everywhere. `skipped`: not checked. Only `error` fails the command. */
export type State = 'ok' | 'warning' | 'error' | 'skipped';

export interface Finding {
  readonly state: State;
  readonly message: string;
  /** The next step, like the hint of a `HelperError`. */
  readonly hint?: string;
  /** When the credential expires or expired (ISO 8601), if the finding is about that. */
  readonly expiresAt?: string;
}

/** A finding with the name of its check: one line of the output. */
export interface Result extends Finding {
  readonly name: string;
}

/** The result of a request to IAM that needs no secret. Times are in milliseconds since 1970. */
export type IamProbe =
  | { readonly address: string; readonly iamTime: number; readonly localTime: number }
  | HelperError;

/** The input of every check. */
export interface CheckInput {
  /** With this context, lookups change no file and print no warning. */
  readonly context: Context;
  readonly machine: Machine;
  readonly snapshot: Snapshot;
  /** Sends the request at the first call only. */
  readonly iam: () => Promise<IamProbe>;
}

/** Any number of findings; an error is one as well. */
export type Findings = Finding | HelperError | undefined | readonly Findings[];

/** A check changes no file, mode or token, and prints no secret. */
export interface Check {
  readonly name: string;
  /** Timeout; the default is 5,000. */
  readonly limitMs?: number;
  readonly run: (input: CheckInput) => Findings | Promise<Findings>;
}

export const networkLimitMs = 10_000;
/** Less than the timeout of the check, so that the error of the request is reported. */
export const requestLimitMs = 9000;

export const ok = (message: string): Finding => ({ state: 'ok', message });
export const skipped = (message: string): Finding => ({ state: 'skipped', message });
export const warning = (message: string, hint?: string): Finding =>
  finding('warning', message, hint);
export const problem = (message: string, hint?: string): Finding => finding('error', message, hint);

/** Converts an error to a finding. */
export function failure({ code, message, hint }: HelperError, otherHint?: string): Finding {
  const checkPath = 'check its type, owner and mode, and those of the directories above it';
  return problem(message, otherHint ?? hint ?? (code === 'storage' ? checkPath : undefined));
}

function finding(state: State, message: string, hint: string | undefined): Finding {
  return hint === undefined ? { state, message } : { state, message, hint };
}

/** Returns the findings as a list. */
export function listed(findings: Findings): Finding[] {
  if (findings === undefined) return [];
  if (findings instanceof HelperError) {
    // The check `home` reports a missing home directory.
    return [findings.reason === 'no-home' ? skipped('no home directory') : failure(findings)];
  }
  return 'state' in findings ? [findings] : findings.flatMap(listed);
}

/** Returns the findings, or `other` instead of an empty list. */
export function orElse(findings: Findings, other: Finding): Findings {
  return listed(findings).length === 0 ? other : findings;
}

/** Runs a check with its timeout. An error or a timeout of the check is a finding as well. */
export async function runCheck(check: Check, input: CheckInput): Promise<Result[]> {
  const limitMs = check.limitMs ?? 5000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => resolve(tooLate(limitMs)), limitMs);
  });
  try {
    const findings = await Promise.race([findingsOf(check, input), late]);
    return listed(findings).map((each) => ({ name: check.name, ...each }));
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(limitMs: number): Finding {
  const hint = 'check the network and the credential store, then run docker-credential-icr doctor';
  return problem(`no result within ${limitMs / 1000} s`, hint);
}

async function findingsOf(check: Check, input: CheckInput): Promise<Findings> {
  try {
    return await attempt(() => check.run(input));
  } catch (error) {
    // A bug in one check must not hide the findings of the others.
    debug(input.context, error instanceof Error ? String(error.stack) : String(error));
    const type = error instanceof Error ? error.name : typeof error;
    const rerun = 'run DOCKER_CREDENTIAL_ICR_DEBUG=1 docker-credential-icr doctor';
    return problem(`internal error of this check (${type})`, rerun);
  }
}
