// After kubernetes/kubernetes, pkg/credentialprovider/keyring.go: which image a pattern fits.

interface Address {
  readonly labels: readonly string[];
  readonly port: string;
  readonly path: string;
}

/** As Go's net/url reads `https://` and the text; `undefined` where it refuses. */
export function parseSchemeless(text: string): Address | undefined {
  const [, authority = '', rest = ''] = /^([^/?#]*)(.*)$/s.exec(text) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (/[\p{Cc} <>"\\^`{|}]/u.test(host) || /\p{Cc}/u.test(rest)) return undefined;
  const [, name = host, port] = /^(.*?)(?::(\d*))?$/s.exec(host) ?? [];
  if (name.includes(':')) return undefined;
  const path = rest.replace(/[?#].*$/s, '');
  try {
    return { labels: name.split('.'), port: port ?? '', path: decodeURIComponent(path) };
  } catch {
    return undefined;
  }
}

/** `URLsMatchStr`: as many labels, each of which fits; the same port; the path begins with the pattern's. */
export function matches(pattern: string, image: string): boolean {
  const wanted = parseSchemeless(pattern);
  const target = parseSchemeless(image);
  if (wanted === undefined || target === undefined) return false;
  return (
    wanted.port === target.port &&
    wanted.labels.length === target.labels.length &&
    target.path.startsWith(wanted.path) &&
    wanted.labels.every((label, index) => fits(label, target.labels[index] ?? ''))
  );
}

/** Go's filepath.Match, but for its character classes, which no registry's pattern has. */
function fits(pattern: string, label: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${source.replaceAll('*', '[^/]*').replaceAll('?', '[^/]')}$`).test(label);
}
