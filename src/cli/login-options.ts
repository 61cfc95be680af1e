import type { Option } from './command.ts';

/** The group of the options of which at most one is given. */
export const secretGroup = 'Secret from (choose one)';

/** The sources of a secret that both `login` and `setup` accept. */
export const secretOptions: Readonly<Record<string, Option>> = {
  'api-key-stdin': {
    type: 'boolean',
    describe: 'read the API key from standard input',
    group: secretGroup,
  },
  'api-key-file': {
    type: 'string',
    describe: 'read the API key from a file: the key alone, or the JSON of the ibmcloud CLI',
    group: secretGroup,
  },
  sso: {
    type: 'boolean',
    describe: 'sign in with a one-time passcode from the browser',
    group: secretGroup,
  },
};

export const storeOption: Option = {
  type: 'string',
  describe: 'the credential store: osxkeychain, wincred, secretservice, pass, file',
  group: 'Storage',
};
