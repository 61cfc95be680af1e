/** Returns true if the same request may get another answer in a moment. 501 says that it will never work. */
export function isPassing({ status }: { readonly status: number }): boolean {
  return status === 429 || (status >= 500 && status <= 599 && status !== 501);
}
