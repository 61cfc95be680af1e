// Image matching as in kubernetes/kubernetes, pkg/credentialprovider/keyring.go.

interface Address {
  readonly labels: readonly string[];
  readonly port: string;
  readonly path: string;
}

/** Parses the text with the prefix `https://` like Go's net/url. Returns undefined if it is invalid. */
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

/**
 * Matches like `URLsMatchStr`: the same number of labels, which match, the same port, and a path with the pattern's
 * path as prefix.
 */
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

/** Matches like Go's filepath.Match, without character classes, which patterns for registries do not use. */
function fits(pattern: string, label: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${source.replaceAll('*', '[^/]*').replaceAll('?', '[^/]')}$`).test(label);
}
