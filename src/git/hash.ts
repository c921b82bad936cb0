/** Object ids: how git names what it stores. */
import { createHash, hash } from 'node:crypto';
import type { ObjectFormat, ObjectType, Oid } from './store.ts';

/** Hexadecimal digits of an object id. */
export const oidLengths: Readonly<Record<ObjectFormat, number>> = { sha1: 40, sha256: 64 };

/** In bytes: up to here a copy costs less than a hash object. */
const copiedUpTo = 2048;

/** The id that git gives to an object of this type and content. */
export function hashObject(format: ObjectFormat, type: ObjectType, bytes: Uint8Array): Oid {
  const header = `${type} ${bytes.length}\0`;
  if (bytes.length <= copiedUpTo) {
    const whole = Buffer.allocUnsafe(header.length + bytes.length);
    whole.write(header, 'latin1');
    whole.set(bytes, header.length);
    return hash(format, whole) as Oid;
  }
  return createHash(format).update(header).update(bytes).digest('hex') as Oid;
}

/** Whether the text is a full, lower-case object id of that format. */
export function isOid(text: string, format: ObjectFormat): text is Oid {
  return text.length === oidLengths[format] && /^[0-9a-f]+$/.test(text);
}
