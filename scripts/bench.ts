/**
 * Measures whole processes in turns on this machine, prints the results and writes them to docs/benchmarks.md. The only
 * argument is the number of rounds.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSandbox } from '../test/sandbox/spawn.ts';
import { timeSingleFlight } from './bench/flight.ts';
import { describeMachine } from './bench/machine.ts';
import { listPrograms, ownPrograms } from './bench/own.ts';
import { type Measured, report } from './bench/report.ts';
import { type Rival, startRivals } from './bench/rivals.ts';
import { timeInTurns } from './bench/rounds.ts';
import { buildExecutable } from './build.ts';

const [rounds = 300] = process.argv.slice(2).map(Number);
const listRounds = 20;
const file = path.join(path.dirname(import.meta.dirname), 'docs', 'benchmarks.md');

async function measure(folder: string, rivals: readonly Rival[]): Promise<Measured> {
  const cloud = await spawnSandbox({ folder: path.join(folder, 'cloud') });
  try {
    const machine = describeMachine();
    const others = rivals.flatMap(({ program }) => program ?? []);
    const gets = timeInTurns([...(await ownPrograms(folder, cloud)), ...others], rounds);
    const lists = timeInTurns(listPrograms(folder), listRounds);
    const notInstalled = rivals.filter(({ program }) => !program).map(({ name }) => name);
    const flight = await timeSingleFlight(folder, cloud);
    return { machine, rounds, gets, notInstalled, listRounds, lists, flight };
  } finally {
    await cloud.close();
  }
}

buildExecutable();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-bench-'));
const rivals: Rival[] = [];
try {
  rivals.push(...(await startRivals(folder)));
  const text = report(await measure(folder, rivals));
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  console.log(text);
} finally {
  for (const { close } of rivals) close();
  fs.rmSync(folder, { recursive: true });
}
