import type { Mutant } from './make-mutants.ts';

/** Mutants that no test can kill, because the program does the same as before. */
export interface Ignored {
  readonly file: string;
  /** The line as it is in the source, without the spaces around it. */
  readonly original: string;
  /** The line as the mutant has it; without this, every mutant of the line is meant. */
  readonly mutated?: string;
  readonly why: string;
}

export const ignored: readonly Ignored[] = [
  {
    file: 'src/secrets/every-identity.ts',
    original:
      "export function notGiven(storeName: string, name: string, otherwise = ''): HelperError {",
    why: 'a part of a message',
  },
  {
    file: 'src/secrets/choose.ts',
    original: 'largest: 64 * 1024,',
    why: 'a limit far above the few bytes of the answer',
  },
  {
    file: 'src/secrets/choose.ts',
    original: "return Boolean(folder) && fs.existsSync(path.join(folder ?? '', '.gpg-id'));",
    mutated: "return Boolean(folder) && fs.existsSync(path.join(folder ?? 'mutant', '.gpg-id'));",
    why: '`Boolean(folder)` decides first; the default is for the type checker',
  },
  {
    file: 'src/identity/hosts.ts',
    original: 'return Object.keys(settings().mappings).filter((key) => key !== everyHost);',
    mutated: 'return Object.keys(settings().mappings);',
    why: '`*` is not a host, so it has no credential',
  },
  {
    file: 'src/identity/present.ts',
    original: "return mapping?.present ?? identity.present ?? choices(identity)[0] ?? 'iamapikey';",
    mutated: "return mapping?.present ?? identity.present ?? choices(identity)[0] ?? '';",
    why: 'every kind has a user name; the last one is for the type checker',
  },
  {
    file: 'src/identity/signed-out.ts',
    original: "writePrivate(context, signedOutFile(requireConfigFolder(context), hostKey), '');",
    mutated:
      "writePrivate(context, signedOutFile(requireConfigFolder(context), hostKey), 'mutant');",
    why: 'only the name of the file counts; nothing reads it',
  },
  {
    file: 'src/kubernetes/image.ts',
    original: "const [registry = '', namespace] = text.split('/');",
    mutated: "const [registry = 'mutant', namespace] = text.split('/');",
    why: '`split` returns at least one part; the default is for the type checker',
  },
  {
    file: 'src/kubernetes/pod-identity.ts',
    original: 'since: 0,',
    why: 'an equal number for every pod; its key in the cache is the name',
  },
  {
    file: 'src/kubernetes/pull-credentials.ts',
    original: ": identityNamed(lookup, identity, bearer ? 'iambearer' : undefined);",
    mutated: ": identityNamed(lookup, identity, false ? 'iambearer' : undefined);",
    why: '`asBearer` asks for the same token, and refuses the same identities',
  },
  {
    file: 'src/iam/cache-file.ts',
    original: "const entry = parseEntry(fs.readFileSync(file, 'utf8'));",
    mutated: "const entry = parseEntry(fs.readFileSync(file, ''));",
    why: '`JSON.parse` reads a buffer as the same UTF-8 text',
  },
  {
    file: 'src/iam/cached-token.ts',
    original: "if (typeof value !== 'object' || value === null) return false;",
    mutated: 'if (false) return false;',
    why: 'the `catch` of `parseEntry` returns the same for a value without properties',
  },
  {
    file: 'src/iam/cached-token.ts',
    original: "if (typeof value !== 'object' || value === null) return false;",
    mutated: "if (typeof value !== 'object' && value === null) return false;",
    why: 'the `catch` of `parseEntry` returns the same for a value without properties',
  },
  {
    file: 'src/iam/flight.ts',
    original: 'const shortestMint = 200;',
    why: 'a guess: a millisecond more changes no result',
  },
  {
    file: 'src/iam/flight.ts',
    original: "otherwise: 'proceed',",
    why: "the lock compares with 'fail' only",
  },
  {
    file: 'src/iam/flight.ts',
    original: 'return token;',
    why: 'a waiting process takes its turn instead, and finds the same token there',
  },
];

export function isIgnored(row: Ignored, { file, original, mutated }: Mutant): boolean {
  return (
    row.file === file &&
    row.original === original &&
    (row.mutated === undefined || row.mutated === mutated)
  );
}
