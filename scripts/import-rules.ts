/** A group of files, and the groups from which they may import values and types. */
interface Layer {
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

const basis = ['foundation', 'files', 'config'];
const everything = [
  ...basis,
  ...['http', 'registry-hosts', 'registry', 'iam', 'secrets', 'clients', 'identity', 'access-log'],
  'kubernetes',
  ...['protocol', 'cli', 'main'],
];

/** The import rules of this repository; `make lint` checks them. No rule allows a cycle. */
export const importRules: ImportRules = {
  layers: {
    foundation: {
      paths: [
        'src/context.ts',
        'src/descriptors.ts',
        'src/errors.ts',
        'src/fast-path.ts',
        'src/json-object.ts',
        'src/jwt-claims.ts',
        'src/mask.ts',
        'src/pieces.ts',
        'src/process-tree.ts',
        'src/program-name.ts',
        'src/secret-variables.ts',
        'src/standard-input.ts',
        'src/system-home.ts',
        'src/unescape.ts',
        'src/visible.ts',
        'src/wrap.ts',
      ],
      imports: [],
    },
    files: { paths: ['src/files/'], imports: ['foundation'] },
    config: { paths: ['src/config/'], imports: ['foundation', 'files'] },
    http: { paths: ['src/http/'], imports: basis },
    // Names of hosts are needed by all; requests to a registry by few.
    'registry-hosts': {
      paths: ['src/registry/match.ts', 'src/registry/parse.ts', 'src/registry/regions.ts'],
      imports: ['foundation'],
    },
    registry: { paths: ['src/registry/'], imports: [...basis, 'http', 'registry-hosts'] },
    iam: { paths: ['src/iam/'], imports: ['foundation', 'files', 'http'] },
    secrets: { paths: ['src/secrets/'], imports: [...basis, 'registry-hosts'] },
    clients: { paths: ['src/clients/'], imports: [...basis, 'registry-hosts', 'secrets'] },
    identity: {
      paths: ['src/identity/'],
      imports: [...basis, 'http', 'registry-hosts', 'registry', 'iam', 'secrets'],
    },
    'access-log': { paths: ['src/access-log/'], imports: [...basis, 'identity'] },
    kubernetes: {
      paths: ['src/kubernetes/'],
      imports: [...basis, 'http', 'registry-hosts', 'iam', 'secrets', 'identity', 'access-log'],
    },
    protocol: {
      paths: ['src/protocol/'],
      imports: [...basis, 'registry-hosts', 'secrets', 'identity', 'access-log'],
    },
    cli: {
      paths: ['src/cli/'],
      imports: everything.filter((name) => !['protocol', 'cli', 'main'].includes(name)),
    },
    main: {
      paths: ['src/main.ts', 'src/bug-report.ts', 'src/process-context.ts'],
      imports: ['foundation', 'files', 'protocol', 'kubernetes', 'cli'],
    },
    test: { paths: ['test/'], imports: [...everything, 'scripts'] },
    scripts: { paths: ['scripts/'], imports: [...everything, 'test'] },
  },
  packages: {
    axios: ['src/http/'],
    conf: ['src/config/write.ts'],
    diff: ['src/clients/'],
    'jsonc-parser': ['src/clients/'],
    'kubernetes-models': ['src/kubernetes/'],
    yaml: ['src/kubernetes/'],
    yargs: ['src/cli/cli.ts', 'src/cli/yargs.ts'],
    'node:process': [],
    'node:http': ['src/http/'],
    'node:https': ['src/http/'],
    'node:net': ['src/http/'],
    'node:tls': ['src/http/'],
  },
  exceptions: [],
};
