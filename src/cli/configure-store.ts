import type { EditPlan } from '../clients/client.ts';
import { planGiveBack, planTakeOver } from '../clients/creds-store.ts';
import { unifiedDiff } from '../clients/diff.ts';
import { planAndApply } from '../clients/edit-file.ts';
import { shown } from '../clients/notes.ts';
import { readSettings } from '../config/read-settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { hostKey } from '../registry/match.ts';
import { parseServerURL } from '../registry/parse.ts';
import { refuseRing } from '../secrets/choose.ts';
import { findHelper } from '../secrets/helper-program.ts';
import { replaceSecret } from '../secrets/replace-secret.ts';
import type { Credential } from '../secrets/store-types.ts';
import { visible } from '../visible.ts';

/**
 * Makes this helper Docker's `credsStore`. Who stood there is written down first, or what Docker had in plain
 * text kept, so that no registry is lost. Throws `misconfigured` where that one asks this helper in the end.
 */
export async function takeOverStore(context: Context, dryRun: boolean): Promise<void> {
  const { others, logins, ...plan } = planTakeOver(context);
  if (dryRun) return show(context, plan);
  const isOurs = plan.after === plan.before;
  if (others !== undefined) tryOther(context, others, plan.file);
  if (!isOurs) await setOthers(context, others);
  for (const login of logins) await keep(context, login);
  const { changed, backup } = planAndApply(context, () => planTakeOver(context));
  if (!changed) context.stdout(`nothing to change in ${plan.file}\n`);
  if (changed) {
    const rest = others === undefined ? '' : `; ${visible(others)} is used for other registries`;
    context.stdout(`Docker now uses this helper for every registry${rest}\n`);
  }
  if (backup !== undefined) context.stdout(`backup of the previous file: ${backup}\n`);
}

/** A helper that fails now is not an error: Docker could not use it either, and it may work again later. */
function tryOther(context: Context, name: string, file: string): void {
  try {
    refuseRing(context, name);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    if (error.code === 'misconfigured' && findHelper(context, name) !== undefined) throw error;
    const again = `remove credsStore from ${file} and run docker-credential-icr configure --creds-store again`;
    context.warn(inOneLine(error), `if ${name} is no longer used, ${again}`);
  }
}

/** Another `credsStore` than the last one, or none: what that had is not asked for any more. */
async function setOthers(context: Context, others: string | undefined): Promise<void> {
  if (readSettings(context).fallbackHelper === others) return;
  const named = others === undefined ? {} : { fallbackHelper: others };
  await updateSettings(context, ({ fallbackHelper: _, ...rest }) => ({ ...rest, ...named }));
}

/** Unless there is one already: then it is the plain one that nobody has used for long. */
async function keep(context: Context, credential: Credential): Promise<void> {
  const host = parseServerURL(credential.ServerURL);
  if ('problem' in host) return;
  const key = { of: 'host', name: hostKey(host) } as const;
  if (!(await replaceSecret(context, key, undefined, credential))) return;
  const name = shown(credential.ServerURL);
  context.stdout(`stored the credential that Docker's file has for ${name} in plain text\n`);
  context.warn(
    `Docker's file still has the credential for ${name}`,
    `run docker login ${name} to remove it from the file`,
  );
}

/** Puts back the store that stood there before. */
export async function giveBackStore(context: Context, dryRun: boolean): Promise<void> {
  const { fallbackHelper: others } = readSettings(context);
  if (dryRun) return show(context, planGiveBack(context, others));
  const { changed } = planAndApply(context, () => planGiveBack(context, others));
  await setOthers(context, undefined);
  const now = others === undefined ? 'removed' : `${visible(others)} again`;
  if (changed) context.stdout(`Docker's credsStore is ${now}\n`);
}

function show({ stdout }: Context, plan: EditPlan): void {
  stdout(unifiedDiff(plan));
}
