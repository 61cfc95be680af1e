import type { Context } from '../context.ts';
import { buildxClients } from './buildx.ts';
import type { Client } from './client.ts';
import { docker, nerdctl } from './docker.ts';
import { podmanClients } from './podman.ts';
import { registriesConfClients } from './registries-conf.ts';

/** The values of `--client` and their clients. A client has one file. */
export const clients = {
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
