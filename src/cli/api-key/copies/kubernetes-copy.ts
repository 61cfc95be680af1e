import type { Context } from '../../../context.ts';
import { HelperError, invalidInput } from '../../../errors.ts';
import { findProgram } from '../../../files/executables.ts';
import { isObject, type JsonObject, own, parseObject } from '../../../json-object.ts';
import type { Secrets } from '../../../mask.ts';
import { decodeName } from '../../../secrets/credential-file.ts';
import type { Copy } from './copy.ts';
import { runProgram } from './run-program.ts';

/** The place of a copy: an entry of a Secret, or all its entries. */
interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
  readonly entry: string | undefined;
  /** The context of kubectl's configuration; undefined in a pod. */
  readonly context: string | undefined;
}

const requestTimeoutSeconds = 30;
const timeoutMs = 60_000;

const pattern =
  /^kubernetes:\/\/(?<namespace>[a-z0-9][a-z0-9-]{0,62})\/(?<name>[a-z0-9][a-z0-9.-]{0,252})(?:\/(?<entry>[\w.-]{1,253}))?(?:\?context=(?<context>[^&#]+))?$/;

/** Parses `kubernetes://NAMESPACE/SECRET[/KEY][?context=CONTEXT]`. Throws `invalid-input`. */
export function parsePlace(target: string): SecretPlace {
  const { namespace, name, entry, context } = pattern.exec(target)?.groups ?? {};
  if (namespace === undefined || name === undefined) {
    throw invalidInput(
      'invalid Kubernetes Secret in --to',
      "use kubernetes://NAMESPACE/SECRET, kubernetes://NAMESPACE/SECRET/KEY, or 'kubernetes://NAMESPACE/SECRET?context=CONTEXT'",
    );
  }
  return { namespace, name, entry, context: context && decodeName(context) };
}

/**
 * Adds kubectl's current context, so that an interrupted rotation continues in the same cluster. In a pod, kubectl has no
 * configuration and uses the cluster of the pod.
 */
export async function withCurrentContext(context: Context, target: string): Promise<string> {
  if (parsePlace(target).context !== undefined) return target;
  try {
    const args = ['config', 'current-context'];
    const name = (await runKubectl(context, parsePlace(target), args, { secrets: [] })).trim();
    return name === '' ? target : `${target}?context=${encodeURIComponent(name)}`;
  } catch (error) {
    if (error instanceof HelperError && error.code === 'storage') return target;
    throw error;
  }
}

/**
 * A copy of a key in a Secret. kubectl reads and replaces it, so every way to log in to a cluster works. The API server
 * refuses the change if another program has changed the Secret since it was read (`resourceVersion`). `secrets` are masked
 * in errors.
 */
export function kubernetesCopy(context: Context, target: string, secrets: Secrets): Copy {
  const place = parsePlace(target);
  const url = `/api/v1/namespaces/${place.namespace}/secrets/${place.name}`;
  return {
    target,
    read: async () => {
      const secret = parseObject(
        await runKubectl(context, place, ['get', '--raw', url], { secrets }),
      );
      if (secret === undefined) throw notASecret(target);
      if (secret.immutable === true) throw immutable(target);
      const texts = textsOf(secret, place);
      return {
        texts,
        replace: async (changed) => {
          const next = { ...secret, data: { ...dataOf(secret), ...encoded(changed) } };
          await runKubectl(context, place, ['replace', '--raw', url, '-f', '-'], {
            input: JSON.stringify(next),
            secrets: [...secrets, ...Object.values(texts), ...Object.values(changed)],
          });
        },
      };
    },
  };
}

function dataOf({ data }: JsonObject): JsonObject {
  return isObject(data) ? data : {};
}

/** Returns the entries that are text. */
function textsOf(secret: JsonObject, { entry, name, namespace }: SecretPlace) {
  const data = dataOf(secret);
  if (entry !== undefined && own(data, entry) === undefined) {
    throw new HelperError('invalid-input', `Secret ${namespace}/${name} has no entry ${entry}`, {
      hint: `run kubectl describe secret ${name} --namespace ${namespace}`,
    });
  }
  const entries = Object.entries(data).filter(([key]) => entry === undefined || key === entry);
  return Object.fromEntries(
    entries.flatMap(([key, value]) => {
      const bytes = Buffer.from(String(value), 'base64');
      const text = bytes.toString();
      return Buffer.from(text).equals(bytes) ? [[key, text]] : [];
    }),
  );
}

function encoded(texts: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
}

/** Runs kubectl. Throws `misconfigured` if it is not on the `PATH`, and `storage` with its error. */
function runKubectl(
  context: Context,
  { context: cluster, namespace, name }: SecretPlace,
  args: readonly string[],
  given: { readonly input?: string; readonly secrets: Secrets },
): Promise<string> {
  const program = findProgram(context, 'kubectl');
  if (program === undefined) {
    throw new HelperError('misconfigured', 'kubectl is not on the PATH', {
      hint: 'install kubectl, which reads and changes the Secret',
    });
  }
  const global = [
    ...(cluster === undefined ? [] : [`--context=${cluster}`]),
    `--request-timeout=${requestTimeoutSeconds}s`,
  ];
  const options = {
    timeoutMs,
    what: `kubectl for Secret ${namespace}/${name}`,
    hint: `run kubectl get secret ${name} --namespace ${namespace}`,
    ...given,
  };
  return runProgram(context, program, [...global, ...args], options);
}

function notASecret(target: string): HelperError {
  return new HelperError('storage', `kubectl returned no Secret for ${target}`);
}

function immutable(target: string): HelperError {
  return new HelperError('storage', `${target} is immutable`, {
    hint: 'create a Secret with another name, and use it instead',
  });
}
