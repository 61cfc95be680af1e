interface Region {
  readonly region: string;
  /** The region's former name, which commands still accept. */
  readonly alias?: string;
  readonly host: string;
}

/**
 * The public hosts in IBM's documentation ("Regions", Container Registry). They are the defaults and suggestions of
 * commands; `isIbmHost` decides whether a host is an ICR host.
 */
export const regions: readonly Region[] = [
  { region: 'global', host: 'icr.io' },
  { region: 'us-south', host: 'us.icr.io' },
  { region: 'eu-gb', alias: 'uk-south', host: 'uk.icr.io' },
  { region: 'eu-de', alias: 'eu-central', host: 'de.icr.io' },
  { region: 'au-syd', alias: 'ap-south', host: 'au.icr.io' },
  { region: 'jp-tok', alias: 'ap-north', host: 'jp.icr.io' },
  { region: 'jp-osa', host: 'jp2.icr.io' },
  { region: 'ca-tor', host: 'ca.icr.io' },
  { region: 'ca-mon', host: 'ca2.icr.io' },
  { region: 'br-sao', host: 'br.icr.io' },
  { region: 'eu-es', host: 'es.icr.io' },
  { region: 'in-che', host: 'in.icr.io' },
  { region: 'in-mum', host: 'in2.icr.io' },
];

export const publicHosts: readonly string[] = regions.map(({ host }) => host);

/** The private host of each public host, reachable only from inside IBM Cloud. */
export const privateHosts: readonly string[] = publicHosts.map((host) => `private.${host}`);

/** Returns the region of a public or private host; undefined for a host without one, such as cp.icr.io. */
export function regionOf(host: string): string | undefined {
  const name = host.replace(/^private\./, '');
  return regions.find((region) => region.host === name)?.region;
}
