/**
 * A setting that names a credential helper: `credHelpers` or `credsStore` in Docker's `config.json`, `credHelpers` in
 * `auth.json`, `credential-helpers` in `registries.conf`.
 */
export type HelperSetting = 'credHelpers' | 'credsStore' | 'auth.json' | 'registries.conf';

/** Programs that read the same settings. */
export interface Reader {
  readonly programs: readonly string[];
  readonly settings: readonly HelperSetting[];
  /** Programs that prefer containers' files to Docker's are configured with `--client podman`. */
  readonly client: 'docker' | 'nerdctl' | 'podman';
}

/**
 * The settings that each program reads; `docs/docker.md` has the same table. podman ignores `credsStore`, also in `auth.json`.
 * Sources: docker/cli cli/config/configfile; containers/container-libs image/pkg/docker/config; google/go-containerregistry
 * pkg/authn/keychain.go; oras-project/oras-credentials-go.
 */
export const readers: readonly Reader[] = [
  {
    programs: ['docker', 'docker-compose'],
    settings: ['credHelpers', 'credsStore'],
    client: 'docker',
  },
  {
    programs: ['nerdctl'],
    settings: ['credHelpers', 'credsStore'],
    client: 'nerdctl',
  },
  {
    programs: ['crane', 'cosign', 'ko'],
    settings: ['credHelpers', 'credsStore', 'auth.json'],
    client: 'docker',
  },
  { programs: ['oras'], settings: ['credHelpers', 'credsStore'], client: 'docker' },
  {
    programs: ['podman', 'buildah', 'skopeo'],
    settings: ['credHelpers', 'auth.json', 'registries.conf'],
    client: 'podman',
  },
];

/** Programs that read Docker's file first. */
export const dockerPrograms = readers
  .filter(({ client }) => client !== 'podman')
  .flatMap(({ programs }) => programs);

/** Programs that read containers' files first. */
export const podmanPrograms = readers
  .filter(({ client }) => client === 'podman')
  .flatMap(({ programs }) => programs);

/** Returns true if the client with that name reads this setting. */
export function reads(name: Reader['client'], setting: HelperSetting): boolean {
  return readers.some(({ client, settings }) => client === name && settings.includes(setting));
}
