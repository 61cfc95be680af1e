export interface Namespace {
  readonly name: string;
  readonly accountId: string;
  /** Pulled without a credential, as IBM's own images at `icr.io` are. */
  readonly public: boolean;
}

/** Registry namespaces. One that nobody added is open to every valid credential. */
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
