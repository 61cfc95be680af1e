import { parseAllDocuments } from 'yaml';
import type { HttpAnswer } from '../../src/http/send.ts';
import type { ClusterRequest } from '../../src/kubernetes/cluster-api.ts';
import { failure, type KubernetesApi } from './kubernetes-api.ts';

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  /** The namespace of a Role; undefined for a ClusterRole. */
  readonly namespace?: string;
}

interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
  readonly namespace: string;
}

interface Authorizer {
  /** Returns a response with status 403 if no rule allows the request. */
  readonly check: (request: ClusterRequest) => HttpAnswer | undefined;
  /** The rights that no request has used, as `verb resource name`. */
  readonly unused: () => string[];
}

/** Enforces the rights in a manifest, as the API server does. */
export function createAuthorizer(manifest: string, api: KubernetesApi): Authorizer {
  const rules = rulesIn(manifest);
  const used = new Set<string>();
  const isAllowed = (access: Access) => {
    const rule = rules.find((each) => matches(each, access));
    if (rule === undefined) return false;
    used.add(right(access.verb, access.resource, rule.resourceNames ? access.name : ''));
    return true;
  };
  return {
    check: (request) => {
      const refused = accessesOf(request, api).find((access) => !isAllowed(access));
      if (refused === undefined) return undefined;
      const { verb, resource, name, namespace } = refused;
      return failure(403, `cannot ${verb} ${resource} ${name} in ${namespace || 'the cluster'}`);
    },
    unused: () => {
      const granted = rules.flatMap(({ verbs, resources, resourceNames = [''] }) =>
        verbs.flatMap((verb) =>
          resources.flatMap((resource) => resourceNames.map((name) => right(verb, resource, name))),
        ),
      );
      return granted.filter((each) => !used.has(each));
    },
  };
}

function right(verb: string, resource: string, name: string): string {
  return `${verb} ${resource} ${name}`.trim();
}

function rulesIn(manifest: string): Rule[] {
  const objects = parseAllDocuments(manifest).map((document) => document.toJS());
  return objects.flatMap(({ kind, rules, metadata }): Rule[] => {
    if (kind === 'ClusterRole') return rules;
    if (kind !== 'Role') return [];
    return rules.map((rule: Rule) => ({ ...rule, namespace: metadata.namespace }));
  });
}

function matches(rule: Rule, { verb, group, resource, name, namespace }: Access): boolean {
  return (
    rule.verbs.includes(verb) &&
    rule.apiGroups.includes(group) &&
    rule.resources.includes(resource) &&
    (rule.resourceNames === undefined || rule.resourceNames.includes(name)) &&
    (rule.namespace === undefined || rule.namespace === namespace)
  );
}

/** An apply of an object that does not exist requires the right to create it, too. */
function accessesOf({ method, path, query = {}, patch }: ClusterRequest, api: KubernetesApi) {
  const found = /^\/apis?\/(?:([\w.]+)\/)?v1\/(?:namespaces\/([^/]+)\/)?(\w+)(?:\/([^/]+))?$/.exec(
    path,
  );
  const [, group = '', namespace = '', resource = '', named = ''] = found ?? [];
  // A selector of one name is the name of the request.
  const name = named || (/^metadata\.name=(.+)$/.exec(query.fieldSelector ?? '')?.[1] ?? '');
  const read = query.watch === 'true' ? 'watch' : named === '' ? 'list' : 'get';
  const verb = { GET: read, POST: 'create', PATCH: 'patch' }[method];
  const access = { verb, group, resource, name, namespace };
  const stored = resource === 'leases' ? api.leases : api.secrets;
  const isNew = patch === 'apply' && !stored.has(`${namespace}/${name}`);
  return isNew ? [access, { ...access, verb: 'create' }] : [access];
}
