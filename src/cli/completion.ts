import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isIdentityName } from '../identity/identities.ts';
import { userNames } from '../identity/present.ts';
import { publicHosts } from '../registry/regions.ts';
import type { Command } from './command.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/**
 * The program itself prints what may follow, one word a line. Each script takes these lines literally: no shell may
 * expand or evaluate them. So bash has neither `compgen -W`, which expands its words, nor an unquoted `$(…)`, and each
 * word is quoted before it is put on the command line. zsh and fish do that themselves.
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
  compadd -a -- words_to_choose
}
compdef _docker_credential_icr docker-credential-icr
# zsh has loaded this file to answer the first Tab.
if [ "$funcstack[1]" = _docker-credential-icr ]; then _docker_credential_icr "$@"; fi
`,
  fish: `complete -c docker-credential-icr -f -a '(docker-credential-icr --get-yargs-completions (commandline -opc) (commandline -ct) 2>/dev/null)'
`,
};

export const completion: Command<{ readonly shell: Shell }> = {
  options: {},
  examples: [
    ['completion bash', 'into ~/.local/share/bash-completion/completions/docker-credential-icr'],
    ['completion fish', 'into ~/.config/fish/completions/docker-credential-icr.fish'],
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

const commandsOfHosts = new Set([
  'setup',
  'login',
  'logout',
  'configure',
  'status',
  'map',
  'unmap',
  'token',
  'exec',
  'doctor',
]);

/** Returns the hosts, identities and other values that may be at the cursor, after `words`. */
export function namesToComplete(context: Context, words: readonly string[]): string[] {
  const [command = '', ...rest] = words.slice(1);
  const before = rest.at(-2);
  if (before === '--present') return [...userNames];
  if (before === '--identity' || (command === 'map' && rest.length === 2))
    return identities(context);
  if (command === 'completion' && rest.length === 1) return Object.keys(scripts);
  if (before === '--host') return [...publicHosts];
  return commandsOfHosts.has(command) ? [...publicHosts] : [];
}

function identities(context: Context): string[] {
  try {
    // A name that login refuses did not come from login, and is not put on a command line.
    return Object.keys(readSettings({ ...context, warn: () => {} }).identities).filter(
      isIdentityName,
    );
  } catch {
    // Pressing Tab is no time for an error; the command itself will say it.
    return [];
  }
}
