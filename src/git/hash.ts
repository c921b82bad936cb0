/** Object ids: how git names what it stores. */
import { createHash } from 'node:crypto';
import type { ObjectFormat, ObjectType, Oid } from './store.ts';

/** Hexadecimal digits of an object id. */
export const oidLengths: Readonly<Record<ObjectFormat, number>> = { sha1: 40, sha256: 64 };

/** The id that git gives to an object of this type and content. */
export function hashObject(format: ObjectFormat, type: ObjectType, bytes: Uint8Array): Oid {
  return createHash(format).update(`${type} ${bytes.length}\0`).update(bytes).digest('hex') as Oid;
}

/** Whether the text is a full, lower-case object id of that format. */
export function isOid(text: string, format: ObjectFormat): text is Oid {
  return text.length === oidLengths[format] && /^[0-9a-f]+$/.test(text);
}
