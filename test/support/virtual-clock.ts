interface Timer {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that advances to the next timer when nothing else happens. */
interface VirtualClock {
  now: number;
  readonly pause: (milliseconds: number, stop: AbortSignal) => Promise<void>;
  /** Lets the timers of this time pass, and what follows from them. */
  readonly pass: (milliseconds: number) => Promise<void>;
}

export function createClock(now: number): VirtualClock {
  const timers = new Set<Timer>();
  const clock: VirtualClock = {
    now,
    pause: (milliseconds, stop) =>
      new Promise((resolve) => {
        if (stop.aborted || milliseconds <= 0) return resolve();
        const wake = () => {
          timers.delete(timer);
          stop.removeEventListener('abort', wake);
          resolve();
        };
        const timer = { at: clock.now + milliseconds, wake };
        timers.add(timer);
        stop.addEventListener('abort', wake);
      }),
    pass: async (milliseconds) => {
      const end = clock.now + milliseconds;
      for (;;) {
        await settle();
        let next: Timer | undefined;
        for (const timer of timers) if (next === undefined || timer.at < next.at) next = timer;
        if (next === undefined || next.at > end) break;
        clock.now = Math.max(clock.now, next.at);
        next.wake();
      }
      clock.now = end;
    },
  };
  return clock;
}

/** Runs everything that waits for no timer. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 1; turns += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
