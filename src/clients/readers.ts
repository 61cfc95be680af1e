/**
 * A way to name a credential helper: `credHelpers` or `credsStore` in Docker's `config.json`, `credHelpers` in `auth.json`,
 * `credential-helpers` in `registries.conf`.
 */
export type Way = 'credHelpers' | 'credsStore' | 'auth.json' | 'registries.conf';

/** Programs that read the same ways. */
export interface Reader {
  readonly programs: readonly string[];
  readonly ways: readonly Way[];
  /** Programs that prefer containers' files to Docker's are configured with `--client podman`. */
  readonly client: 'docker' | 'nerdctl' | 'podman';
}

/**
 * Who reads what; `docs/docker.md` has the same table. podman ignores `credsStore`, also in `auth.json`.
 * Sources: docker/cli cli/config/configfile; containers/container-libs image/pkg/docker/config; google/go-containerregistry
 * pkg/authn/keychain.go; oras-project/oras-credentials-go.
 */
export const readers: readonly Reader[] = [
  {
    programs: ['docker', 'docker-compose'],
    ways: ['credHelpers', 'credsStore'],
    client: 'docker',
  },
  {
    programs: ['nerdctl'],
    ways: ['credHelpers', 'credsStore'],
    client: 'nerdctl',
  },
  {
    programs: ['crane', 'cosign', 'ko'],
    ways: ['credHelpers', 'credsStore', 'auth.json'],
    client: 'docker',
  },
  { programs: ['oras'], ways: ['credHelpers', 'credsStore'], client: 'docker' },
  {
    programs: ['podman', 'buildah', 'skopeo'],
    ways: ['credHelpers', 'auth.json', 'registries.conf'],
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

/** Whether the client with that name sees a helper that is named in this way. */
export function reads(name: Reader['client'], way: Way): boolean {
  return readers.some(({ client, ways }) => client === name && ways.includes(way));
}
