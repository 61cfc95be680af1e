/** A group of files, and the groups from which they may import values and types. */
export interface Layer {
  /** Files, and directories that end in `/`. The longest path that matches decides. */
  readonly paths: readonly string[];
  /** Names of layers. */
  readonly imports: readonly string[];
}

export interface ImportRules {
  readonly layers: Readonly<Record<string, Layer>>;
  /**
   * Who may import a package in src/: files, and directories that end in `/`. A package that is not
   * here may not be imported there at all; a `node:` module that is not here may be imported by all.
   */
  readonly packages: Readonly<Record<string, readonly string[]>>;
  /** Imports that break a rule and are accepted for now: `importer -> imported`. */
  readonly exceptions: readonly string[];
}

const basis = ['foundation', 'files'];
const everything = [
  ...basis,
  ...['registry', 'config', 'iam', 'secrets', 'clients', 'identity', 'kubernetes'],
  ...['protocol', 'cli', 'main'],
];

/** The import rules of this repository; `make lint` checks them. No rule allows a cycle. */
export const importRules: ImportRules = {
  layers: {
    foundation: {
      paths: [
        'src/ascii.ts',
        'src/callers.ts',
        'src/context.ts',
        'src/deadline.ts',
        'src/descriptors.ts',
        'src/errors.ts',
        'src/json-object.ts',
        'src/mask.ts',
        'src/paths.ts',
        'src/piece-set.ts',
        'src/process-stat.ts',
        'src/secret-variables.ts',
        'src/standard-input.ts',
        'src/unescape.ts',
        'src/version.ts',
        'src/visible.ts',
      ],
      imports: [],
    },
    files: {
      paths: ['src/files/'],
      imports: ['foundation'],
    },
    registry: { paths: ['src/registry/'], imports: [] },
    config: { paths: ['src/config/'], imports: basis },
    iam: { paths: ['src/iam/'], imports: [...basis, 'registry'] },
    secrets: { paths: ['src/secrets/'], imports: [...basis, 'config', 'registry'] },
    clients: { paths: ['src/clients/'], imports: [...basis, 'registry', 'secrets'] },
    identity: {
      paths: ['src/identity/'],
      imports: [...basis, 'config', 'iam', 'registry', 'secrets'],
    },
    kubernetes: {
      paths: ['src/kubernetes/'],
      imports: [...basis, 'config', 'iam', 'identity', 'registry'],
    },
    protocol: {
      paths: ['src/protocol/'],
      imports: [...basis, 'config', 'iam', 'identity', 'registry', 'secrets'],
    },
    cli: {
      paths: ['src/cli/'],
      imports: [
        ...basis,
        ...['clients', 'config', 'iam', 'identity', 'kubernetes', 'registry', 'secrets'],
      ],
    },
    main: {
      paths: ['src/main.ts', 'src/bug-report.ts', 'src/process-context.ts'],
      imports: [...basis, 'protocol', 'kubernetes', 'cli'],
    },
    test: { paths: ['test/'], imports: [...everything, 'scripts'] },
    scripts: { paths: ['scripts/'], imports: [...everything, 'test'] },
  },
  packages: {
    axios: ['src/iam/'],
    conf: ['src/config/write.ts'],
    diff: ['src/clients/'],
    'jsonc-parser': ['src/clients/'],
    'kubernetes-models': ['src/kubernetes/'],
    yaml: ['src/kubernetes/'],
    yargs: ['src/cli/cli.ts', 'src/cli/yargs.ts'],
    'node:process': [],
    'node:http': ['src/iam/'],
    'node:https': ['src/iam/'],
    'node:net': ['src/iam/'],
    'node:tls': ['src/iam/'],
  },
  exceptions: [
    'src/iam/flight.ts -> src/iam/cache.ts',
    'src/iam/mint.ts -> src/config/read-settings.ts',
    'src/iam/mint.ts -> src/identity/mapping-key.ts',
    'src/iam/mint.ts -> src/identity/tokens.ts',
    'src/iam/mint.ts -> src/secrets/replace-secret.ts',
    'src/iam/mint.ts -> src/secrets/secret-store.ts',
  ],
};
