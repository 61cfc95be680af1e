/** Commands for a terminal, also without a desktop; by the name of the credential helper. */
const commands: Readonly<Record<string, string>> = {
  secretservice:
    'read -rs P && printf %s "$P" | gnome-keyring-daemon --replace --unlock --components=secrets',
  // Decrypts something, so that the agent asks for the passphrase.
  pass: 'export GPG_TTY=$(tty) && pass grep .',
  osxkeychain: 'security unlock-keychain',
};

/** The hint of an error of that keychain, which may be locked. */
export function unlockHint(name: string): string {
  const command = commands[name];
  const how = command === undefined ? '' : ` with ${command}`;
  return `unlock it if it is locked${how}, and try again`;
}
