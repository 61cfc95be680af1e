import type { Context } from '../../context.ts';
import type { Probe } from './iam-probe.ts';
import type { Look } from './look.ts';
import type { Machine } from './machine.ts';

/** `warn` works today; `fail` is what the exit status tells; `skip` was not tried. */
export type State = 'ok' | 'warn' | 'fail' | 'skip';

export interface Finding {
  readonly state: State;
  /** One line: what is wrong, with which file or host. */
  readonly message: string;
  /** The command that mends it, as it is typed in a shell. */
  readonly fix?: string;
}

/** What every check looks at. None of it is changed by looking. */
export interface Examined {
  readonly context: Context;
  readonly machine: Machine;
  readonly look: Look;
  /** Asks IAM for the time, once for all checks. */
  readonly iam: () => Promise<Probe>;
}

/** One check, or one family of them; each finding is a line. */
export interface Check {
  readonly name: string;
  /** Milliseconds; `localLimit` by default. */
  readonly limit?: number;
  readonly run: (
    examined: Examined,
    signal: AbortSignal,
  ) => Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>;
}

/** Milliseconds for a check that asks only this machine. */
export const localLimit = 5000;
/** Milliseconds for a check that asks IBM Cloud. */
export const networkLimit = 10_000;

export const ok = (message: string): Finding => ({ state: 'ok', message });
export const skip = (message: string): Finding => ({ state: 'skip', message });
export const warn = (message: string, fix?: string): Finding => finding('warn', message, fix);
export const fail = (message: string, fix?: string): Finding => finding('fail', message, fix);

function finding(state: State, message: string, fix: string | undefined): Finding {
  return fix === undefined ? { state, message } : { state, message, fix };
}
