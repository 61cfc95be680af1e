import type { EditPlan } from '../clients/client.ts';
import { planRestoreStore, planSetStore } from '../clients/creds-store.ts';
import { unifiedDiff } from '../clients/diff.ts';
import { planAndApply } from '../clients/edit-file.ts';
import { printable } from '../clients/notes.ts';
import { readSettings } from '../config/read-settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { hostKey } from '../registry/match.ts';
import { parseServerURL } from '../registry/parse.ts';
import { assertNoLoop } from '../secrets/choose.ts';
import { findHelper } from '../secrets/helper-program.ts';
import { replaceSecret } from '../secrets/replace-secret.ts';
import type { Credential } from '../secrets/store-types.ts';
import { shellQuoted, visible } from '../visible.ts';
import { printLine } from './output.ts';

/**
 * Makes this helper Docker's `credsStore`. Credentials of other registries stay available: the previous `credsStore`
 * becomes the fallback helper; without one, passwords in Docker's file are copied to this helper's store. Throws
 * `misconfigured` if the previous helper calls this one (a loop).
 */
export async function setCredsStore(context: Context, dryRun: boolean): Promise<void> {
  const { previousHelper: previous, logins, ...plan } = planSetStore(context);
  if (dryRun) return show(context, plan);
  const isSetAlready = plan.after === plan.before;
  if (previous !== undefined) checkFallback(context, previous, plan.file);
  if (!isSetAlready) await setFallback(context, previous);
  for (const login of logins) await copyLogin(context, login);
  const { changed, backup } = planAndApply(context, () => planSetStore(context));
  if (!changed) printLine(context, `nothing to change in ${visible(plan.file)}`);
  for (const { message, hint } of plan.notes) context.warn(message, hint);
  if (changed) {
    const rest =
      previous === undefined ? '' : `; ${visible(previous)} is used for other registries`;
    printLine(context, `Docker now uses this helper for every registry${rest}`);
  }
  if (backup !== undefined) printLine(context, `backup of the previous file: ${visible(backup)}`);
}

/** Only warns if the helper does not work: Docker could not use it before either, and it may work again later. */
function checkFallback(context: Context, name: string, file: string): void {
  try {
    assertNoLoop(context, name);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    if (error.code === 'misconfigured' && findHelper(context, name) !== undefined) throw error;
    const again = 'docker-credential-icr configure --creds-store';
    const hint = `if you do not use ${name}, remove credsStore from ${file} and run ${again} again`;
    context.warn(inOneLine(error), hint);
  }
}

async function setFallback(context: Context, fallbackHelper: string | undefined): Promise<void> {
  if (readSettings(context).fallbackHelper === fallbackHelper) return;
  const changed = fallbackHelper === undefined ? {} : { fallbackHelper };
  await updateSettings(context, ({ fallbackHelper: _, ...rest }) => ({ ...rest, ...changed }));
}

/** Copies a password from Docker's file to the store, unless the store has one: that one is newer. */
async function copyLogin(context: Context, credential: Credential): Promise<void> {
  const host = parseServerURL(credential.ServerURL);
  if ('problem' in host) return;
  const key = { of: 'host', name: hostKey(host) } as const;
  if (!(await replaceSecret(context, key, undefined, credential))) return;
  const name = printable(credential.ServerURL);
  printLine(context, `copied the credential for ${name} from Docker's file`);
  context.warn(
    `Docker's file still has the credential for ${name} in plain text`,
    `run docker login ${shellQuoted(name)} to remove it from the file`,
  );
}

/** Sets Docker's `credsStore` to the helper that was there before this one, or removes it. */
export async function resetCredsStore(context: Context, dryRun: boolean): Promise<void> {
  const { fallbackHelper: previous } = readSettings(context);
  if (dryRun) return show(context, planRestoreStore(context, previous));
  const { changed } = planAndApply(context, () => planRestoreStore(context, previous));
  await setFallback(context, undefined);
  const state = previous === undefined ? 'removed' : `${visible(previous)} again`;
  if (changed) printLine(context, `Docker's credsStore is ${state}`);
}

function show({ stdout }: Context, plan: EditPlan): void {
  stdout(unifiedDiff(plan));
}
