import type { Client } from './client.ts';
import { textSetting } from './cred-helpers.ts';
import { credHelpersClient } from './cred-helpers-client.ts';
import { dockerConfigFile } from './docker.ts';
import { missingStoreNotes, typed } from './notes.ts';

/**
 * nerdctl reads Docker's file and looks for `us.icr.io:443` before `us.icr.io`; its login writes under the first, in
 * plain text where no helper is named for it.
 * Source: containerd/nerdctl, pkg/imgutil/dockerconfigresolver (CanonicalIdentifier, AllIdentifiers).
 */
export const nerdctl: Client = credHelpersClient({
  name: 'nerdctl',
  file: dockerConfigFile,
  spellings: (host) => [host, `${host}:443`],
  logout: (_, key) => `run nerdctl logout ${typed(key.replace(/^https?:\/\/([^/]*)$/, '$1'))}`,
  notes: (context, read) => missingStoreNotes(context, read.file, textSetting(read, 'credsStore')),
});
