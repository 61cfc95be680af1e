import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isIdentityName } from '../identity/identities.ts';
import { userNames } from '../identity/present.ts';
import { publicHosts } from '../registry/regions.ts';
import type { Command } from './command.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/**
 * The completion scripts. The program prints the candidates, one per line; the shell must not expand or evaluate them.
 * Therefore the bash script uses neither `compgen -W`, which expands words, nor an unquoted `$(…)`, and it quotes each
 * candidate. zsh and fish quote by themselves.
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
# zsh loads this file at the first Tab, which is answered here.
if [ "$funcstack[1]" = _docker-credential-icr ]; then _docker_credential_icr "$@"; fi
`,
  fish: `complete -c docker-credential-icr -f -a '(docker-credential-icr --get-yargs-completions (commandline -opc) (commandline -ct) 2>/dev/null)'
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

const commandsWithHosts = new Set([
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
  'explain',
]);

/** Returns the hosts, identities and other values that can complete the last of `words`. */
export function namesToComplete(context: Context, words: readonly string[]): string[] {
  const [command = '', ...rest] = words.slice(1);
  const option = rest.at(-2);
  if (option === '--present') return [...userNames];
  if (option === '--identity' || (command === 'map' && rest.length === 2))
    return identities(context);
  if (command === 'completion' && rest.length === 1) return Object.keys(scripts);
  if (option === '--host') return [...publicHosts];
  return commandsWithHosts.has(command) ? [...publicHosts] : [];
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
