/**
 * Returns true for a loopback address. `hostname` is in the form of `URL`: lower case, IPv4 normalized, IPv6 in
 * brackets.
 */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

/** Returns true for an address that is not routed, `169.254.0.0/16` or `fe80::/10`. `hostname` as for `isLoopback`. */
export function isLinkLocal(hostname: string): boolean {
  return /^169\.254(?:\.\d+){2}$/.test(hostname) || /^\[fe[89ab][\da-f]:/.test(hostname);
}
