import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Person } from './identity-cloud.ts';

/** The stand-in of a keychain in a person's home. */
export interface RaceKeychain {
  /** The PATH on which its helper is found. */
  readonly search: string;
  /** Moves every secret there. */
  readonly move: () => Promise<void>;
  /** An identity's secret in it. */
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
