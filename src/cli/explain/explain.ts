import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import { findCredential } from '../../identity/find.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { parseImageReference } from '../../registry/image-reference.ts';
import type { Command } from '../command.ts';
import { type Finding, failure, problem, type Result, warning } from '../doctor/check.ts';
import { showResult, summaryOf } from '../doctor/report.ts';
import { accountFindings } from './account-steps.ts';
import { askClients } from './client-steps.ts';
import { credentialFindings, loginHint } from './credential-step.ts';
import { askOwner } from './iam-steps.ts';
import { askRegistry } from './registry-steps.ts';
import type { Step } from './step.ts';

interface ExplainArgs {
  readonly image: string;
  readonly push?: boolean;
  readonly json?: boolean;
}

/** For all requests together; each request has its own timeout as well. */
const totalTimeoutMs = 60_000;

export const explain: Command<ExplainArgs> = {
  options: {
    push: { type: 'boolean', describe: 'explain a push instead of a pull' },
    json: { type: 'boolean', describe: 'print JSON' },
  },
  examples: [
    ['explain us.icr.io/team/app:1', 'show each step of a pull, and how to fix the one that fails'],
    ['explain us.icr.io/team/app --push', 'the same for a push; nothing is uploaded'],
  ],
  run: async (rawContext, { image: text, push = false, json = false }) => {
    const image = parseImageReference(text);
    // The argument is not repeated: it may be an API key in the wrong place.
    if ('problem' in image) {
      throw new HelperError('invalid-input', `invalid image: ${image.problem}`, {
        hint: 'use HOST/NAMESPACE/IMAGE[:TAG] such as us.icr.io/team/app:1; for a host alone, run docker-credential-icr doctor HOST',
      });
    }
    const context = { ...rawContext, deadline: rawContext.now() + totalTimeoutMs };
    const step: Step = { context, lookup: lookupIn(context), image, isPush: push };
    const results: Result[] = [];
    const add = (name: string, findings: readonly Finding[]) => {
      for (const finding of findings) {
        results.push({ name, ...finding });
        if (!json) showResult(context, { name, ...finding });
      }
    };
    const isPossible = await runSteps(step, add);
    const name = `${image.registry}/${image.repository}`;
    if (json) {
      const action = push ? 'push' : 'pull';
      const answer = { ok: isPossible, image: name, action, steps: results };
      context.stdout(`${JSON.stringify(answer, null, 2)}\n`);
    } else {
      context.stdout(summaryOf(results));
    }
    return isPossible ? 0 : 1;
  },
};

/** Runs the steps in the order of a real pull or push. Returns true if it is possible. */
async function runSteps(
  start: Step,
  add: (name: string, findings: readonly Finding[]) => void,
): Promise<boolean> {
  let hasError = false;
  const show = (name: string, findings: readonly Finding[]) => {
    hasError ||= findings.some(({ state }) => state === 'error');
    add(name, findings);
  };
  const { findings, identity } = await askClients(start);
  show('client', findings);
  const step = identity === undefined ? start : withIdentity(start, identity);
  const { image, lookup } = step;
  const found = await attempt(() => findCredential(lookup, image.host));
  if (found instanceof HelperError) {
    show('credential', [failure(found)]);
    return false;
  }
  if (found === undefined) {
    const what = `no source has a credential for ${image.host.name}`;
    const registry = step.isPush ? undefined : await askRegistry(step, found);
    const isPublic = registry !== undefined && registry.error === undefined;
    show('credential', [
      isPublic ? warning(what, loginHint(step)) : problem(what, loginHint(step)),
    ]);
    if (isPublic) for (const [name, finding] of registry.findings(undefined)) show(name, [finding]);
    return !hasError;
  }
  show('credential', await credentialFindings(step, found));
  const owner = await askOwner(step, found);
  show('owner', [owner.finding]);
  const registry = await askRegistry(step, found);
  const account = await accountFindings(step, owner, registry);
  for (const [name, finding] of account.findings) show(name, [finding]);
  for (const [name, finding] of registry.findings(account.hint)) show(name, [finding]);
  return !hasError;
}

/** Looks up the credential as `docker-credential-icr-IDENTITY` does. */
function withIdentity(step: Step, identity: string): Step {
  const context = { ...step.context, identity };
  return { ...step, context, lookup: lookupIn(context) };
}
