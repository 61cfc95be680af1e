import { type Context, debug } from '../../context.ts';
import { HelperError, inOneLine } from '../../errors.ts';
import { type Check, type Examined, type Finding, fail, localLimit, skip } from './check.ts';

/** A finding with the name of the check that made it: a line of the report. */
export interface Result extends Finding {
  readonly name: string;
}

/** Runs one check for no longer than its limit. Whatever goes wrong in it is a finding of its own. */
export async function runCheck(check: Check, examined: Examined): Promise<Result[]> {
  const limit = check.limit ?? localLimit;
  const stop = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => {
      stop.abort();
      resolve(fail(`gave no result within ${limit / 1000} s`));
    }, limit);
  });
  try {
    const findings = await Promise.race([attempt(check, examined, stop.signal), late]);
    return [findings].flat().map((finding) => ({ name: check.name, ...finding }));
  } finally {
    clearTimeout(timer);
  }
}

async function attempt(
  check: Check,
  examined: Examined,
  signal: AbortSignal,
): Promise<Finding | readonly Finding[]> {
  try {
    return await check.run(examined, signal);
  } catch (error) {
    if (!(error instanceof HelperError)) return bug(examined.context, error);
    // That there is none has a line of its own.
    const isHomeless = error.code === 'misconfigured' && /no home folder/.test(error.message);
    return isHomeless ? skip('there is no home folder to look in') : failure(error);
  }
}

/** A hint that is a command of ours is the fix; older messages end with it, after a semicolon. */
export function failure(error: HelperError, fix?: string): Finding {
  const line = inOneLine(error);
  const [, what = error.message, hint] =
    /^(.*); run (docker-credential-icr [^;]+)$/s.exec(line) ?? [];
  return fail(what, fix ?? hint);
}

/** A bug in a check must not keep the others from telling what they found. */
function bug(context: Context, error: unknown): Finding {
  debug(context, error instanceof Error ? String(error.stack) : String(error));
  const name = error instanceof Error ? error.name : typeof error;
  return fail(
    `the check itself failed (${name})`,
    'DOCKER_CREDENTIAL_ICR_DEBUG=1 docker-credential-icr doctor',
  );
}
