import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Person } from './identity-cloud.ts';

/** A stand-in keychain in a user's home. */
interface RaceKeychain {
  /** A PATH that contains its helper. */
  readonly search: string;
  /** Moves every secret to the keychain. */
  readonly move: () => Promise<void>;
  /** Returns an identity's secret in the keychain. */
  readonly secret: (identity: string) => string | undefined;
}

export function withStandIn({ home, call }: Person): RaceKeychain {
  const folder = path.join(home.folder, 'helpers');
  const search = `${folder}:/usr/bin:/bin`;
  const program = path.join(folder, 'docker-credential-osxkeychain');
  if (!fs.existsSync(program)) {
    fs.mkdirSync(folder, { recursive: true });
    const standIn = path.join(import.meta.dirname, 'store-stand-in.sh');
    const script = `#!/bin/sh\nexec '${standIn}' '${folder}' osxkeychain "$@"\n`;
    fs.writeFileSync(program, script, { mode: 0o755 });
  }
  return {
    search,
    move: async () => {
      const { status, stderr } = await call('store move osxkeychain', '', { PATH: search });
      assert.is(status, 0, stderr);
    },
    secret: (identity) => {
      const name = `https://docker-credential-icr/identity/${identity}`.replaceAll('/', '!');
      const file = path.join(folder, 'osxkeychain', name);
      if (!fs.existsSync(file)) return undefined;
      const { Secret } = JSON.parse(`{${fs.readFileSync(file, 'utf8')}`);
      return Secret.startsWith('{') ? JSON.parse(Secret).Secret : Secret;
    },
  };
}
