import type { LoopControl } from './loop-control.ts';

interface RefreshQueue {
  /** Runs the work for a key at this time, or earlier if that was planned already. */
  readonly add: (key: string, at: number) => void;
  readonly remove: (key: string) => void;
  /** Runs planned work until `stop` is aborted, and waits for what is running. */
  readonly run: (work: (key: string) => Promise<void>) => Promise<void>;
}

const parallel = 8;
const longestPauseMs = 60_000;
/** Keys of the same second are collected together. */
const roundMs = 1000;

/** Returns a queue that runs work at its time: at most eight keys in parallel, and never twice for one key. */
export function createQueue(
  { now, pause, stop }: LoopControl,
  beat: () => void = () => {},
): RefreshQueue {
  const planned = new Map<string, number>();
  /** Keys whose time has come, in order. */
  const due = new Set<string>();
  const running = new Set<Promise<void>>();
  const busy = new Set<string>();
  /** No planned key is due before. */
  let nextAt = Number.POSITIVE_INFINITY;
  let wakeUp = new AbortController();
  let bug: { readonly error: unknown } | undefined;
  stop.addEventListener('abort', () => wakeUp.abort());

  const collectDue = () => {
    if (now() < nextAt) return;
    nextAt = Number.POSITIVE_INFINITY;
    for (const [key, at] of planned) {
      if (at > now()) nextAt = Math.min(nextAt, at);
      else {
        planned.delete(key);
        due.add(key);
      }
    }
  };
  const start = (key: string, work: (key: string) => Promise<void>) => {
    due.delete(key);
    busy.add(key);
    const job = work(key)
      .catch((error) => {
        bug = { error };
      })
      .finally(() => {
        busy.delete(key);
        running.delete(job);
        wakeUp.abort();
      });
    running.add(job);
  };
  return {
    add: (key, at) => {
      const time = at <= now() ? at : Math.ceil(at / roundMs) * roundMs;
      const earliest = Math.min(time, planned.get(key) ?? time);
      planned.set(key, earliest);
      nextAt = Math.min(nextAt, earliest);
      wakeUp.abort();
    },
    remove: (key) => {
      planned.delete(key);
      due.delete(key);
    },
    run: async (work) => {
      while (!stop.aborted) {
        beat();
        if (bug !== undefined) throw bug.error;
        wakeUp = new AbortController();
        collectDue();
        for (const key of due) {
          if (running.size === parallel) break;
          if (!busy.has(key)) start(key, work);
        }
        const waitMs = Math.min(nextAt - now(), longestPauseMs);
        if (!stop.aborted) await pause(waitMs, wakeUp.signal);
      }
      await Promise.all(running);
    },
  };
}
