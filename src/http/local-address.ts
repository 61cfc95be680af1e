/** `hostname` as URL gives it: lower case, an IPv4 address in its usual form, IPv6 in brackets. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

/** The same for an address that no router passes on: `169.254.0.0/16`, `fe80::/10`. */
export function isLinkLocal(hostname: string): boolean {
  return /^169\.254(?:\.\d+){2}$/.test(hostname) || /^\[fe[89ab][\da-f]:/.test(hostname);
}
