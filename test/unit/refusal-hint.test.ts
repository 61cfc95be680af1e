import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { refusalHint } from '../../src/cli/explain/refusal-hint.ts';
import { accept } from '../../src/http/accept.ts';
import { lookupIn } from '../../src/identity/lookup.ts';
import { parseImageReference } from '../../src/registry/image-reference.ts';
import { testContext } from '../support/context.ts';
import { fails } from '../support/rejects.ts';

const test = suite('hint for the refusal of a token');

const policyHint = 'the hint of a missing policy';
const quotaHint =
  'wait for the next month, or run ibmcloud cr region-set us-south && ibmcloud cr quota-set --traffic MEGABYTES, on the free plan after ibmcloud cr plan-upgrade standard';

const rows: readonly (readonly [owner: string, text: string, hint: string])[] = [
  ['user name iamapikey', 'Your account has exceeded its pull traffic quota.', quotaHint],
  ['user name iamapikey', 'insufficient scope', policyHint],
  // Only the text of the registry counts, not that of the message.
  ['user name quota', 'insufficient scope', policyHint],
];

for (const [owner, message, hint] of rows) {
  test(`${owner}, ${message}: ${hint}`, () => {
    const image = parseImageReference('us.icr.io/ns/image');
    if ('problem' in image) throw new Error(image.problem);
    const context = testContext();
    const step = { context, lookup: lookupIn(context), image, isPush: false };
    const text = JSON.stringify({ errors: [{ code: 'DENIED', message }] });
    const answer = { status: 403, text, header: () => undefined };
    const labels = { service: 'the registry', owner, hint: '' };
    const refusal = fails(() => accept(answer, 'us.icr.io', labels), 'refused');
    assert.is(refusalHint(step, refusal, { policyHint }), hint);
  });
}

test.run();
