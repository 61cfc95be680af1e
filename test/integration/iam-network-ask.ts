/** Asks IAM for a token with this API key, for so many milliseconds at most. Prints what came of it. */
import { processContext } from '../../src/context.ts';
import { requestToken } from '../../src/iam/token.ts';

const [apiKey = '', limit] = process.argv.slice(2);
const context = processContext();
const grant = { kind: 'api-key', apiKey } as const;
const deadline = context.now() + Number(limit);
try {
  await requestToken(context, grant, { owner: 'the key', hint: 'stop', deadline });
  context.stdout('granted');
} catch (error) {
  context.stdout(error instanceof Error ? error.message : String(error));
}
