/**
 * Changes one operator, condition, literal or statement at a time in the modules that decide trust or hold secrets,
 * in copies of the project, and runs the tests of the module: each change must make one of them fail. Prints the
 * changes that no test notices, and writes docs/reliability.md if every mutant was tried.
 * TEST_FILES=src/registry/parse.ts selects files, SAMPLE=200 that many mutants at random, SEED=7 another selection.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRandom } from '../test/kubelet/random.ts';
import { filesOf, type Group, groups } from './mutants/groups.ts';
import { ignored, isIgnored } from './mutants/ignored.ts';
import { type Mutant, mutantsOf } from './mutants/make-mutants.ts';
import { withSources } from './mutants/parse-source.ts';
import { formatShare, type Result, type Row, reportRows, rowOf } from './mutants/report.ts';
import { createWorker, stopTests, type TimedTest, type Worker } from './mutants/worker.ts';
import { replaceMutants } from './reliability-page.ts';

const root = path.dirname(import.meta.dirname);
const page = path.join(root, 'docs', 'reliability.md');
/** Of each 100 mutants. */
const fewestKilled = 90;
const atOnce = 2;

interface Plan extends Group {
  readonly mutants: readonly Mutant[];
}

async function plan(words: readonly string[]): Promise<Plan[]> {
  return withSources(root, async (sourceOf) => {
    const plans: Plan[] = [];
    for (const group of groups) {
      const files = filesOf(root, group.sources, group.except).filter(
        (file) => words.length === 0 || words.some((word) => file.includes(word)),
      );
      const mutants: Mutant[] = [];
      for (const file of files) mutants.push(...mutantsOf(file, await sourceOf(file)));
      if (mutants.length > 0) plans.push({ ...group, mutants });
    }
    return plans;
  });
}

/** Chooses `size` of all mutants; the same ones for the same seed. */
function sampled(plans: readonly Plan[], size: number, seed: number): Plan[] {
  const random = createRandom(seed);
  const all = plans.flatMap(({ mutants }) => mutants);
  const order = all.map((mutant) => ({ mutant, at: random() })).sort((a, b) => a.at - b.at);
  const chosen = new Set(order.slice(0, size).map(({ mutant }) => mutant));
  return plans
    .map((group) => ({ ...group, mutants: group.mutants.filter((mutant) => chosen.has(mutant)) }))
    .filter(({ mutants }) => mutants.length > 0);
}

async function tryGroup({ name, tests, mutants }: Plan, workers: readonly Worker[]): Promise<Row> {
  const [first] = workers;
  if (first === undefined) throw new Error('no worker');
  const timed: TimedTest[] = [];
  for (const file of filesOf(root, tests)) {
    timed.push({ file, limitMs: 10_000 + 5 * (await first.measure(file)) });
  }
  const results: Result[] = [];
  for (const file of new Set(mutants.map((mutant) => mutant.file))) {
    const ofFile = await tryAll(
      mutants.filter((mutant) => mutant.file === file),
      timed,
      workers,
    );
    for (const { mutant, verdict } of ofFile) {
      if (verdict !== 'survived') continue;
      console.log(`${file}:${mutant.line}\n  - ${mutant.original}\n  + ${mutant.mutated}`);
    }
    console.log(`${file}: ${formatShare(rowOf(file, ofFile))}`);
    results.push(...ofFile);
  }
  const row = rowOf(name, results);
  console.log(`${name}: ${formatShare(row)}\n`);
  return row;
}

/** Each worker takes the next mutant; the results are in the order of the mutants. */
async function tryAll(
  mutants: readonly Mutant[],
  tests: readonly TimedTest[],
  workers: readonly Worker[],
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...mutants.entries()];
  await Promise.all(
    workers.map(async (worker) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, mutant] = next;
        const isEquivalent = ignored.some((row) => isIgnored(row, mutant));
        const verdict = isEquivalent ? 'ignored' : await worker.attempt(mutant, tests);
        results[index] = { mutant, verdict };
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
  const all = await plan(words);
  if (all.length === 0)
    throw new Error(`no module of scripts/mutants/groups.ts matches ${TEST_FILES}`);
  const plans = SAMPLE === '' ? all : sampled(all, Number(SAMPLE), Number(SEED || 1));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-mutants-'));
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
    for (const group of plans) rows.push(await tryGroup(group, workers));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  const isWhole = words.length === 0 && SAMPLE === '';
  const stale = isWhole ? staleRows(plans) : [];
  for (const line of stale) console.log(line);
  const total = rowOf(
    'all',
    rows.flatMap(({ results }) => results),
  );
  console.log(`all: ${formatShare(total)}`);
  if (isWhole) {
    fs.writeFileSync(page, replaceMutants(fs.readFileSync(page, 'utf8'), reportRows(rows, total)));
    console.log('wrote docs/reliability.md');
  }
  return stale.length === 0 && total.percent >= fewestKilled;
}

main().then(
  (isGood) => process.exit(isGood ? 0 : 1),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
