import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isIdentityName } from '../identity/identities.ts';
import { userNames } from '../identity/present.ts';
import { publicHosts, regions } from '../registry/regions.ts';
import { storeNames } from '../secrets/store-types.ts';
import type { Command } from './command.ts';
import { manifestKinds } from './kubernetes/manifests-command.ts';
import { settingsByName } from './setting-table.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/**
 * The completion scripts. The program prints the candidates, one per line; the shell must not expand or evaluate them.
 * Therefore the bash script uses neither `compgen -W`, which expands words, nor an unquoted `$(…)`, and it quotes each
 * candidate. zsh and fish quote by themselves. If there is no candidate, all complete the names of files.
 */
const scripts: Readonly<Record<Shell, string>> = {
  bash: `_docker_credential_icr() {
  local line quoted
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == "\${COMP_WORDS[COMP_CWORD]}"* ]] || continue
    printf -v quoted %q "$line"
    COMPREPLY+=("$quoted")
  done < <(docker-credential-icr --get-yargs-completions "\${COMP_WORDS[@]}" 2>/dev/null)
}
complete -o bashdefault -o default -F _docker_credential_icr docker-credential-icr
`,
  zsh: `#compdef docker-credential-icr
_docker_credential_icr() {
  local -a words_to_choose
  words_to_choose=("\${(@f)$(docker-credential-icr --get-yargs-completions "\${words[@]}" 2>/dev/null)}")
  if [ -n "$words_to_choose" ]; then compadd -a -- words_to_choose; else _files; fi
}
compdef _docker_credential_icr docker-credential-icr
# zsh loads this file at the first Tab, which is answered here.
if [ "$funcstack[1]" = _docker-credential-icr ]; then _docker_credential_icr "$@"; fi
`,
  fish: `function __docker_credential_icr
  set -l words (docker-credential-icr --get-yargs-completions (commandline -opc) (commandline -ct) 2>/dev/null)
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

/** Returns true for an option that is followed by a value. */
type TakesValue = (option: string) => boolean;

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
    return Object.hasOwn(optionValues, previous)
      ? namesToComplete(context, words, takesValue)
      : plain;
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
  const option = optionValues[typed.at(-2) ?? ''];
  if (option !== undefined) return option(context);
  const [command = '', second = '', ...rest] = argumentsIn(typed, takesValue);
  if (command === 'settings' && rest.length === 1) return settingsByName[second]?.values ?? [];
  const group = argumentValues[`${command} ${second}`];
  const [names, count] = group
    ? [group, rest.length]
    : [argumentValues[command] ?? [none], rest.length + 1];
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
