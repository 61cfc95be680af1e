import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isIdentityName } from '../identity/identities.ts';
import { userNames } from '../identity/present.ts';
import { own } from '../json-object.ts';
import { publicHosts, regions } from '../registry/regions.ts';
import { storeNames } from '../secrets/store-types.ts';
import type { Command } from './command.ts';
import { manifestKinds } from './kubernetes/manifests-command.ts';
import { settingsByName } from './setting-table.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/**
 * The completion scripts. The program prints the candidates, one per line; the shell must not expand or evaluate them.
 * Therefore the bash script uses neither `compgen -W`, which expands words, nor an unquoted `$(…)`, and it quotes each
 * candidate. zsh and fish quote by themselves. If there is no candidate, all complete the names of files. A program that the
 * shell finds in a relative directory of PATH, such as the current one, is not started: it may be anybody's.
 */
const scripts: Readonly<Record<Shell, string>> = {
  bash: `_docker_credential_icr() {
  local program line quoted
  COMPREPLY=()
  program=$(type -P docker-credential-icr) || return 0
  [[ $program == /* ]] || return 0
  while IFS= read -r line; do
    [[ $line == "$2"* ]] || continue
    printf -v quoted %q "$line"
    COMPREPLY+=("$quoted")
  done < <("$program" --get-yargs-completions "\${COMP_WORDS[@]:0:COMP_CWORD}" "$2" 2>/dev/null)
}
complete -o bashdefault -o default -F _docker_credential_icr docker-credential-icr
`,
  zsh: `#compdef docker-credential-icr
_docker_credential_icr() {
  local program="$(whence -p docker-credential-icr)"
  local -a words_to_choose
  if [[ $program == /* ]]; then
    words_to_choose=("\${(@f)$("$program" --get-yargs-completions "\${(@)words[1,CURRENT]}" 2>/dev/null)}")
  fi
  if [ -n "$words_to_choose" ]; then compadd -a -- words_to_choose; else _files; fi
}
compdef _docker_credential_icr docker-credential-icr
# zsh loads this file at the first Tab, which is answered here.
if [ "$funcstack[1]" = _docker-credential-icr ]; then _docker_credential_icr "$@"; fi
`,
  fish: `function __docker_credential_icr
  set -l program (command -s docker-credential-icr)
  set -l words
  if string match -q -- '/*' "$program"
    set words ($program --get-yargs-completions (commandline -opc) (commandline -ct) 2>/dev/null)
  end
  if test -n "$words"; printf '%s\\n' $words; else; __fish_complete_path (commandline -ct); end
end
complete -c docker-credential-icr -f -a '(__docker_credential_icr)'
`,
};

export const completion: Command<{ readonly shell: Shell }> = {
  options: {},
  examples: [
    [
      'completion bash >~/.local/share/bash-completion/completions/docker-credential-icr',
      'install for bash',
    ],
    ['completion fish >~/.config/fish/completions/docker-credential-icr.fish', 'install for fish'],
  ],
  run: (context, { shell }) => {
    if (!Object.hasOwn(scripts, shell)) {
      throw new HelperError('invalid-input', 'unknown shell', {
        hint: 'use bash, zsh or fish',
      });
    }
    context.stdout(scripts[shell]);
    return 0;
  },
};

type Names = (context: Context) => readonly string[];

const hosts: Names = () => publicHosts;
const stores: Names = () => storeNames;

/** Values by the option before them. */
const optionValues: Readonly<Record<string, Names>> = {
  '--identity': identities,
  '--as': identities,
  '--store': stores,
  '--host': hosts,
  '--region': () => regions.map(({ region }) => region),
  '--present': () => userNames,
  '--to': () => ['kubernetes://', 'file:', 'command:'],
  '--expires-in': () => ['90d'],
  '--min-lifetime': () => ['30m', 'off'],
};

/** Arguments by command; the last entry applies to all further arguments. */
const argumentValues: Readonly<Record<string, readonly Names[]>> = {
  ...Object.fromEntries(
    ['setup', 'login', 'logout', 'configure', 'doctor'].map((name) => [name, [hosts]]),
  ),
  status: [(context) => [...hosts(context), ...identities(context)]],
  map: [hosts, identities, none],
  unmap: [hosts, none],
  token: [hosts, none],
  exec: [hosts, none],
  explain: [hosts, none],
  settings: [() => Object.keys(settingsByName)],
  'store move': [stores, none],
  'api-key create': [none, hosts],
  'api-key rotate': [identities, none],
  'kubernetes manifests': [() => Object.keys(manifestKinds), none],
  completion: [() => Object.keys(scripts), none],
};

/** A `--option=value` as two words, and the text that its candidates start with. */
interface SplitWords {
  readonly words: readonly string[];
  readonly prefix: string;
}

/** Returns true for an option that is followed by a value. */
type TakesValue = (option: string) => boolean;

/** Splits `--option=value` if it is the last of `words`. bash has split it into three words. */
export function splitLastOption(words: readonly string[], takesValue: TakesValue): SplitWords {
  const [option = '', equals] = words.slice(-3);
  if (equals === '=' && takesValue(option)) return { words: words.toSpliced(-2, 1), prefix: '' };
  const last = words.at(-1) ?? '';
  const end = last.indexOf('=');
  if (!takesValue(last.slice(0, Math.max(end, 0)))) return { words, prefix: '' };
  return {
    words: [...words.slice(0, -1), last.slice(0, end), last.slice(end + 1)],
    prefix: last.slice(0, end + 1),
  };
}

/**
 * Returns the candidates for the last of `words`: the values of the option before it, otherwise arguments, and options if it
 * starts with a dash or if there is no argument. `known` are the candidates of yargs: commands, options, and the values of an
 * option with choices.
 */
export function candidates(
  context: Context,
  words: readonly string[],
  known: readonly string[],
  takesValue: TakesValue,
): readonly string[] {
  const [previous = '', current = ''] = words.slice(-2);
  const [options, plain] = [known.filter(isOption), known.filter((word) => !isOption(word))];
  if (takesValue(previous)) {
    const hasNames = own(optionValues, previous) !== undefined;
    return hasNames ? namesToComplete(context, words, takesValue) : plain;
  }
  if (isOption(current)) return options;
  const values = [...plain, ...namesToComplete(context, words, takesValue)];
  return values.length > 0 ? values : options;
}

function isOption(word: string): boolean {
  return word.startsWith('-');
}

/** Returns the hosts, identities and other values that can complete the last of `words`. */
function namesToComplete(
  context: Context,
  words: readonly string[],
  takesValue: TakesValue,
): readonly string[] {
  const typed = words.slice(1);
  const option = own(optionValues, typed.at(-2) ?? '');
  if (option !== undefined) return option(context);
  const [command = '', second = '', ...rest] = argumentsIn(typed, takesValue);
  if (command === 'settings' && rest.length === 1) return own(settingsByName, second)?.values ?? [];
  const group = own(argumentValues, `${command} ${second}`);
  const [names, count] = group
    ? [group, rest.length]
    : [own(argumentValues, command) ?? [none], rest.length + 1];
  return (names[count - 1] ?? names.at(-1) ?? none)(context);
}

/** Returns the words without options and their values; the last word is always included. */
function argumentsIn(words: readonly string[], takesValue: TakesValue): readonly string[] {
  return words.filter((word, index) => {
    if (index === words.length - 1) return true;
    return !isOption(word) && !takesValue(words[index - 1] ?? '');
  });
}

function none(): readonly string[] {
  return [];
}

function identities(context: Context): string[] {
  try {
    // Other names did not come from `login`, and may contain characters that a shell interprets.
    return Object.keys(readSettings({ ...context, warn: () => {} }).identities).filter(
      isIdentityName,
    );
  } catch {
    // Completion prints no errors; the completed command will report them.
    return [];
  }
}
