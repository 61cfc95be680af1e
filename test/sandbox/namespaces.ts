export interface Namespace {
  readonly name: string;
  readonly accountId: string;
  /** Can be pulled without a credential, like IBM's images at `icr.io`. */
  readonly public: boolean;
  /** The ID of its resource group. The default is none. */
  readonly resourceGroup?: string;
  /** What the registry's API lists: `us.icr.io/ns/image:1`. */
  readonly images?: readonly string[];
}

/** Creates the store of registry namespaces. A namespace that was not added accepts every valid credential. */
export function createNamespaces() {
  const namespaces = new Map<string, Namespace>();
  return {
    addNamespace(namespace: Namespace): Namespace {
      namespaces.set(namespace.name, namespace);
      return namespace;
    },
    removeNamespace: ({ name }: { readonly name: string }): boolean => namespaces.delete(name),
    namespace: (name: string): Namespace | undefined => namespaces.get(name),
    namespaces: (): readonly Namespace[] => [...namespaces.values()],
  };
}
