import type { CommandEntry, CommandGroup } from './command.ts';

/** Every command that people type, in the order of `--help`. A command's module is loaded only if it is chosen. */
export const commands: readonly (CommandEntry | CommandGroup)[] = [
  {
    usage: 'login [hosts..]',
    describe: 'save an API key, or another credential, for the hosts or for every IBM host',
    load: async () => (await import('./login.ts')).login,
  },
  {
    usage: 'logout [hosts..]',
    describe: 'forget what answers for the hosts, or everything that is kept for IBM hosts',
    load: async () => (await import('./logout.ts')).logout,
  },
  {
    usage: 'configure',
    describe: "name this helper in clients' configuration files, for IBM's hosts",
    load: async () => (await import('./configure.ts')).configure,
  },
  {
    usage: 'status',
    describe: 'show which identity answers which host, and where its secret is kept',
    load: async () => (await import('./status.ts')).status,
  },
  {
    usage: 'map <host> <identity>',
    describe: 'let an identity answer for a host, host/namespace, or "*" for every IBM host',
    load: async () => (await import('./map.ts')).map,
  },
  {
    usage: 'unmap <host>',
    describe: 'take a mapping back; the identity is kept',
    load: async () => (await import('./map.ts')).unmap,
  },
  {
    usage: 'doctor [hosts..]',
    describe: 'look for what keeps clients from signing in, and say what mends it',
    load: async () => (await import('./doctor/doctor.ts')).doctor,
  },
  {
    usage: 'settings [name] [value]',
    describe: 'show the settings, or change one; the value off takes it back',
    load: async () => (await import('./settings.ts')).settings,
  },
  {
    usage: 'token [host]',
    describe: 'print an access token of the identity that answers for the host',
    load: async () => (await import('./token.ts')).token,
  },
  {
    usage: 'exec <host>',
    describe: 'run the command after -- with ICR_USERNAME, ICR_PASSWORD, CF_DOCKER_PASSWORD set',
    load: async () => (await import('./exec.ts')).exec,
  },
  {
    usage: 'api-key',
    describe: 'make, list, lock, disable, delete and rotate API keys of users and service IDs',
    commands: [
      {
        usage: 'create [name] [hosts..]',
        describe: 'make an API key, for yourself or for a service ID, and print it',
        load: async () => (await import('./api-key/create.ts')).create,
      },
      {
        usage: 'list',
        describe: 'show the API keys of whoever acts, never the keys themselves',
        load: async () => (await import('./api-key/list.ts')).list,
      },
      {
        usage: 'show <key>',
        describe: 'show what IAM keeps about an API key, by its ID or its name',
        load: async () => (await import('./api-key/show.ts')).show,
      },
      {
        usage: 'lock <key>',
        describe: 'protect an API key from being changed or deleted',
        load: async () => (await import('./api-key/change.ts')).lock,
      },
      {
        usage: 'unlock <key>',
        describe: 'take the protection back',
        load: async () => (await import('./api-key/change.ts')).unlock,
      },
      {
        usage: 'disable <key>',
        describe: 'let an API key sign in no more, until it is enabled',
        load: async () => (await import('./api-key/change.ts')).disable,
      },
      {
        usage: 'enable <key>',
        describe: 'let a disabled API key sign in again',
        load: async () => (await import('./api-key/change.ts')).enable,
      },
      {
        usage: 'delete <key>',
        describe: 'delete an API key, by its ID or its name; there is no way back',
        load: async () => (await import('./api-key/change.ts')).remove,
      },
      {
        usage: 'rotate [identity]',
        describe:
          'give an identity a new API key and delete the old one; run it again if it is interrupted',
        load: async () => (await import('./api-key/rotate.ts')).rotate,
      },
    ],
  },
  {
    usage: 'registry-token',
    describe:
      'make, list and remove registry tokens (deprecated: IBM refuses new ones; use api-key)',
    commands: [
      {
        usage: 'add',
        describe: 'make a registry token and print it (deprecated: use api-key create)',
        load: async () => (await import('./registry-token/add.ts')).add,
      },
      {
        usage: 'list',
        describe: "show the account's registry tokens, never the tokens themselves",
        load: async () => (await import('./registry-token/list.ts')).list,
      },
      {
        usage: 'get <id>',
        describe: 'print a registry token itself, and nothing else',
        load: async () => (await import('./registry-token/one.ts')).get,
      },
      {
        usage: 'rm <id>',
        describe: 'remove a registry token; there is no way back',
        load: async () => (await import('./registry-token/one.ts')).remove,
      },
    ],
  },
  // `store` alone is a Docker protocol verb; with a word after it, it is this group.
  {
    usage: 'store',
    describe: 'say where secrets are kept: osxkeychain, wincred, secretservice, pass, file',
    commands: [
      {
        usage: 'move <name>',
        describe: 'move every secret to another store',
        load: async () => (await import('./store.ts')).move,
      },
    ],
  },
  {
    usage: 'completion <shell>',
    describe:
      'print what makes a shell (bash, zsh or fish) complete commands, hosts and identities',
    load: async () => (await import('./completion.ts')).completion,
  },
  {
    usage: 'kubelet',
    describe: 'answer the kubelet as an image credential provider (it calls this, not you)',
    load: async () => (await import('./kubelet.ts')).kubelet,
  },
  {
    usage: 'kubernetes',
    describe: "print what makes a cluster pull from IBM's registry",
    commands: [
      {
        usage: 'config',
        describe: "print the kubelet's CredentialProviderConfig",
        load: async () => (await import('./kubernetes-config.ts')).config,
      },
      {
        usage: 'secret <name>',
        describe: 'print an image pull Secret of that name, for kubectl apply -f -',
        load: async () => (await import('./kubernetes-secret.ts')).secret,
      },
      {
        usage: 'daemonset',
        describe: 'print a manifest that puts the executable and its configuration on every node',
        load: async () => (await import('./kubernetes-daemonset.ts')).daemonset,
      },
    ],
  },
];
