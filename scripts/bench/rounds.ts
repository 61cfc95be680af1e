import { peakMemory } from './memory.ts';
import { check, type Program, time } from './program.ts';

export interface Timing {
  readonly program: Program;
  /** Milliseconds. */
  readonly min: number;
  readonly median: number;
  /** KiB at most, of one run; `undefined` where that cannot be measured. */
  readonly memory: number | undefined;
}

/** Rounds that are not counted. */
const warmUp = 5;

/**
 * Runs every program once a round, so that whatever else the machine does hits all of them alike.
 * Each round begins with the next one: what a program leaves in the caches meets each of the others.
 */
export function timeInTurns(programs: readonly Program[], rounds: number): Timing[] {
  for (const program of programs) check(program);
  const times = programs.map((): number[] => []);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (let turn = 0; turn < programs.length; turn++) {
      const index = (turn + round) % programs.length;
      const program = programs[index];
      const took = program === undefined ? Number.NaN : time(program);
      if (round >= warmUp) times[index]?.push(took);
    }
  }
  return programs.map((program, index) => ({
    program,
    ...summarize(times[index] ?? []),
    memory: peakMemory(program),
  }));
}

export function summarize(times: readonly number[]): { min: number; median: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return { min: at(0), median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2 };
}
