import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import type { Client } from './client.ts';
import { credHelpersClient } from './cred-helpers-client.ts';
import { dockerConfigFile } from './docker.ts';
import { joinPath } from './home.ts';

/**
 * Returns a client for each configuration file that buildx 0.31 and later use for one registry or repository:
 * `$BUILDX_CONFIG/config/HOST[/REPOSITORY][@SCOPE]/config.json`. `configure` creates none, but removes entries.
 */
export function buildxClients(context: Context): Client[] {
  return buildxFiles(context).map(({ file }) =>
    credHelpersClient({
      name: 'buildx',
      file: () => file,
      logout: () => `remove that entry from ${file}`,
      notes: () => [],
    }),
  );
}

/** A file of buildx. */
export interface BuildxFile {
  readonly file: string;
  /** The host that its directory names. */
  readonly host: string;
  /** `HOST[/REPOSITORY][@SCOPE]`. */
  readonly name: string;
}

/** Source: docker/buildx, util/dockerutil/dockerconfig/configprovider.go. */
export function buildxFiles(context: Context): BuildxFile[] {
  const folder = buildxFolder(context);
  return configFiles(folder).map((file) => {
    const name = path.relative(folder, path.dirname(file)).replaceAll(path.sep, '/');
    return { file, name, host: name.replace(/[/@].*/, '') };
  });
}

export function buildxFolder(context: Context): string {
  const folder =
    context.env.BUILDX_CONFIG ||
    joinPath(context, path.dirname(dockerConfigFile(context)), 'buildx');
  return joinPath(context, folder, 'config');
}

function configFiles(folder: string): string[] {
  try {
    const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names
      .filter((name) => path.basename(name) === 'config.json')
      .sort()
      .map((name) => path.join(folder, name));
  } catch {
    // The directory does not exist.
    return [];
  }
}
