/** Decodes ASCII; returns undefined for other bytes. The first use of a `TextDecoder` costs `get` half a megabyte of memory. */
export function asciiText(bytes: Uint8Array): string | undefined {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
