import { HelperError } from '../errors.ts';

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const subdomain = new RegExp(`^${label}(?:\\.${label})*$`);

/** The name of most Kubernetes objects: a DNS subdomain (RFC 1123). Throws `invalid-input`. */
export function requireObjectName(name: string): string {
  if (name.length <= 253 && subdomain.test(name)) return name;
  throw invalid('the name of a Kubernetes object', '253', 'letters, digits, hyphens and dots');
}

/** A namespace's name: a DNS label. Throws `invalid-input`. */
export function requireNamespace(name: string): string {
  if (subdomain.test(name) && !name.includes('.')) return name;
  throw invalid('the name of a Kubernetes namespace', '63', 'letters, digits and hyphens');
}

function invalid(what: string, longest: string, characters: string): HelperError {
  return new HelperError(
    'invalid-input',
    `${what} has small ${characters}, ${longest} at most, and begins and ends with a letter or digit`,
  );
}
