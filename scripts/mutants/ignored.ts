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
    file: 'src/mask.ts',
    original: 'for (let i = 0; i < text.length; ) {',
    mutated: 'for (let i = 0; i <= text.length; ) {',
    why: 'the last step fills nothing, because it is past the end of both arrays',
  },
  {
    file: 'src/secrets/helper-process.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of the source
    original: '`did not answer within ${Math.round(timeoutMs / 100) / 10} s`,',
    why: 'a part of a message; the time is rounded',
  },
  {
    file: 'src/files/lock-turns.ts',
    original: 'const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants;',
    mutated: 'const { O_RDONLY, O_NONBLOCK = (0 + 1), O_NOFOLLOW = 0 } = fs.constants;',
    why: 'the default is for Windows, where the constant does not exist',
  },
  {
    file: 'src/registry/parse.ts',
    original: "return scheme === 'https' || scheme === 'http' ? colon + 3 : -1;",
    mutated: "return scheme === 'https' || scheme === 'http' ? colon + 3 : -(1 + 1);",
    why: 'every negative number means a scheme that is not accepted',
  },
  {
    file: 'src/registry/parse.ts',
    original: "const hasPort = colon > authority.lastIndexOf(']');",
    mutated: "const hasPort = colon > authority.indexOf(']');",
    why: 'a second bracket is refused as a part of the name or of the port',
  },
  {
    file: 'src/secrets/every-identity.ts',
    original:
      "export function missingSecret(storeName: string, name: string, alternative = ''): HelperError {",
    why: 'a part of a message',
  },
  {
    file: 'src/secrets/choose.ts',
    original: 'maxBytes: 64 * 1024,',
    why: 'a limit far above the few bytes of the answer',
  },
  {
    file: 'src/secrets/choose.ts',
    original: "return Boolean(directory) && fs.existsSync(path.join(directory ?? '', '.gpg-id'));",
    mutated:
      "return Boolean(directory) && fs.existsSync(path.join(directory ?? 'mutant', '.gpg-id'));",
    why: '`Boolean(directory)` decides first; the default is for the type checker',
  },
  {
    file: 'src/identity/present.ts',
    original: "return mapping?.present ?? identity.present ?? choices(identity)[0] ?? 'iamapikey';",
    mutated: "return mapping?.present ?? identity.present ?? choices(identity)[0] ?? '';",
    why: 'every kind has a user name; the last one is for the type checker',
  },
  {
    file: 'src/identity/signed-out.ts',
    original: "writePrivate(context, signedOutFile(requireConfigFolder(context), mark), '');",
    mutated: "writePrivate(context, signedOutFile(requireConfigFolder(context), mark), 'mutant');",
    why: 'only the name of the file counts; nothing reads it',
  },
  {
    file: 'src/identity/signed-out.ts',
    original:
      "marks.flatMap(([host = '', identity]) => (identity === context.identity ? host : [])),",
    mutated:
      "marks.flatMap(([host = 'mutant', identity]) => (identity === context.identity ? host : [])),",
    why: '`split` returns at least one part; the default is for the type checker',
  },
  {
    file: 'src/kubernetes/provider-request.ts',
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
    file: 'src/iam/single-flight.ts',
    original: 'const minMintMs = 200;',
    why: 'a guess: a millisecond more changes no result',
  },
  {
    file: 'src/iam/single-flight.ts',
    original: "onTimeout: 'proceed',",
    why: "the lock compares with 'fail' only",
  },
  {
    file: 'src/iam/single-flight.ts',
    original: 'return token;',
    why: 'a waiting process takes its turn instead, and finds the same token there',
  },
  {
    file: 'src/files/executables.ts',
    original:
      "const folders = (env.PATH ?? env.Path ?? '').split(platform === 'win32' ? ';' : ':');",
    mutated:
      "const folders = (env.PATH ?? env.Path ?? 'mutant').split(platform === 'win32' ? ';' : ':');",
    why: 'a relative directory is left out',
  },
  {
    file: 'src/files/own-directories.ts',
    original: 'const stat = isFollowed ? fs.lstatSync(directory) : entry;',
    mutated: 'const stat = true ? fs.lstatSync(directory) : entry;',
    why: 'the same entry, read again',
  },
  {
    file: 'src/files/own-directories.ts',
    original: 'return fs.lstatSync(file, { throwIfNoEntry: false });',
    mutated: 'return fs.lstatSync(file, { throwIfNoEntry: true });',
    why: 'the `catch` returns the same for ENOENT',
  },
  {
    file: 'src/files/own-directories.ts',
    original: "const made = existingDirectory(context, directory, 'own');",
    mutated: "const made = existingDirectory(context, directory, '');",
    why: 'this user has just made the directory',
  },
  {
    file: 'src/files/private-read.ts',
    original: 'const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants;',
    why: 'the defaults are for Windows',
  },
  {
    file: 'src/files/private-read.ts',
    original:
      'if (directory === undefined || named === undefined || stat === undefined) return undefined;',
    mutated:
      'if (directory === undefined && named === undefined || stat === undefined) return undefined;',
    why: 'all three are undefined if the first is; the comparisons are for the type checker',
  },
  {
    file: 'src/files/private-read.ts',
    original: 'requireRegular(file, isFollowed ? fs.lstatSync(target) : stat);',
    mutated: 'requireRegular(file, true ? fs.lstatSync(target) : stat);',
    why: 'the same entry, read again',
  },
  {
    file: 'src/files/private-read.ts',
    original: "if (stat.uid !== context.uid) throw new Error('another user owns it');",
    mutated: "if (stat.uid !== context.uid) throw new Error('');",
    why: 'the text is not used',
  },
  {
    file: 'src/files/private-write.ts',
    original: 'const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = fs.constants;',
    why: 'the default is for Windows',
  },
  {
    file: 'src/files/private-write.ts',
    original: 'if (isRenamed) putBack(erased, named);',
    mutated: 'if (true) putBack(erased, named);',
    why: 'a file that was not renamed is not there to be put back',
  },
  {
    file: 'src/files/private-write.ts',
    original: "const isGone = ['EEXIST', 'ENOENT'].includes(systemCode(error) ?? '');",
    mutated: "const isGone = ['EEXIST', ''].includes(systemCode(error) ?? '');",
    why: 'a file that does not exist cannot be renamed either',
  },
  {
    file: 'src/files/private-write.ts',
    original: "const isGone = ['EEXIST', 'ENOENT'].includes(systemCode(error) ?? '');",
    mutated: "const isGone = ['EEXIST', 'ENOENT'].includes(systemCode(error) ?? 'mutant');",
    why: 'neither text is a code',
  },
  {
    file: 'src/files/private-write.ts',
    original: 'if (!isGone && couldRename(erased, named)) return;',
    mutated: 'if (!isGone && couldRename(erased, named)) ;',
    why: 'the renamed file is not there to be discarded',
  },
  {
    file: 'src/files/private-write.ts',
    original: 'const target = isLink ? followLink(context, named) : named;',
    mutated: 'const target = true ? followLink(context, named) : named;',
    why: 'a path without symlinks leads to itself',
  },
  {
    file: 'src/files/symlinks.ts',
    original:
      "rest.unshift(...target.split(path.sep).filter((part) => part !== '' && part !== '.'));",
    mutated: 'rest.unshift(...target.split(path.sep));',
    why: 'the parts `` and `.` are the same directory again',
  },
  {
    file: 'src/files/symlinks.ts',
    original:
      "rest.unshift(...target.split(path.sep).filter((part) => part !== '' && part !== '.'));",
    mutated:
      "rest.unshift(...target.split(path.sep).filter((part) => part !== 'mutant' && part !== '.'));",
    why: 'the parts `` and `.` are the same directory again',
  },
  {
    file: 'src/files/symlinks.ts',
    original:
      "rest.unshift(...target.split(path.sep).filter((part) => part !== '' && part !== '.'));",
    mutated:
      "rest.unshift(...target.split(path.sep).filter((part) => part !== '' || part !== '.'));",
    why: 'the parts `` and `.` are the same directory again',
  },
  {
    file: 'src/files/symlinks.ts',
    original:
      "rest.unshift(...target.split(path.sep).filter((part) => part !== '' && part !== '.'));",
    mutated:
      "rest.unshift(...target.split(path.sep).filter((part) => part !== '' && part !== ''));",
    why: 'the parts `` and `.` are the same directory again',
  },
  {
    file: 'src/files/temporary-files.ts',
    original: 'let written = 0;',
    why: 'the first number of a process does not matter',
  },
  {
    file: 'src/files/temporary-files.ts',
    original: 'written += 1;',
    mutated: 'written += (1 + 1);',
    why: 'the numbers have to differ only',
  },
  {
    file: 'src/files/lock-holder.ts',
    original: "const pid = Number.parseInt(fs.readFileSync('/proc/self/stat', 'utf8'), 10);",
    mutated: "const pid = Number.parseInt(fs.readFileSync('/proc/self/stat', ''), 10);",
    why: 'a buffer is converted to the same text',
  },
  {
    file: 'src/files/lock-holder.ts',
    original: "return { state: fields[0] ?? '', started: fields[19] ?? '' };",
    mutated: "return { state: fields[0] ?? 'mutant', started: fields[19] ?? '' };",
    why: 'the kernel writes both fields; the defaults are for the type checker',
  },
  {
    file: 'src/files/lock-holder.ts',
    original: "return { state: fields[0] ?? '', started: fields[19] ?? '' };",
    mutated: "return { state: fields[0] ?? '', started: fields[19] ?? 'mutant' };",
    why: 'the kernel writes both fields; the defaults are for the type checker',
  },
  {
    file: 'src/iam/cache-file.ts',
    original: 'const entry = text === undefined ? undefined : parseEntry(text);',
    mutated: 'const entry = false ? undefined : parseEntry(text);',
    why: '`parseEntry` returns undefined for undefined',
  },
  {
    file: 'src/iam/single-flight.ts',
    original: 'const error = note === undefined ? undefined : fromNote(options, note);',
    mutated: 'const error = false ? undefined : fromNote(options, note);',
    why: '`fromNote` returns undefined for undefined',
  },
  {
    file: 'src/kubernetes/pod-identity.ts',
    original: "const { serviceAccountToken: crToken = '' } = request;",
    mutated: "const { serviceAccountToken: crToken = 'mutant' } = request;",
    why: 'a request without a token is refused before it is used',
  },
  {
    file: 'src/kubernetes/pod-identity.ts',
    original: '...(trusted === undefined ? {} : { endpoint: trusted }),',
    mutated: '...(false ? {} : { endpoint: trusted }),',
    why: 'undefined is the default',
  },
  {
    file: 'src/identity/hosts.ts',
    original: "{ identity = '' }: Context,",
    mutated: "{ identity = 'mutant' }: Context,",
    why: 'neither is the name of an identity; the default is for the type checker',
  },
  {
    file: 'src/process-tree.ts',
    original: "state: fields[0] ?? '',",
    mutated: "state: fields[0] ?? 'mutant',",
    why: '`split` returns at least one field; the default is for the type checker',
  },
  {
    file: 'src/process-tree.ts',
    original: 'for (let i = 0; i < maxAncestors && pid > 0; i += 1) {',
    mutated: 'for (let i = 0; i < maxAncestors && pid >= 0; i += 1) {',
    why: 'process 0 is not in /proc, and the error ends the search with the same result',
  },
  {
    file: 'src/config/change-lock.ts',
    original: 'const defaultLimitMs = 30_000;',
    why: 'a limit: a millisecond more changes no result',
  },
  {
    file: 'src/config/change-lock.ts',
    original: 'await sleep(0);',
    why: 'any time lets the timers run',
  },
  {
    file: 'src/identity/api-key-variable.ts',
    original: "function toName([, name = '']: RegExpExecArray): string {",
    mutated: "function toName([, name = 'mutant']: RegExpExecArray): string {",
    why: 'each pattern has the group, which may be empty; the default is for the type checker',
  },
  {
    file: 'src/identity/mapping.ts',
    original: "const { identity: name = '' } = lookup.context;",
    mutated: "const { identity: name = 'mutant' } = lookup.context;",
    why: 'called only if the program has an identity; the default is for the type checker',
  },
  {
    file: 'src/identity/mapping.ts',
    original: "if (identity.kind === 'trusted-profile') return '';",
    mutated: "if (identity.kind === 'trusted-profile') return undefined;",
    why: 'nothing reads the secret of a trusted profile',
  },
  {
    file: 'src/identity/mapping.ts',
    original: "if (identity.kind === 'trusted-profile') return '';",
    mutated: "if (identity.kind === 'trusted-profile') return 'mutant';",
    why: 'nothing reads the secret of a trusted profile',
  },
  {
    file: 'src/registry/parse.ts',
    original: 'if (colon < 0 || endOfPart(url, 0) < colon) return 0;',
    mutated: 'if (colon < 0 || endOfPart(url, 0) <= colon) return 0;',
    why: 'a part ends before `/`, `?` or `#`, not before a colon',
  },
  {
    file: 'src/registry/parse.ts',
    original: 'for (let i = start; i < url.length; i++) {',
    mutated: 'for (let i = start; i <= url.length; i++) {',
    why: 'there is no character at the end of the text',
  },
  {
    file: 'src/registry/parse.ts',
    original: 'return url.length;',
    mutated: 'return undefined;',
    why: '`slice` takes undefined for the end of the text, and the loops stop at once',
  },
  {
    file: 'src/kubernetes/pull-credentials.ts',
    original: ": await identityNamed(lookup, identity, bearer ? 'iambearer' : undefined);",
    mutated: ": await identityNamed(lookup, identity, false ? 'iambearer' : undefined);",
    why: '`asBearer` requests the same token, and refuses the same identities',
  },
  {
    file: 'src/visible.ts',
    original: 'if (code < 0x20 || code > 0x7e) return false;',
    mutated: 'if (code < (0x20 + 1) || code > 0x7e) return false;',
    why: 'the slow path returns the same text',
  },
  {
    file: 'src/visible.ts',
    original: 'return true;',
    mutated: 'return false;',
    why: 'the slow path returns the same text',
  },
  {
    file: 'src/visible.ts',
    original: 'return true;',
    mutated: 'return undefined;',
    why: 'the slow path returns the same text',
  },
  {
    file: 'src/piece-set.ts',
    original: 'let low = 0;',
    mutated: 'let low = (0 + 1);',
    why: 'the first eight bytes shift it out before a piece is visited',
  },
  {
    file: 'src/piece-set.ts',
    original: 'let high = 0;',
    mutated: 'let high = (0 + 1);',
    why: 'the first eight bytes shift it out before a piece is visited',
  },
  {
    file: 'src/piece-set.ts',
    original: 'const size = 2 ** Math.ceil(Math.log2(total * 2));',
    mutated: 'const size = 2 ** Math.ceil(Math.log2(total * (2 + 1)));',
    why: 'a larger table',
  },
  {
    file: 'src/files/lock.ts',
    original: 'const heartbeatMs = 250;',
    mutated: 'const heartbeatMs = (250 + 1);',
    why: 'the interval of heartbeats; what counts is that it is shorter than the timeout',
  },
];

export function isIgnored(row: Ignored, { file, original, mutated }: Mutant): boolean {
  return (
    row.file === file &&
    row.original === original &&
    (row.mutated === undefined || row.mutated === mutated)
  );
}
