import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { causeHint, refusalHint } from '../../src/cli/explain/refusal-hint.ts';
import type { Step } from '../../src/cli/explain/step.ts';
import { HelperError } from '../../src/errors.ts';
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

function stepOf(name: string): Step {
  const image = parseImageReference(name);
  if ('problem' in image) throw new Error(image.problem);
  const context = testContext();
  return { context, lookup: lookupIn(context), image, isPush: false };
}

for (const [owner, message, hint] of rows) {
  test(`${owner}, ${message}: ${hint}`, () => {
    const step = stepOf('us.icr.io/ns/image');
    const text = JSON.stringify({ errors: [{ code: 'DENIED', message }] });
    const answer = { status: 403, text, header: () => undefined };
    const labels = { service: 'the registry', owner, hint: '' };
    const refusal = fails(() => accept(answer, 'us.icr.io', labels), 'refused');
    assert.is(refusalHint(step, refusal, { policyHint }), hint);
  });
}

const causes: readonly (readonly [text: string, hint: RegExp | undefined])[] = [
  [
    'Access from IP address 192.0.2.1 is not allowed.',
    /^add the address of this machine to the al/,
  ],
  [
    'Private-only access is enabled on this account, but …',
    /^use private\.us\.icr\.io from inside/,
  ],
  ['Your account has exceeded its image storage quota.', /^delete images .* --storage MEGABYTES/],
  ['Your account has exceeded its pull traffic quota.', /^wait for the next month/],
  ['Quota exceeded', /^wait for the next month/],
  ['Denied by a context-based restriction', /^check the rules for container-registry/],
  ['Provided API key could not be found.', undefined],
];
for (const [serviceText, hint] of causes) {
  test(`the cause of IAM's or the registry's refusal "${serviceText}"`, () => {
    const error = new HelperError('refused', 'IAM refused the API key', { serviceText });
    const found = causeHint(stepOf('us.icr.io/ns/image'), error);
    if (hint === undefined) assert.is(found, undefined);
    else assert.match(found ?? '', hint);
  });
}

const foreign: readonly (readonly [code: string, text: string, hint: RegExp])[] = [
  ['DENIED', 'exceeded its pull traffic quota', /^ask the owner of ns to increase the quota$/],
  ['DENIED', 'Private-only access is enabled', /^use private\.us\.icr\.io/],
  ['DENIED', 'insufficient scope', /^run docker-credential-icr map us\.icr\.io IDENTITY with/],
  ['MANIFEST_UNKNOWN', 'x', /^check the tag, .* list-tags docker:\/\/us\.icr\.io\/ns\/image$/],
  ['NAME_UNKNOWN', 'x', /^run docker-credential-icr map .*, or ibmcloud cr namespace-add ns$/],
];
for (const [serviceCode, serviceText, hint] of foreign) {
  test(`a namespace of another account, ${serviceCode}: ${serviceText}`, () => {
    const refusal = new HelperError('refused', 'refused', { serviceCode, serviceText });
    const state = { isOwn: false, isOverQuota: true, isPrivateOnly: true, policyHint };
    assert.match(refusalHint(stepOf('us.icr.io/ns/image'), refusal, state) ?? '', hint);
  });
}

test.run();
