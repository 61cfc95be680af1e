import type { Context } from '../context.ts';
import type { Client } from './client.ts';
import { docker } from './docker.ts';
import { nerdctl } from './nerdctl.ts';
import { podmanClients } from './podman.ts';
import { registriesConfClients } from './registries-conf.ts';

/** What `--client` takes, and whose files it means: one client a file. */
export const clients = {
  docker: () => [docker],
  nerdctl: () => [nerdctl],
  podman: (context) => podmanClients(context),
  'registries.conf': (context) => registriesConfClients(context),
  all: (context) => [docker, ...podmanClients(context)],
} satisfies Record<string, (context: Context) => Client[]>;

export type ClientName = keyof typeof clients;
