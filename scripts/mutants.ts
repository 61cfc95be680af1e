/**
 * Changes one operator, condition, literal or statement at a time in the modules that decide trust or hold secrets,
 * in copies of the project, and runs the tests of the module: each change must make one of them fail. Prints the
 * changes that no test notices. An interrupted run continues: mutants that a test has killed are not tested again unless
 * their file changes. TEST_FILES=src/registry/parse.ts selects files, SAMPLE=200 that many mutants at random,
 * SEED=7 another selection; with both, all mutants of the files and a sample of the others. Writes
 * docs/reliability.md unless only TEST_FILES is set.
 */
import fs from 'node:fs';
import path from 'node:path';
import { createRandom } from '../test/kubelet/random.ts';
import { filesOf, type Group, groups } from './mutants/groups.ts';
import { ignored, isIgnored } from './mutants/ignored.ts';
import { type Mutant, mutantsOf } from './mutants/make-mutants.ts';
import { withSources } from './mutants/parse-source.ts';
import {
  formatShare,
  type Result,
  type Row,
  reportRows,
  rowOf,
  totalsOf,
} from './mutants/report.ts';
import { openVerdicts, type Verdicts } from './mutants/verdicts.ts';
import { createWorker, stopTests, type TimedTest, type Worker } from './mutants/worker.ts';
import { replaceMutants } from './reliability-page.ts';
import { makeTestFolder } from './test-folder.ts';

const root = path.dirname(import.meta.dirname);
const page = path.join(root, 'docs', 'reliability.md');
const verdictFile = path.join(root, 'node_modules', '.cache', 'mutants.jsonl');
/** Of each 100 mutants. */
const fewestKilled = 90;
const atOnce = 2;

interface Plan extends Group {
  readonly mutants: readonly Mutant[];
  /** How many mutants the sample was taken from. */
  readonly sampledFrom?: number;
}

/** Returns a plan for each group and all its mutants. */
async function plan(): Promise<Plan[]> {
  return withSources(root, async (sourceOf) => {
    const plans: Plan[] = [];
    for (const group of groups) {
      const mutants: Mutant[] = [];
      for (const file of filesOf(root, group.sources, group.except)) {
        mutants.push(...mutantsOf(file, await sourceOf(file)));
      }
      plans.push({ ...group, tests: filesOf(root, group.tests), mutants });
    }
    return plans;
  });
}

/** Returns a plan for each file whose path contains one of the words. */
function selected(plans: readonly Plan[], words: readonly string[]): Plan[] {
  return plans.flatMap((group) =>
    [...new Set(group.mutants.map(({ file }) => file))]
      .filter((file) => words.some((word) => file.includes(word)))
      .map((name) => ({
        ...group,
        name,
        mutants: group.mutants.filter(({ file }) => file === name),
      })),
  );
}

/** Selects `size` of the mutants in files without these words; the same ones for the same seed. */
function sampled(
  plans: readonly Plan[],
  words: readonly string[],
  size: number,
  seed: number,
): Plan[] {
  const random = createRandom(seed);
  const others = plans.map((group) => ({
    ...group,
    mutants: group.mutants.filter(({ file }) => !words.some((word) => file.includes(word))),
  }));
  const order = others
    .flatMap(({ mutants }) => mutants)
    .map((mutant) => ({ mutant, at: random() }))
    .sort((a, b) => a.at - b.at);
  const chosen = new Set(order.slice(0, size).map(({ mutant }) => mutant));
  return others.map((group) => ({
    ...group,
    sampledFrom: group.mutants.length,
    mutants: group.mutants.filter((mutant) => chosen.has(mutant)),
  }));
}

/** The limits of test files that were measured. */
const limits = new Map<string, number>();

async function tryGroup(plan: Plan, workers: readonly Worker[], verdicts: Verdicts): Promise<Row> {
  const { name, tests, mutants, sampledFrom } = plan;
  const waiting = mutants.filter((mutant) => resultOf(mutant, verdicts) === undefined);
  const timed = waiting.length === 0 ? [] : await measured(tests, workers);
  const results: Result[] = [];
  for (const file of new Set(mutants.map((mutant) => mutant.file))) {
    const ofFile = await tryAll(
      mutants.filter((mutant) => mutant.file === file),
      timed,
      workers,
      verdicts,
    );
    for (const { mutant, verdict } of ofFile) {
      if (verdict !== 'survived') continue;
      console.log(`${file}:${mutant.line}\n  - ${mutant.original}\n  + ${mutant.mutated}`);
    }
    console.log(`${file}: ${formatShare(rowOf(file, ofFile))}`);
    results.push(...ofFile);
  }
  const row = rowOf(name, results, sampledFrom);
  console.log(`${name}: ${formatShare(row)}\n`);
  return row;
}

/** Returns the tests with their limits. */
async function measured(
  tests: readonly string[],
  [first]: readonly Worker[],
): Promise<TimedTest[]> {
  if (first === undefined) throw new Error('no worker');
  const timed: TimedTest[] = [];
  for (const file of tests) {
    const limitMs = limits.get(file) ?? 10_000 + 5 * (await first.measure(file));
    limits.set(file, limitMs);
    timed.push({ file, limitMs });
  }
  return timed;
}

/** Returns undefined if the tests have to be run. */
function resultOf(mutant: Mutant, verdicts: Verdicts): Result | undefined {
  if (ignored.some((row) => isIgnored(row, mutant))) return { mutant, verdict: 'ignored' };
  const entry = verdicts.earlier(mutant);
  return entry && { mutant, ...entry };
}

/** Each worker takes the next mutant; the results are in the order of the mutants. */
async function tryAll(
  mutants: readonly Mutant[],
  tests: TimedTest[],
  workers: readonly Worker[],
  verdicts: Verdicts,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...mutants.entries()];
  await Promise.all(
    workers.map(async (worker) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, mutant] = next;
        results[index] = resultOf(mutant, verdicts) ?? {
          mutant,
          ...verdicts.add(mutant, await worker.attempt(mutant, tests)),
        };
      }
    }),
  );
  return results;
}

/** Rows of the table of equivalent mutants that no mutant has any more. */
function staleRows(plans: readonly Plan[]): string[] {
  const mutants = plans.flatMap((group) => group.mutants);
  return ignored
    .filter((row) => !mutants.some((mutant) => isIgnored(row, mutant)))
    .map(({ file, original }) => `${file}: no mutant of this line is ignored: ${original}`);
}

async function main(): Promise<boolean> {
  const { TEST_FILES = '', SAMPLE = '', SEED = '' } = process.env;
  const words = TEST_FILES.split(/[\s,]+/).filter((word) => word !== '');
  const all = await plan();
  const isWhole = words.length === 0 && SAMPLE === '';
  const seed = Number(SEED || 1);
  const plans = [
    ...(isWhole ? all : selected(all, words)),
    ...(SAMPLE === '' ? [] : sampled(all, words, Number(SAMPLE), seed)),
  ].filter(({ mutants }) => mutants.length > 0);
  if (plans.length === 0) {
    throw new Error(`no module of scripts/mutants/groups.ts matches ${TEST_FILES}`);
  }
  const verdicts = openVerdicts(verdictFile);
  const folder = makeTestFolder();
  const end = (status: number) => {
    stopTests();
    // A test that is being killed may still write.
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    process.exit(status);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end(130));
  const rows: Row[] = [];
  try {
    const workers = Array.from({ length: atOnce }, (_, index) =>
      createWorker(root, path.join(folder, String(index))),
    );
    for (const group of plans) rows.push(await tryGroup(group, workers, verdicts));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const stale = isWhole ? staleRows(plans) : [];
  for (const line of stale) console.log(line);
  const totals = totalsOf(rows);
  for (const total of totals) console.log(`${total.name}: ${formatShare(total)}`);
  if (isWhole || SAMPLE !== '') {
    const section = reportRows(rows, totals, SAMPLE === '' ? undefined : seed);
    fs.writeFileSync(page, replaceMutants(fs.readFileSync(page, 'utf8'), section));
    console.log('wrote docs/reliability.md');
  }
  return stale.length === 0 && totals.every(({ percent }) => percent >= fewestKilled);
}

main().then(
  (isGood) => process.exit(isGood ? 0 : 1),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
