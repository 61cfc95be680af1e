import { countInstructions } from './instructions.ts';
import { peakMemory } from './memory.ts';
import { check, type Program, time } from './program.ts';

export interface Timing {
  readonly program: Program;
  readonly min: number;
  readonly median: number;
  /** Peak memory in KiB; undefined if it cannot be measured. */
  readonly memory: number | undefined;
  /** In user mode; undefined if they are not counted. */
  readonly instructions: number | undefined;
}

/** Rounds that are not counted. */
const warmUp = 5;

/**
 * Measures the programs in rounds: each round runs every program once, so that other load affects all of them equally,
 * and in a random order, so that no program always profits from the caches that the same other program has filled.
 */
export function timeInTurns(programs: readonly Program[], rounds: number): Timing[] {
  for (const program of programs) check(program);
  const samples = programs.map((program) => ({ program, times: [] as number[] }));
  for (let round = -warmUp; round < rounds; round++) {
    for (const { program, times } of shuffle(samples)) {
      const took = time(program);
      if (round >= 0) times.push(took);
    }
  }
  return samples.map(({ program, times }) => ({
    program,
    ...summarize(times),
    memory: typicalMemory(program),
    instructions: program.isSingleProcess ? countInstructions(program) : undefined,
  }));
}

function shuffle<Item>(items: readonly Item[]): Item[] {
  const drawn = items.map((item) => ({ item, lot: Math.random() }));
  return drawn.sort((a, b) => a.lot - b.lot).map(({ item }) => item);
}

function typicalMemory(program: Program): number | undefined {
  const peaks = Array.from({ length: 5 }, () => peakMemory(program) ?? Number.NaN);
  const { median } = summarize(peaks);
  return Number.isNaN(median) ? undefined : median;
}

export function summarize(times: readonly number[]): { min: number; median: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return { min: at(0), median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2 };
}
