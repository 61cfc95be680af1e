import { type Context, debug } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { attempt } from './attempt.ts';
import type { Look } from './look.ts';
import type { Machine } from './machine.ts';

/** `warning` works today; only `error` makes the exit status 1; `skipped` was not checked. */
export type State = 'ok' | 'warning' | 'error' | 'skipped';

export interface Finding {
  readonly state: State;
  readonly message: string;
  /** The next step, as in `HelperError`. */
  readonly hint?: string;
}

/** A finding with the name of its check: a line of the report. */
export interface Result extends Finding {
  readonly name: string;
}

/** The input of every check. No check changes anything. */
/** IAM's description of itself, or why it cannot be read. Times in milliseconds since 1970. */
export type Probe =
  | { readonly address: string; readonly theirs: number; readonly ours: number }
  | HelperError;

export interface Examined {
  /** Read-only, without warnings. */
  readonly context: Context;
  readonly machine: Machine;
  readonly look: Look;
  /** Asks IAM for the time, once for all checks. */
  readonly iam: () => Promise<Probe>;
}

type Findings = Finding | readonly Finding[];

export interface Check {
  readonly name: string;
  /** 5,000 by default. */
  readonly limitMs?: number;
  readonly run: (examined: Examined) => Findings | Promise<Findings>;
}

export const networkLimitMs = 10_000;

export const ok = (message: string): Finding => ({ state: 'ok', message });
export const skipped = (message: string): Finding => ({ state: 'skipped', message });
export const warning = (message: string, hint?: string): Finding =>
  finding('warning', message, hint);
export const problem = (message: string, hint?: string): Finding => finding('error', message, hint);

/** The finding for an error of the helper. */
export function failure({ code, message, hint }: HelperError, otherHint?: string): Finding {
  const checkPath = 'check its type, owner and mode, and those of the directories above it';
  return problem(message, otherHint ?? hint ?? (code === 'storage' ? checkPath : undefined));
}

function finding(state: State, message: string, hint: string | undefined): Finding {
  return hint === undefined ? { state, message } : { state, message, hint };
}

/** Runs one check within its time limit. A failure of the check is a finding as well. */
export async function runCheck(check: Check, examined: Examined): Promise<Result[]> {
  const limitMs = check.limitMs ?? 5000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => resolve(problem(`no result within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    const findings = await Promise.race([findingsOf(check, examined), late]);
    return [findings].flat().map((each) => ({ name: check.name, ...each }));
  } finally {
    clearTimeout(timer);
  }
}

async function findingsOf(check: Check, examined: Examined): Promise<Findings> {
  try {
    const found = await attempt(() => check.run(examined));
    if (!(found instanceof HelperError)) return found;
    // `home` reports it.
    return found.reason === 'no-home' ? skipped('there is no home directory') : failure(found);
  } catch (error) {
    // A bug in one check must not hide the findings of the others.
    debug(examined.context, error instanceof Error ? String(error.stack) : String(error));
    const type = error instanceof Error ? error.name : typeof error;
    const rerun = 'run DOCKER_CREDENTIAL_ICR_DEBUG=1 docker-credential-icr doctor';
    return problem(`the check itself failed (${type})`, rerun);
  }
}
