import type { EditPlan } from '../clients/client.ts';
import { planGiveBack, planTakeOver } from '../clients/creds-store.ts';
import { unifiedDiff } from '../clients/diff.ts';
import { planAndApply } from '../clients/edit-file.ts';
import { readSettings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';

/** Makes this helper Docker's `credsStore`. Who stood there is written down first, so that no registry is lost. */
export async function takeOverStore(context: Context, dryRun: boolean): Promise<void> {
  const { others, ...plan } = planTakeOver(context);
  if (dryRun) return show(context, plan);
  if (others !== undefined) await updateSettings(context, (all) => ({ ...all, others }));
  const { changed, backup } = planAndApply(context, () => planTakeOver(context));
  if (changed) {
    const rest = others === undefined ? '' : `; ${others} goes on for other registries`;
    context.stdout(`docker asks this helper for every registry${rest}\n`);
  }
  if (backup !== undefined) context.stdout(`what was there before is in ${backup}\n`);
  for (const note of plan.notes) context.warn(note);
}

/** Puts back the store that stood there before. */
export async function giveBackStore(context: Context, dryRun: boolean): Promise<void> {
  const { others } = readSettings(context);
  if (dryRun) return show(context, planGiveBack(context, others));
  const { changed } = planAndApply(context, () => planGiveBack(context, others));
  if (!changed) return;
  await updateSettings(context, ({ others: _, ...rest }) => rest);
  context.stdout(`docker's credsStore is ${others ?? 'gone'} again\n`);
}

function show({ stdout }: Context, plan: EditPlan): void {
  stdout(unifiedDiff(plan));
}
