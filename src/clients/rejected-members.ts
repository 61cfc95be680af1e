import { HelperError } from '../errors.ts';
import type { Note } from './client.ts';
import type { CredHelpersFile } from './cred-helpers.ts';
import { type FileKind, type Loader, loaders, rejectedIn } from './loaders.ts';
import { printable } from './notes.ts';

/** A member whose value programs reject, although the file is valid JSON. The note contains no value. */
interface RejectedMember extends Required<Note> {
  /** The message without the effects. */
  readonly what: string;
  /** The hint without the effects. */
  readonly fix: string;
  /** These programs print a warning, and use the rest of the file. */
  readonly warned: readonly string[];
  /** These programs fail for all images. */
  readonly failed: readonly string[];
}

/** Returns the rejected members of a file that programs read as `kind`. */
export function rejectedMembers(read: CredHelpersFile, kind: FileKind): RejectedMember[] {
  const { root, file } = read;
  if (root === undefined) return [];
  const found = loaders
    .filter(({ reads }) => reads.includes(kind))
    .flatMap((loader) => rejectedIn(root, loader.type, []).map((each) => ({ ...each, loader })));
  const members = Map.groupBy(found, ({ path }) => JSON.stringify(path));
  return [...members.values()].map((group): RejectedMember => {
    const failed = programsOf(group.filter(({ loader }) => !loader.isLenient));
    const all = programsOf(group);
    const warned = all.filter((name) => !failed.includes(name));
    const [first] = group;
    const member = first?.path.map((key) => `"${printable(key)}"`).join('.') ?? '';
    const what = `${member} in ${file} is not ${first?.expected}`;
    const effects = [
      ...sentence(warned, 'prints a warning', 'print a warning'),
      ...sentence(failed, 'fails', 'fail'),
    ];
    const fix = `change ${member} in ${file} to ${first?.expected}, or remove it`;
    return {
      what,
      fix,
      message: `${what}: ${effects.join('; ')}`,
      // Seen with docker 28: it writes what it has loaded.
      hint: warned.length > 0 ? `${fix}; docker login deletes values that it cannot load` : fix,
      warned,
      failed,
    };
  });
}

function sentence(programs: readonly string[], one: string, several: string): string[] {
  if (programs.length === 0) return [];
  const names = [programs.slice(0, -1).join(', '), programs.at(-1)].filter(Boolean).join(' and ');
  return [`${names} ${programs.length === 1 ? one : several}`];
}

function programsOf(group: readonly { readonly loader: Loader }[]): string[] {
  return [...new Set(group.flatMap(({ loader }) => loader.programs))];
}

/**
 * Returns a note for each member that causes a warning of this program. Throws `damaged` for one with which it fails:
 * it would not call the helper.
 */
export function loadNotes(read: CredHelpersFile, kind: FileKind, program: string): Note[] {
  return rejectedMembers(read, kind).flatMap(({ message, hint, warned, failed }) => {
    if (failed.includes(program)) throw new HelperError('damaged', message, { hint });
    return warned.includes(program) ? [{ message, hint }] : [];
  });
}
