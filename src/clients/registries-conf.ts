import fs from 'node:fs';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { helperName } from '../program-name.ts';
import type { AddOptions, Client, EditPlan, Note, RemoveOptions } from './client.ts';
import { homeFolder, joinPath } from './home.ts';
import { shellQuoted } from './notes.ts';
import { readText } from './read-file.ts';

/** podman stores a login with the first helper that accepts it. Credentials in `auth.json` are still used. */
const setting = `credential-helpers = ["${helperName}", "containers-auth.json"]`;
const content = `# Written by docker-credential-icr configure; configure --remove deletes it.
# podman, buildah and skopeo call these helpers in this order for all registries.
${setting}
`;

/**
 * A drop-in file for podman, buildah and skopeo that registers the helper for all registries, including future ICR
 * hosts. It is not part of `podman` or `all`: if the helper is not on `PATH`, for example in a system service, these
 * programs fail for public images of all registries.
 */
export function registriesConf(systemFolder = '/etc/containers'): Client {
  const planAdd = (context: Context, _hosts: readonly string[], options: AddOptions = {}) => {
    if (isOtherHelper(options.helper)) throw oneHelper();
    const file = dropIn(context);
    const before = readText(file);
    const conflicts = conflictingFiles(context, systemFolder).map((other) =>
      conflictNote(other, options),
    );
    const isUnchanged = isGenerated(before) || (conflicts.length > 0 && !options.force);
    return {
      ...planFor(file, before, isUnchanged ? before : content),
      notes: [...conflicts, pathNote],
    };
  };
  return {
    name: 'registries.conf',
    file: dropIn,
    planAdd,
    planRemove,
    configuredHosts: (context) => (isGenerated(readText(dropIn(context))) ? ['*'] : []),
  };
}

function isOtherHelper(helper: string | undefined): boolean {
  return helper !== undefined && helper !== helperName;
}

function oneHelper(): HelperError {
  return new HelperError('invalid-input', 'registries.conf has one helper for all registries', {
    hint: 'use --client podman with --identity',
  });
}

const pathNote: Note = {
  message: 'podman, buildah and skopeo call the helper for all registries',
  hint: 'keep docker-credential-icr on PATH',
};

function planFor(file: string, before: string | undefined, after: string | undefined): EditPlan {
  return { file, before, after, hosts: before === after ? [] : ['*'], notes: [] };
}

/** Plans to delete the file. Does nothing for single hosts, because the setting applies to all hosts. */
function planRemove(
  context: Context,
  hosts: readonly string[] | 'all',
  { helper }: RemoveOptions = {},
): EditPlan {
  const file = dropIn(context);
  const before = readText(file);
  if (before === undefined || hosts !== 'all' || isOtherHelper(helper)) {
    return planFor(file, before, before);
  }
  if (isGenerated(before)) return planFor(file, before, undefined);
  const message = `${file} has other content and was not deleted`;
  const hint = `run rm ${shellQuoted(file)} if it is not needed`;
  return { ...planFor(file, before, before), notes: [{ message, hint }] };
}

/** podman ignores `XDG_CONFIG_HOME` for this directory. */
function userFolder(context: Context): string {
  return joinPath(context, homeFolder(context), '.config/containers');
}

function dropIn(context: Context): string {
  return joinPath(context, userFolder(context), 'registries.conf.d/docker-credential-icr.conf');
}

function isGenerated(text: string | undefined): boolean {
  const lines = (text ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.join() === setting;
}

function conflictNote(other: string, { force = false }: AddOptions): Note {
  if (force) return { message: `${other} also sets credential-helpers: the last file is used` };
  const hint = `add "${helperName}" to its list`;
  return { message: `${other} sets credential-helpers, so nothing was changed`, hint };
}

/**
 * Returns the other files that set helpers, in podman's order; the last list replaces the others.
 * Source: containers/container-libs, image/pkg/sysregistriesv2/system_registries_v2.go.
 */
function conflictingFiles(context: Context, systemFolder: string): string[] {
  const user = userFolder(context);
  const own = joinPath(context, user, 'registries.conf');
  const folders = fs.existsSync(own) ? [user] : [systemFolder, user];
  const files = folders.map((folder) => joinPath(context, folder, 'registries.conf.d'));
  const main = fs.existsSync(own) ? own : joinPath(context, systemFolder, 'registries.conf');
  return [main, ...files.flatMap((folder) => confFiles(context, folder))].filter(
    (file) => file !== dropIn(context) && setsHelpers(readText(file) ?? ''),
  );
}

function confFiles(context: Context, folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.conf'));
  return names.sort().map((name) => joinPath(context, folder, name));
}

/** Returns true if the TOML text sets a non-empty list. Top-level settings precede the first table. */
function setsHelpers(toml: string): boolean {
  const [topLevel = ''] = toml.split(/^\s*\[/m);
  return /^\s*["']?credential-helpers["']?\s*=(?!\s*\[\s*\])/m.test(topLevel);
}
