import type { CommandEntry, CommandGroup } from './command.ts';

/** All interactive commands, in the order of `--help`. The module of a command is loaded only if it is used. */
export const commands: readonly (CommandEntry | CommandGroup)[] = [
  {
    usage: 'setup [hosts..]',
    describe: 'log in, register the helper with the installed clients, and verify',
    section: 'Get started',
    load: async () => (await import('./setup.ts')).setup,
  },
  {
    usage: 'login [hosts..]',
    describe: 'save credentials for one or more hosts, or for all ICR hosts',
    section: 'Get started',
    load: async () => (await import('./login.ts')).login,
  },
  {
    usage: 'logout [hosts..]',
    describe: 'log out of one or more hosts, or of all ICR hosts',
    section: 'Accounts and hosts',
    load: async () => (await import('./logout.ts')).logout,
  },
  {
    usage: 'configure [hosts..]',
    describe: "register the helper in clients' configuration files",
    section: 'Get started',
    load: async () => (await import('./configure.ts')).configure,
  },
  {
    usage: 'status [hosts..]',
    describe: 'show the identity of each host and the location of its secret',
    section: 'Accounts and hosts',
    load: async () => (await import('./status/status.ts')).status,
  },
  {
    usage: 'map <host> [name]',
    describe: 'use an identity for a host, a HOST/NAMESPACE, or "*" for all ICR hosts',
    section: 'Accounts and hosts',
    load: async () => (await import('./map.ts')).map,
  },
  {
    usage: 'unmap <host>',
    describe: 'remove the mapping of a host; the identity is kept',
    section: 'Accounts and hosts',
    load: async () => (await import('./map.ts')).unmap,
  },
  {
    usage: 'doctor [hosts..]',
    describe: 'diagnose problems and suggest fixes',
    section: 'Get started',
    load: async () => (await import('./doctor/doctor.ts')).doctor,
  },
  {
    usage: 'explain <image>',
    describe: 'explain why an image can or cannot be pulled or pushed',
    section: 'Get started',
    load: async () => (await import('./explain/explain.ts')).explain,
  },
  {
    usage: 'settings [name] [value]',
    describe: 'show or change settings',
    section: 'Other',
    load: async () => (await import('./settings-command.ts')).settings,
  },
  {
    usage: 'token [host]',
    describe: 'print an IAM access token',
    section: 'IBM Cloud',
    load: async () => (await import('./token.ts')).token,
  },
  {
    usage: 'exec <host>',
    rest: '-- COMMAND',
    describe: 'run the command after -- with the credential in its environment',
    section: 'Other',
    load: async () => (await import('./exec.ts')).exec,
  },
  {
    usage: 'api-key',
    describe: 'create, list, lock, disable, delete and rotate API keys',
    section: 'IBM Cloud',
    commands: [
      {
        usage: 'create [name] [hosts..]',
        describe: 'create an API key for your user or for a service ID, and print it',
        load: async () => (await import('./api-key/create.ts')).create,
      },
      {
        usage: 'list',
        describe: 'list API keys, without their values',
        load: async () => (await import('./api-key/list-keys.ts')).list,
      },
      {
        usage: 'show <key>',
        describe: 'show the details of an API key, by ID or name',
        load: async () => (await import('./api-key/show.ts')).show,
      },
      {
        usage: 'lock <key>',
        describe: 'protect an API key from being changed or deleted',
        load: async () => (await import('./api-key/change.ts')).lock,
      },
      {
        usage: 'unlock <key>',
        describe: 'remove the protection of an API key',
        load: async () => (await import('./api-key/change.ts')).unlock,
      },
      {
        usage: 'disable <key>',
        describe: 'disable an API key',
        load: async () => (await import('./api-key/change.ts')).disable,
      },
      {
        usage: 'enable <key>',
        describe: 'enable a disabled API key',
        load: async () => (await import('./api-key/change.ts')).enable,
      },
      {
        usage: 'delete <key>',
        describe: 'delete an API key, by ID or name; cannot be undone',
        load: async () => (await import('./api-key/change.ts')).remove,
      },
      {
        usage: 'rotate [identity]',
        describe: 'replace the API key of an identity and delete the old key; can be resumed',
        load: async () => (await import('./api-key/rotate.ts')).rotate,
      },
    ],
  },
  {
    usage: 'registry-token',
    describe: 'create, list and remove registry tokens (deprecated)',
    section: 'IBM Cloud',
    commands: [
      {
        usage: 'add',
        describe: 'create a registry token and print it (deprecated)',
        load: async () => (await import('./registry-token.ts')).add,
      },
      {
        usage: 'list',
        describe: "list the account's registry tokens, without their values",
        load: async () => (await import('./registry-token.ts')).list,
      },
      {
        usage: 'get <id>',
        describe: 'print the value of a registry token',
        load: async () => (await import('./registry-token.ts')).get,
      },
      {
        usage: 'rm <id>',
        describe: 'remove a registry token; cannot be undone',
        load: async () => (await import('./registry-token.ts')).remove,
      },
    ],
  },
  // `store` without another word is a verb of Docker's protocol, and is handled before.
  {
    usage: 'store',
    describe: 'move secrets to another credential store',
    section: 'Accounts and hosts',
    commands: [
      {
        usage: 'move <name>',
        describe:
          'move all secrets to another store: osxkeychain, wincred, secretservice, pass, file',
        load: async () => (await import('./move-store.ts')).move,
      },
    ],
  },
  {
    usage: 'completion <shell>',
    describe: 'print the completion script of bash, zsh or fish',
    section: 'Other',
    load: async () => (await import('./completion.ts')).completion,
  },
  {
    usage: 'kubelet',
    describe: 'respond to the kubelet as an image credential provider',
    section: 'Clusters',
    load: async () => (await import('./kubelet-command.ts')).kubelet,
  },
  {
    usage: 'kubernetes',
    describe: 'print manifests for clusters that pull from ICR; renew pull Secrets',
    section: 'Clusters',
    commands: [
      {
        usage: 'config',
        describe: "print the kubelet's CredentialProviderConfig",
        load: async () => (await import('./kubernetes/config-manifest.ts')).config,
      },
      {
        usage: 'secret <name>',
        describe: 'print the manifest of an image pull Secret',
        load: async () => (await import('./kubernetes/secret-manifest.ts')).secret,
      },
      {
        usage: 'daemonset',
        describe: 'print a DaemonSet that installs the helper on running nodes',
        load: async () => (await import('./kubernetes/daemonset-manifest.ts')).daemonset,
      },
      {
        usage: 'manifests <kind>',
        describe: 'print manifests for new nodes, or for the refresher of pull Secrets',
        load: async () => (await import('./kubernetes/manifests-command.ts')).manifestsCommand,
      },
      {
        usage: 'refresher',
        describe: 'renew the pull Secrets of a cluster; runs in a pod',
        load: async () => (await import('./kubernetes/refresher.ts')).refresher,
      },
    ],
  },
];
