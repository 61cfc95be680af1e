import type { Client } from '../clients/client.ts';
import { docker, nerdctl } from '../clients/docker.ts';
import { isListed } from '../clients/helper-lists.ts';
import { podmanClients } from '../clients/podman.ts';
import { type Reader, readers, type Way } from '../clients/readers.ts';
import type { Context } from '../context.ts';
import { isOnPath } from '../files/executables.ts';

/** Returns the clients on `PATH`, one for each configuration file. */
export function installedClients(context: Context): Client[] {
  return clientsOf(context, readers);
}

/** Returns those that do not see a helper that is named in this way, and in no `registries.conf` either. */
export function installedClientsBlindTo(context: Context, way: Way): Client[] {
  const isInLists = isListed(context);
  const blind = readers.filter(({ ways }) => !ways.includes(way));
  return clientsOf(
    context,
    blind.filter(({ ways }) => !(isInLists && ways.includes('registries.conf'))),
  );
}

function clientsOf(context: Context, chosen: readonly Reader[]): Client[] {
  const present = chosen.filter(({ programs }) => programs.some((each) => isOnPath(context, each)));
  const names = new Set(present.map(({ client }) => client));
  return [
    ...(names.has('docker') ? [docker] : []),
    ...(names.has('nerdctl') ? [nerdctl] : []),
    ...(names.has('podman') ? podmanClients(context) : []),
  ];
}
