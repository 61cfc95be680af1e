import { argumentProblem } from './yargs.ts';

/** An error in the arguments of a command. */
export interface UsageError {
  readonly message: string;
  readonly hint: string;
}

/** Longer words are not printed: API keys have 32 characters or more; commands, options and public hosts have fewer. */
const maxPrintedLength = 24;

/** Names of equivalent commands in other programs. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  status: ['whoami', 'who', 'info', 'show', 'ls', 'accounts', 'identities', 'hosts'],
  login: ['signin', 'sign-in', 'log-in', 'auth', 'add', 'authenticate'],
  logout: ['signout', 'sign-out', 'log-out', 'remove', 'rm', 'forget', 'delete'],
  configure: ['config', 'register', 'enable', 'docker', 'podman', 'nerdctl'],
  setup: ['init', 'install', 'start', 'set-up', 'quickstart'],
  doctor: ['check', 'diagnose', 'debug', 'test', 'verify', 'troubleshoot'],
  settings: ['set', 'setting', 'options', 'preferences'],
  exec: ['run'],
  map: ['use', 'switch', 'mapping', 'mappings'],
  'api-key': ['key', 'keys', 'apikey', 'api-keys', 'rotate'],
  'registry-token': ['tokens', 'registry-tokens'],
  kubernetes: ['k8s', 'kube', 'cluster'],
  completion: ['completions', 'autocomplete'],
  add: ['create', 'new'],
  create: ['add', 'new', 'make'],
  list: ['ls'],
  show: ['get', 'info', 'inspect'],
  delete: ['rm', 'remove'],
  rm: ['delete', 'remove'],
};

/** Options of other programs whose value is a secret. */
const secretOption =
  /^-?-(api-?key|key|k|p|pw|pass|password|passwd|secret|token|(access|refresh|iam|registry)-?token|entitlement-?key|passcode)$/i;

/** Returns the error for an unknown command. `group` is the word before it, if any: `api-key`. */
export function unknownCommand(word: string, names: readonly string[], group = ''): UsageError {
  const program = ['docker-credential-icr', ...(group === '' ? [] : [group])].join(' ');
  const similar = similarName(word, names);
  return {
    message: `unknown command: ${[...(group === '' ? [] : [group]), masked(word)].join(' ')}`,
    hint: `${similar === undefined ? '' : `try ${program} ${similar}, or `}see ${program} --help`,
  };
}

/**
 * Converts an error of yargs about the arguments of a command. yargs repeats the arguments, and one of them may be a
 * misplaced secret: long words are masked, and only the name of an option is shown, not its value.
 */
export function explainUsage(
  message: string,
  typed: readonly string[],
  command: string,
  options: readonly string[],
): UsageError {
  const help = `docker-credential-icr${command === '' ? '' : ` ${command}`} --help`;
  const hint = `see ${help}`;
  const { code, value = '', count = 1 } = argumentProblem(message) ?? {};
  switch (code) {
    case undefined:
      return { message: maskedMessage(message, typed), hint };
    case 'missing-value':
      return { message: `--${value} needs a value`, hint };
    case 'missing-argument':
      return { message: `${command} needs another argument`, hint };
    default: {
      const option = unknownOption(typed, options);
      if (option !== undefined) return optionError(option, options, help);
      const what = code === 'unknown-argument' ? 'unknown argument' : 'unknown command';
      const unknown = `${what}${count === 1 ? '' : 's'}: ${value}`;
      return { message: maskedMessage(unknown, typed), hint };
    }
  }
}

function optionError(option: string, options: readonly string[], help: string): UsageError {
  if (secretOption.test(option)) {
    const alternatives = ['api-key-stdin', 'api-key-file']
      .filter((name) => options.includes(name))
      .map((name) => `--${name}`)
      .join(' or ');
    return {
      message: `${option} is not accepted: other processes can read a secret in an argument`,
      hint: alternatives === '' ? `see ${help}` : `use ${alternatives}; see ${help}`,
    };
  }
  const similar = similarName(
    option,
    options.map((name) => `--${name}`),
  );
  return {
    message: `unknown option: ${masked(option)}`,
    hint: similar === undefined ? `see ${help}` : `try ${similar}, or see ${help}`,
  };
}

/** Returns the first option that the command does not have. For `-pSECRET`, returns `-p`. */
function unknownOption(typed: readonly string[], options: readonly string[]): string | undefined {
  for (const word of typed) {
    if (/^--./.test(word)) {
      const name = word.slice(2).replace(/=.*/s, '');
      const isKnown = options.includes(name) || options.includes(name.replace(/^no-/, ''));
      if (!isKnown) return `--${name}`;
    } else if (/^-[^-]/.test(word) && !options.includes(word.charAt(1))) {
      return word.slice(0, 2);
    }
  }
  return undefined;
}

function maskedMessage(message: string, typed: readonly string[]): string {
  const words = typed.flatMap((word) => [word, word.replace(/^--[^=]*=/, '')]);
  const long = words.filter((word) => word !== masked(word));
  const text = long.reduce((result, word) => result.replaceAll(word, masked(word)), message);
  return text.replace(/\s+/g, ' ').trim().toLowerCase();
}

function masked(word: string): string {
  return word.length > maxPrintedLength ? '…' : word;
}

function similarName(word: string, names: readonly string[]): string | undefined {
  const typed = word.toLowerCase();
  if (typed.length > maxPrintedLength) return undefined;
  const synonym = names.find((name) => synonyms[name]?.includes(typed));
  if (synonym !== undefined) return synonym;
  const completions = typed.length > 2 ? names.filter((name) => name.startsWith(typed)) : [];
  if (completions.length === 1) return completions[0];
  const similar = names
    .map((name) => [name, distance(typed, name)] as const)
    .filter(([name, edits]) => edits <= Math.min(2, Math.floor(name.length / 2)))
    .sort(([, a], [, b]) => a - b);
  return similar[0]?.[0];
}

/** Returns the Levenshtein distance: the number of characters to insert, delete or replace. */
function distance(from: string, to: string): number {
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, character] of [...from].entries()) {
    const row = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const [left = 0, above = 0, diagonal = 0] = [row[j], last[j + 1], last[j]];
      row.push(Math.min(left + 1, above + 1, diagonal + (character === other ? 0 : 1)));
    }
    last = row;
  }
  return last.at(-1) ?? 0;
}
