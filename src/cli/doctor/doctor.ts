import type { Context } from '../../context.ts';
import type { Command } from '../command.ts';
import { mappingKey, requireIbmHost } from '../host-arguments.ts';
import { type Check, type Examined, runCheck } from './check.ts';
import { dockerFile, podmanFiles } from './client-checks.ts';
import { fileCheck } from './file-checks.ts';
import { identityChecks } from './identity-checks.ts';
import { lookAt, readOnlyContext } from './look.ts';
import { type Machine, thisMachine } from './machine.ts';
import { iamProbe, networkChecks } from './network-checks.ts';
import { programCheck } from './program-check.ts';
import { registriesConf } from './registries-conf-check.ts';
import { hostChecks, registryChecks } from './registry-checks.ts';
import { showChecks } from './report.ts';
import { hostsCheck, settingsCheck } from './settings-checks.ts';
import { sourceChecks } from './source-checks.ts';
import { storeChecks } from './store-checks.ts';
import { surroundings } from './surroundings.ts';

interface DoctorArgs {
  readonly hosts?: readonly string[];
  readonly json?: boolean;
  readonly registry?: boolean;
}

export const doctor: Command<DoctorArgs> = {
  options: {
    registry: { type: 'boolean', describe: 'also sign in to the registries, as Docker does' },
    json: { type: 'boolean', describe: 'as JSON' },
  },
  examples: [
    ['doctor', 'one line for each check; nothing is changed'],
    ['doctor --registry us.icr.io', 'also requests a token from us.icr.io'],
  ],
  run: async (context, args) => {
    const examined = await examine(context);
    const checks = checksFor(examined, args);
    const results = args.json
      ? (await Promise.all(checks.map((check) => runCheck(check, examined)))).flat()
      : await showChecks(context, checks, examined);
    const ok = results.every(({ state }) => state !== 'error');
    if (args.json) context.stdout(`${JSON.stringify({ ok, checks: results }, null, 2)}\n`);
    return ok ? 0 : 1;
  },
};

export async function examine(
  given: Context,
  machine: Machine = thisMachine(given),
): Promise<Examined> {
  const context = readOnlyContext(given);
  const look = await lookAt(context);
  return { context, machine, look, iam: iamProbe(context, look) };
}

/** In the order of their lines: first the checks of this machine, then those that need the network. */
export function checksFor(
  examined: Examined,
  { hosts: named = [], registry }: DoctorArgs,
): Check[] {
  const names = named.map((host) => mappingKey(requireIbmHost(host)));
  return [
    programCheck,
    ...surroundings,
    dockerFile,
    ...storeChecks,
    podmanFiles,
    registriesConf,
    settingsCheck,
    fileCheck,
    hostsCheck,
    ...networkChecks,
    ...identityChecks(examined),
    ...sourceChecks(examined),
    ...(registry ? registryChecks(examined, names) : hostChecks(names)),
  ];
}
