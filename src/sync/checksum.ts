/**
 * A checksum of 64 bits, for files of our own that may be cut off, overwritten or edited. It keeps no secret and stands up to nobody
 * who forges it on purpose: it is here because loading `node:crypto` takes a fifth of what a short command takes in all.
 */
export function checksum(bytes: Uint8Array): string {
  const whole = bytes.length - (bytes.length % 8);
  const source = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Int32Array(source.buffer, source.byteOffset, whole / 4);
  let a = 0x2545f491 ^ bytes.length;
  let b = 0x6a09e667;
  // Written out: it runs long before it is compiled.
  for (let at = 0; at < words.length; at += 2) {
    a ^= words[at] as number;
    b ^= words[at + 1] as number;
    a = Math.imul((a << 15) | (a >>> 17), 0x9e3779b1);
    b = Math.imul((b << 13) | (b >>> 19), 0x85ebca77);
  }
  for (let at = whole; at < bytes.length; at++) {
    a = Math.imul(a ^ (bytes[at] as number), 0x27d4eb2f);
    b = Math.imul((b << 7) | (b >>> 25), 0x165667b1) + a;
  }
  return hexadecimal(mix(a ^ Math.imul(b, 0x9e3779b1))) + hexadecimal(mix(b ^ (a >>> 3)));
}

function mix(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  const twice = Math.imul(once ^ (once >>> 15), 0x846ca68b);
  return twice ^ (twice >>> 16);
}

function hexadecimal(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
