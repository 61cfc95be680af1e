/** Finds it when it is first asked for, and then keeps what was found, or thrown. */
export function once<Value>(find: () => Value): () => Value {
  let result: { readonly value: Value } | { readonly error: unknown } | undefined;
  return () => {
    result ??= attempt(find);
    if ('error' in result) throw result.error;
    return result.value;
  };
}

function attempt<Value>(find: () => Value) {
  try {
    return { value: find() };
  } catch (error) {
    return { error };
  }
}
