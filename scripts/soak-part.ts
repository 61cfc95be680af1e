/** One test of `make soak`. */
export interface Part {
  readonly name: string;
  /** The test and its expected results: a section of docs/reliability.md. */
  readonly what: string;
  /** Returns the figures of the section, or undefined if the test cannot run here. Throws if a result is wrong. */
  readonly run: () => Promise<string | undefined>;
}

export function expect(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}

/** Returns the quantile of sorted numbers. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function milliseconds(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}
