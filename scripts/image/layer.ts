import { packTar } from 'modern-tar';
import { gzip } from '../package/archive.ts';

/** A file, a symlink if `link` is set, or a directory if neither is. */
export interface LayerEntry {
  /** Without a leading slash. */
  readonly name: string;
  readonly data?: Buffer;
  readonly link?: string;
  readonly mode?: number;
  /** The default is root. The group has the same number. */
  readonly uid?: number;
}

export interface Layer {
  readonly tar: Buffer;
  readonly compressed: Buffer;
}

/**
 * Returns a reproducible layer: entries are sorted by name and have the same modification time (seconds since 1970).
 * Container runtimes create the directories that are not listed, with mode 755 and owned by root.
 */
export async function layerOf(entries: readonly LayerEntry[], time: number): Promise<Layer> {
  const sorted = entries.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const packed = sorted.map(({ name, data, link, mode, uid = 0 }) => ({
    header: {
      name: data === undefined && link === undefined ? `${name}/` : name,
      size: data?.length ?? 0,
      mtime: new Date(time * 1000),
      uid,
      gid: uid,
      ...typeOf(data, link, mode),
    },
    body: data,
  }));
  const tar = Buffer.from(await packTar(packed));
  return { tar, compressed: gzip(tar) };
}

function typeOf(data: Buffer | undefined, link: string | undefined, mode: number | undefined) {
  if (link !== undefined) return { type: 'symlink' as const, linkname: link, mode: 0o777 };
  if (data !== undefined) return { type: 'file' as const, mode: mode ?? 0o644 };
  return { type: 'directory' as const, mode: mode ?? 0o755 };
}
