import { describe, expect, it } from 'vitest';
import { MissingRecord, Shelf } from '../../src/core/shelf.ts';

function missing(act: () => unknown): MissingRecord {
  try {
    act();
  } catch (error) {
    if (error instanceof MissingRecord) return error;
    throw error;
  }
  throw new Error('nothing was missing');
}

describe('a complete shelf', () => {
  const shelf = new Shelf<string>('tasks', true, [['a', 'A']]);

  it('knows that what it does not hold does not exist', () => {
    expect(shelf.get('a')).toBe('A');
    expect(shelf.get('b')).toBeUndefined();
    expect(shelf.isLoaded('b')).toBe(true);
    expect(shelf.isComplete).toBe(true);
    expect(() => shelf.require(['a', 'b'])).not.toThrow();
  });
});

describe('a shelf that is partly loaded', () => {
  const make = () => new Shelf<string>('knowledge', false, [['a', 'A']], ['gone']);

  it('asks for what it does not know, by name', () => {
    const shelf = make();
    expect(shelf.get('a')).toBe('A');
    expect(missing(() => shelf.get('b'))).toMatchObject({ collection: 'knowledge', key: 'b', keys: ['b'] });
    expect(shelf.isLoaded('b')).toBe(false);
  });

  it('knows what it was told to be absent', () => {
    const shelf = make();
    expect(shelf.get('gone')).toBeUndefined();
    shelf.set('b', null);
    expect(shelf.get('b')).toBeUndefined();
    shelf.set('b', 'B');
    expect(shelf.get('b')).toBe('B');
  });

  it('asks for several at once', () => {
    const shelf = make();
    expect(missing(() => shelf.require(['a', 'b', 'gone', 'c']))).toMatchObject({ key: 'b', keys: ['b', 'c'] });
    expect(() => shelf.require(['a', 'gone'])).not.toThrow();
  });

  it('does not know any more what it was made to forget', () => {
    const shelf = make();
    shelf.forget('a');
    shelf.forget('gone');
    expect(missing(() => shelf.get('a')).key).toBe('a');
    expect(missing(() => shelf.get('gone')).key).toBe('gone');
  });

  it('has copies that live their own lives', () => {
    const shelf = make();
    const copy = shelf.clone();
    copy.set('a', 'changed');
    copy.set('b', 'B');
    expect([...shelf.loaded()]).toEqual(['A']);
    expect([...copy.loaded()]).toEqual(['changed', 'B']);
    expect(copy.get('gone')).toBeUndefined();
  });
});
