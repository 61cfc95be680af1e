import type { Context } from '../../context.ts';
import { invalidInput } from '../../errors.ts';
import type { Command } from '../command.ts';
import { mappingKey, requireIbmHost } from '../host-arguments.ts';
import { buildx } from './buildx-check.ts';
import { type Check, type CheckInput, runCheck } from './check.ts';
import { dockerFile, podmanFiles, registriesConf } from './client-checks.ts';
import { desktop } from './desktop-check.ts';
import { environmentChecks } from './environment-checks.ts';
import { fileCheck } from './file-checks.ts';
import { identityChecks } from './identity-checks.ts';
import { type Machine, thisMachine } from './machine.ts';
import { iamProbe, networkChecks } from './network-checks.ts';
import { namedHelpersCheck, programCheck } from './program-checks.ts';
import { hostChecks, imageChecks, registryChecks } from './registry-checks.ts';
import { showChecks, showFirst } from './report.ts';
import { hostsCheck, settingsCheck } from './settings-checks.ts';
import { readOnlyContext, takeSnapshot } from './snapshot.ts';
import { sourceChecks } from './source-checks.ts';
import { storeChecks } from './store-checks.ts';

interface DoctorArgs {
  readonly hosts?: readonly string[];
  readonly json?: boolean;
  readonly registry?: boolean;
  readonly quiet?: boolean;
}

export const doctor: Command<DoctorArgs> = {
  options: {
    registry: { type: 'boolean', describe: 'also log in to the registries, as Docker does' },
    json: { type: 'boolean', describe: 'print JSON' },
    quiet: {
      type: 'boolean',
      describe: 'for a timer: print one line if something fails or expires soon, otherwise nothing',
    },
  },
  examples: [
    ['doctor', 'print one line for each check; changes nothing'],
    ['doctor --registry us.icr.io', 'also request a token from us.icr.io'],
    ['doctor us.icr.io/team/app', 'also check the host; explain checks access to the image'],
  ],
  run: async (context, args) => {
    if (args.json && args.quiet) {
      throw invalidInput('--json and --quiet cannot be used together', 'use one of them');
    }
    const input = await prepareInput(context);
    const checks = checksFor(input, args);
    const results =
      args.json || args.quiet
        ? (await Promise.all(checks.map((check) => runCheck(check, input)))).flat()
        : await showChecks(context, checks, input);
    if (args.quiet) return showFirst(context, results);
    const ok = results.every(({ state }) => state !== 'error');
    if (args.json) context.stdout(`${JSON.stringify({ ok, checks: results }, null, 2)}\n`);
    return ok ? 0 : 1;
  },
};

export async function prepareInput(
  rawContext: Context,
  machine: Machine = thisMachine(rawContext),
): Promise<CheckInput> {
  const context = readOnlyContext(rawContext);
  const snapshot = await takeSnapshot(context);
  return { context, machine, snapshot, iam: iamProbe(context, snapshot) };
}

/** Returns the checks in the order of the output: first those of this machine, then those that use the network. */
export function checksFor(input: CheckInput, { hosts: named = [], registry }: DoctorArgs): Check[] {
  const names = named.map((host) => mappingKey(requireIbmHost(host)));
  return [
    programCheck,
    ...environmentChecks,
    desktop,
    dockerFile,
    ...storeChecks,
    podmanFiles,
    registriesConf,
    namedHelpersCheck,
    buildx,
    settingsCheck,
    fileCheck,
    hostsCheck,
    ...networkChecks,
    ...identityChecks(input),
    ...sourceChecks(input),
    ...(registry ? registryChecks(input, names) : hostChecks(names)),
    ...imageChecks(named),
  ];
}
