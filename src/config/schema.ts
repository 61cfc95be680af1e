import type { Schema } from 'conf';
import { identityKinds, type Settings } from './settings.ts';

const text = { type: 'string', minLength: 1 } as const;
const milliseconds = { type: 'number', minimum: 0 } as const;

/** What `config.json` may hold. A member that an older version does not know is kept. */
export const schema: Schema<Settings> = {
  identities: {
    type: 'object',
    additionalProperties: {
      type: 'object',
      required: ['kind', 'since'],
      properties: {
        kind: { enum: [...identityKinds] },
        present: text,
        profile: text,
        since: milliseconds,
        owner: text,
        account: text,
        expiresAt: milliseconds,
      },
    },
  },
  mappings: {
    type: 'object',
    additionalProperties: {
      type: 'object',
      required: ['identity'],
      properties: { identity: text, present: text },
    },
  },
  iamEndpoint: text,
  ibmcloudSession: { type: 'boolean' },
  computeProfile: text,
  store: text,
  leftovers: text,
  others: text,
};
