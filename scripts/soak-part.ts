/** One thing that `make soak` does to the helper. */
export interface Part {
  readonly name: string;
  /** What is done, and what has to be true: a row of docs/reliability.md. */
  readonly what: string;
  /** The figures of a row. Throws where something is not as it should be; `undefined` where it cannot be done here. */
  readonly run: () => Promise<string | undefined>;
}

export function expect(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}

/** Of numbers that are sorted, the one below which that share of them is. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function milliseconds(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}
