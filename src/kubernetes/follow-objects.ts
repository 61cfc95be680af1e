import { HelperError } from '../errors.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import { type ClusterApi, type ClusterWatch, refusal } from './cluster-api.ts';
import { type WatchEvent, watchSeconds } from './cluster-watch.ts';
import { backoffMs, type LoopControl } from './loop-control.ts';
import { listObjects, metadataOf, type ObjectSelection, versionOf } from './object-metadata.ts';
import type { ObjectMetadata } from './refreshed-secret.ts';

interface ObjectChanges {
  /** An object is new, or has another version. */
  readonly changed: (object: ObjectMetadata) => void;
  /** An object was deleted, or is no longer selected. */
  readonly removed: (object: ObjectMetadata) => void;
  readonly failed: (error: HelperError) => void;
}

/** A watch that ends earlier, without an event, is a failure: the next one must not follow at once. */
const usualWatchMs = 10_000;

/**
 * Lists objects and watches them until `stop` is aborted. A watch that ends continues with the last version; if the server does
 * not know this version anymore (410), the objects are listed again.
 */
export async function followObjects(
  { api, watch }: { readonly api: ClusterApi; readonly watch: ClusterWatch },
  selection: ObjectSelection,
  { changed, removed, failed }: ObjectChanges,
  { now, random, pause, stop }: LoopControl,
): Promise<void> {
  const known = new Map<string, ObjectMetadata>();
  let version: string | undefined;
  let failures = 0;
  let retryAfterMs = 0;

  const update = (object: ObjectMetadata) => {
    const { resourceVersion } = object;
    const last = known.get(keyOf(object))?.resourceVersion;
    known.set(keyOf(object), object);
    if (resourceVersion === '' || resourceVersion !== last) changed(object);
  };
  const remove = (object: ObjectMetadata) => {
    if (known.delete(keyOf(object))) removed(object);
  };
  const list = async () => {
    const { items, version: listed } = await listObjects(api, selection);
    const present = new Set(items.map(keyOf));
    for (const object of [...known.values()]) if (!present.has(keyOf(object))) remove(object);
    for (const object of items) update(object);
    return listed;
  };
  const take = ({ type, object }: WatchEvent) => {
    if (type === 'ADDED' || type === 'MODIFIED') update(metadataOf(object));
    if (type === 'DELETED') remove(metadataOf(object));
    version = versionIn(object) ?? version;
  };
  const follow = async () => {
    version ??= await list();
    const startedAt = now();
    const query = {
      ...selection.query,
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(watchSeconds),
      resourceVersion: version,
    };
    for await (const event of watch({ path: selection.path, query }, stop)) {
      if (event.type === 'ERROR') {
        // A Status may lack a code.
        const status = Number(event.object.code) || internalError;
        retryAfterMs = Math.min(event.retryAfterMs ?? 0, maxRetryAfterMs);
        if (status !== tooManyRequests) version = undefined;
        if (status === gone) return false;
        const text = JSON.stringify(event.object);
        throw refusal({ status, text }, `to watch ${selection.what}`);
      }
      take(event);
      failures = 0;
    }
    return now() - startedAt >= usualWatchMs;
  };

  while (!stop.aborted) {
    retryAfterMs = 0;
    try {
      failures = (await follow()) ? 0 : failures + 1;
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      failures += 1;
      // The server may have been restored to an earlier version, or sends an object that is not valid.
      if (failures % failuresBeforeList === 0) version = undefined;
      if (!stop.aborted) failed(error);
    }
    const delayMs = failures === 0 ? 1000 * random() : backoffMs(failures, random());
    await pause(Math.max(delayMs, retryAfterMs), stop);
  }
}

const failuresBeforeList = 3;
const gone = 410;
const tooManyRequests = 429;
const internalError = 500;
const maxRetryAfterMs = 60_000;

function keyOf({ namespace, name }: ObjectMetadata): string {
  return `${namespace}/${name}`;
}

function versionIn({ metadata }: JsonObject): string | undefined {
  const { resourceVersion } = isObject(metadata) ? metadata : {};
  return versionOf(resourceVersion) || undefined;
}
