import type { Context } from '../../context.ts';
import type { Command } from '../command.ts';
import { mappingKey, requireIbmHost } from '../hosts.ts';
import type { Check, Examined } from './check.ts';
import { dockerFile } from './docker.ts';
import { files } from './files.ts';
import { helper } from './helper.ts';
import { hosts } from './hosts.ts';
import { iamProbe } from './iam-probe.ts';
import { identityChecks } from './identities.ts';
import { lookAt } from './look.ts';
import { type Machine, thisMachine } from './machine.ts';
import { networkChecks } from './network.ts';
import { podmanFiles } from './podman.ts';
import { registriesConf } from './registries-conf.ts';
import { hostChecks, registryChecks } from './registry.ts';
import { runCheck } from './run-check.ts';
import { settingsCheck } from './settings.ts';
import { showChecks } from './show.ts';
import { sourceChecks } from './sources.ts';
import { stores } from './stores.ts';
import { surroundings } from './surroundings.ts';

interface DoctorArgs {
  readonly hosts?: readonly string[];
  readonly json?: boolean;
  readonly registry?: boolean;
}

export const doctor: Command<DoctorArgs> = {
  options: {
    registry: { type: 'boolean', describe: 'also sign in at the registries, as Docker does' },
    json: { type: 'boolean', describe: 'as JSON' },
  },
  examples: [
    ['doctor', 'a line a check; nothing is changed'],
    ['doctor --registry us.icr.io', 'also asks us.icr.io for a token'],
  ],
  run: async (context, args) => {
    const examined = await examine(context);
    const checks = checksFor(examined, args);
    const results = args.json
      ? (await Promise.all(checks.map((check) => runCheck(check, examined)))).flat()
      : await showChecks(context, checks, examined);
    const ok = results.every(({ state }) => state !== 'fail');
    if (args.json) context.stdout(`${JSON.stringify({ ok, checks: results }, null, 2)}\n`);
    return ok ? 0 : 1;
  },
};

export async function examine(
  context: Context,
  machine: Machine = thisMachine(context),
): Promise<Examined> {
  const look = await lookAt(context);
  return { context, machine, look, iam: iamProbe(context, look) };
}

/** In the order of their lines: what asks only this machine comes first. */
export function checksFor(
  examined: Examined,
  { hosts: named = [], registry }: DoctorArgs,
): Check[] {
  const names = named.map((host) => mappingKey(requireIbmHost(host)));
  return [
    helper,
    ...surroundings,
    dockerFile,
    ...stores,
    podmanFiles,
    registriesConf,
    settingsCheck,
    files,
    hosts,
    ...networkChecks,
    ...identityChecks(examined),
    ...sourceChecks(examined),
    ...(registry ? registryChecks(examined, names) : hostChecks(names)),
  ];
}
