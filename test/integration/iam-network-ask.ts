/**
 * Requests a token from IAM with this API key, or from the metadata service for `metadata`, with a timeout in
 * milliseconds. Prints the result.
 */

import { HelperError, inOneLine } from '../../src/errors.ts';
import { requestInstanceToken } from '../../src/iam/metadata.ts';
import { requestToken } from '../../src/iam/token-request.ts';
import { processContext } from '../../src/process-context.ts';

const [apiKey = '', limit] = process.argv.slice(2);
const context = processContext();
const options = { owner: 'the key', hint: 'stop', deadline: context.now() + Number(limit) };
try {
  if (apiKey === 'metadata') await requestInstanceToken(context, undefined, options);
  else await requestToken(context, { kind: 'api-key', apiKey }, options);
  context.stdout('granted');
} catch (error) {
  context.stdout(error instanceof HelperError ? inOneLine(error) : String(error));
}
