import type { Context } from '../context.ts';
import { isOnPath } from '../files/executables.ts';
import { buildxClients } from './buildx.ts';
import type { Client } from './client.ts';
import { docker, nerdctl } from './docker.ts';
import { isListed } from './helper-lists.ts';
import { podmanClients } from './podman.ts';
import { type HelperSetting, type Reader, readers } from './readers.ts';
import { registriesConfClients } from './registries-conf.ts';

/** The values of `--client` and their clients. A client has one file. */
const clients = {
  docker: () => [docker],
  nerdctl: () => [nerdctl],
  podman: (context) => podmanClients(context),
  'registries.conf': (context) => registriesConfClients(context),
  all: (context) => [docker, ...podmanClients(context)],
} satisfies Record<string, (context: Context) => Client[]>;

export type ClientName = keyof typeof clients;

/** Returns the clients of a value of `--client`; to remove entries, also buildx, which reads more files than Docker. */
export function clientsOf(context: Context, name: ClientName, isRemoval: boolean): Client[] {
  const hasBuildx = isRemoval && (name === 'docker' || name === 'all');
  return [...clients[name](context), ...(hasBuildx ? buildxClients(context) : [])];
}

/** Returns the clients on `PATH`, one for each configuration file. */
export function installedClients(context: Context): Client[] {
  return clientsReadBy(context, readers);
}

/** Returns the installed clients that ignore a helper in this setting, unless a `registries.conf` that they read names it. */
export function installedClientsIgnoring(context: Context, setting: HelperSetting): Client[] {
  const isInLists = isListed(context);
  const ignoring = readers.filter(({ settings }) => !settings.includes(setting));
  return clientsReadBy(
    context,
    ignoring.filter(({ settings }) => !(isInLists && settings.includes('registries.conf'))),
  );
}

function clientsReadBy(context: Context, chosen: readonly Reader[]): Client[] {
  const present = chosen.filter(({ programs }) => programs.some((each) => isOnPath(context, each)));
  const names = new Set(present.map(({ client }) => client));
  return [
    ...(names.has('docker') ? [docker] : []),
    ...(names.has('nerdctl') ? [nerdctl] : []),
    ...(names.has('podman') ? podmanClients(context) : []),
  ];
}
