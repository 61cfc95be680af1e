import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * Calls `use` with the descriptor of a pipe that contains `text` and is closed at its other end, like the standard
 * input that clients pass. Bun's `input` option would pass a file in memory. `text` may have up to 64 KiB, the capacity
 * of a pipe.
 */
export function withPipe<Value>(text: string, use: (descriptor: number) => Value): Value {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-pipe-'));
  const file = path.join(folder, 'pipe');
  try {
    execFileSync('mkfifo', [file]);
    // Opening only one end of a FIFO blocks until the other end is opened.
    const writing = fs.openSync(file, fs.constants.O_RDWR);
    const reading = fs.openSync(file, fs.constants.O_RDONLY);
    fs.writeSync(writing, text);
    fs.closeSync(writing);
    try {
      return use(reading);
    } finally {
      fs.closeSync(reading);
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
