import fs from 'node:fs';

/** A process, from /proc/PID/stat; see proc(5). */
interface ProcessStat {
  readonly pid: number;
  /** One letter: `R` for running, `T` for stopped, `Z` for a zombie. */
  readonly state: string;
  readonly parentPid: number;
  /** The start time in clock ticks since boot. */
  readonly started: string;
}

/** Throws the system's error if the process or `/proc` does not exist. */
export function processStat(process: number | 'self', proc = '/proc'): ProcessStat {
  const text = fs.readFileSync(`${proc}/${process}/stat`, 'utf8');
  // The second field, the program's name, may contain spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid: Number.parseInt(text, 10),
    state: fields[0] ?? '',
    parentPid: Number(fields[1]),
    started: fields[19] ?? '',
  };
}

/** Docker's protocol verbs. */
const verbs = ['get', 'store', 'erase', 'list'];
/** Limits the search; a loop has this program among the first few ancestors. */
const maxAncestors = 100;

/**
 * Returns true if an ancestor process is this program, started with a protocol verb: then a helper that it called has
 * called it again (a credential helper loop). Returns false on systems without `/proc`. `script` is the script that the
 * interpreter runs, if this program is not compiled.
 */
export function isCalledByItself(script?: string, proc = '/proc'): boolean {
  try {
    const own = fs.readlinkSync(`${proc}/self/exe`);
    let pid = parentOf(proc, 'self');
    for (let i = 0; i < maxAncestors && pid > 0; i += 1) {
      if (runsVerb(`${proc}/${pid}`, own, script)) return true;
      pid = parentOf(proc, pid);
    }
  } catch {
    // /proc does not exist, or an ancestor has exited.
  }
  return false;
}

function parentOf(proc: string, pid: number | 'self'): number {
  return processStat(pid, proc).parentPid;
}

/** Only a verb without other arguments counts: below `docker-credential-icr exec`, clients call this program without a loop. */
function runsVerb(processPath: string, own: string, script: string | undefined): boolean {
  if (executableOf(processPath) !== own) return false;
  const [, ...args] = fs.readFileSync(`${processPath}/cmdline`, 'utf8').split('\0').slice(0, -1);
  if (args.length === 2 && script !== undefined && isSameFile(String(args[0]), script))
    args.shift();
  return args.length === 1 && verbs.some((verb) => verb === args[0]);
}

function isSameFile(one: string, other: string): boolean {
  try {
    return fs.realpathSync(one) === fs.realpathSync(other);
  } catch {
    return false;
  }
}

/** Returns undefined for a process of another user, whose link cannot be read. */
function executableOf(processPath: string): string | undefined {
  try {
    return fs.readlinkSync(`${processPath}/exe`);
  } catch {
    return undefined;
  }
}
