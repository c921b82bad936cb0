/** Git's packet lines: four hexadecimal digits of length, then the content. Pure. */

/** `flush` ends a message, `delimiter` a section of it. */
export type Packet = Buffer | 'flush' | 'delimiter';

export function encodePacket(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0'), 'latin1'), bytes]);
}

export const flushPacket = Buffer.from('0000', 'latin1');
export const delimiterPacket = Buffer.from('0001', 'latin1');

/** A message for a server: lines, with `null` for a delimiter, and a flush at the end. */
export function encodeMessage(lines: readonly (string | null)[]): Buffer {
  const parts = lines.map((line) => (line === null ? delimiterPacket : encodePacket(line)));
  return Buffer.concat([...parts, flushPacket]);
}

/**
 * The packets of an answer. `isWhole` is false where the bytes end within a packet, or are no packets at all: what was
 * read until there is given, and an answer that was cut off is not taken for a short one.
 */
export function readPackets(bytes: Buffer): { readonly packets: readonly Packet[]; readonly isWhole: boolean } {
  const packets: Packet[] = [];
  let at = 0;
  while (at < bytes.length) {
    const digits = bytes.toString('latin1', at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) return { packets, isWhole: false };
    const length = Number.parseInt(digits, 16);
    if (length < 4) {
      // 2 is the end of a response in protocol 2, which no HTTP server sends; 3 is not in use.
      if (length > 1) return { packets, isWhole: false };
      packets.push(length === 0 ? 'flush' : 'delimiter');
      at += 4;
      continue;
    }
    if (at + length > bytes.length) return { packets, isWhole: false };
    packets.push(bytes.subarray(at + 4, at + length));
    at += length;
  }
  return { packets, isWhole: true };
}

/** A packet's text without the line break at its end. */
export function packetText(packet: Buffer): string {
  return packet.toString('utf8').replace(/\n$/, '');
}

/** What a side-band carries, up to the flush that ends it. */
export interface Demultiplexed {
  /** Band 1. */
  readonly data: Buffer;
  /** Band 2: what the server prints for people. Not cleaned. */
  readonly messages: string;
  /** Band 3: the server gave up, with these words. Not cleaned. */
  readonly failure: string | null;
  /** Whether the flush was there. */
  readonly isEnded: boolean;
}

export function demultiplex(packets: readonly Packet[]): Demultiplexed {
  const data: Buffer[] = [];
  const messages: Buffer[] = [];
  let failure: string | null = null;
  let isEnded = false;
  for (const packet of packets) {
    if (packet === 'flush') {
      isEnded = true;
      break;
    }
    if (packet === 'delimiter' || packet.length === 0) continue;
    const band = packet[0];
    const rest = packet.subarray(1);
    if (band === 1) data.push(rest);
    else if (band === 2) messages.push(rest);
    else if (band === 3) failure = (failure ?? '') + rest.toString('utf8');
  }
  return { data: Buffer.concat(data), messages: Buffer.concat(messages).toString('utf8'), failure, isEnded };
}
