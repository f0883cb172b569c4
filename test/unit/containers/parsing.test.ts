import { Duplex, PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeName } from '../../../electron/core/containers/archive.ts';
import { segment } from '../../../electron/core/containers/api.ts';
import { keepStderr } from '../../../electron/core/containers/exec.ts';
import { createParser, splitFrames } from '../../../electron/core/containers/frames.ts';
import { imageName, kindOf } from '../../../electron/core/containers/kind.ts';
import { collationWarning, fromAlpine, fromDebian, libcVersionIn } from '../../../electron/core/containers/libraries.ts';
import { isOrphan, labelsOf, markOf } from '../../../electron/core/containers/owner.ts';

function frame(stream: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt8(stream, 0);
  head.writeUInt32BE(content.length, 4);
  return Buffer.concat([head, content]);
}

const frames = fc.array(fc.record({ stream: fc.constantFrom(0, 1, 2), content: fc.uint8Array({ maxLength: 40 }) }), { maxLength: 20 });

describe('frames of output', () => {
  it('come out as they went in, however they are cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sent, cuts) => {
        const all = Buffer.concat(sent.map(({ stream, content }) => frame(stream, content)));
        const parser = createParser();
        const got: Record<1 | 2, Buffer[]> = { 1: [], 2: [] };
        for (let at = 0, turn = 0; at < all.length; turn += 1) {
          const length = cuts[turn % cuts.length] ?? 1;
          for (const { stream, part } of parser.take(all.subarray(at, at + length))) got[stream].push(part);
          at += length;
        }
        const expected = (err: boolean) => Buffer.concat(sent.filter(({ stream }) => (stream === 2) === err).map(({ content }) => content));
        expect(Buffer.concat(got[1]).equals(expected(false))).toBe(true);
        expect(Buffer.concat(got[2]).equals(expected(true))).toBe(true);
        expect(parser.within()).toBe(false);
      }),
    );
  });

  it('are known to be cut short at every place within one', () => {
    const one = frame(1, Buffer.from('four'));
    for (let length = 1; length < one.length; length += 1) {
      const parser = createParser();
      parser.take(one.subarray(0, length));
      expect(parser.within()).toBe(true);
    }
  });

  it.each(['HTTP/1.1 200 OK\r\n\r\n', '\u0003\0\0\0\0\0\0\u0001x', '\u0001x\0\0\0\0\0\u0001x', '\u0001\0\0\0\u00ff\u00ff\u00ff\u00ff'])(
    'of something else are refused: %j',
    (text) => {
      expect(() => createParser().take(Buffer.from(text, 'latin1'))).toThrow('no frame');
    },
  );

  it('fail the output where the connection broke off, and close a connection that carries something else', async () => {
    const broken = new PassThrough();
    const { stdout, broke } = splitFrames(broken, () => undefined);
    broken.end(frame(1, Buffer.from('four')).subarray(0, 9));
    await expect(stdout.toArray()).rejects.toThrow('broke off');
    expect(broke()).toBe(true);
    const other = new PassThrough();
    const second = splitFrames(other, () => undefined);
    other.write('no frames at all');
    await expect(second.stdout.toArray()).rejects.toThrow('no frame');
    expect(other.destroyed).toBe(true);
  });
});

describe('output that nobody reads', () => {
  it('holds the connection back, and comes whole once it is read', async () => {
    const content = Buffer.alloc(64 << 10, 'x');
    let sent = 0;
    const connection = new Duplex({
      read() {
        // As a socket that always has more, up to 32 MB.
        setImmediate(() => {
          sent += 1;
          this.push(sent > 512 ? null : frame(1, content));
        });
      },
      write: (_chunk, _encoding, done) => done(),
    });
    const { stdout } = splitFrames(connection, () => undefined);
    for (let turn = 0; turn < 2000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBeLessThan(10);
    let bytes = 0;
    for await (const part of stdout as AsyncIterable<Buffer>) bytes += part.length;
    expect(bytes).toBe(512 * content.length);
  });
});

describe('error output', () => {
  const nonce = 'belay-0123456789abcdef01234567';
  it('loses the launcher’s own line and nothing else, however it is cut', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 50 }), (rest, size) => {
        const all = Buffer.from(`${nonce} 42\n${rest}`);
        const kept = keepStderr(nonce, 10_000);
        for (let at = 0; at < all.length; at += size) kept.take(all.subarray(at, at + size));
        expect({ pid: kept.pid(), text: kept.text() }).toEqual({ pid: 42, text: rest });
      }),
    );
  });

  it('is kept whole where no launcher spoke', () => {
    const kept = keepStderr(nonce, 100);
    kept.take(Buffer.from('OCI runtime exec failed\nmore'));
    expect({ pid: kept.pid(), text: kept.text() }).toEqual({ pid: undefined, text: 'OCI runtime exec failed\nmore' });
  });
});

describe('names in an archive', () => {
  it('never lead out of it', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', '', 'a', 'b c', '...'), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const name = parts.join('/');
        const inside = name !== '' && !name.startsWith('/') && !name.includes('\0') && !name.split('/').includes('..');
        if (inside) expect(safeName(name, '/x').split('/')).not.toContain('..');
        else expect(() => safeName(name, '/x')).toThrow('leads out');
      }),
    );
    expect(safeName('./a//b/./c/', '/x')).toBe('a/b/c');
  });
});

describe('ids', () => {
  it.each(['..', '.', '', 'a/b', '../version', 'a?b', 'a%2fb', '-x', 'a b'])('that are none are refused: %j', (text) => {
    expect(() => segment(text)).toThrow('no id');
  });
});

describe('the database of a container', () => {
  it.each([
    ['postgres:15-alpine', 'postgres'],
    ['registry.example:5000/team/postgis/postgis@sha256:0123', 'postgres'],
    ['mongo', 'mongodb'],
    ['valkey/valkey:8', 'redis'],
    ['prometheuscommunity/postgres-exporter', undefined],
    ['dpage/pgadmin4', undefined],
    ['node:24', undefined],
  ])('is told by its image: %s', (image, kind) => {
    expect(kindOf({ image, ports: [], envNames: [] })).toBe(kind);
  });

  it('is told by variables and ports where the image is one’s own', () => {
    expect(kindOf({ image: 'sha256:0123', ports: [], envNames: ['PATH', 'PGDATA'] })).toBe('postgres');
    expect(kindOf({ image: 'mine', ports: ['27017/tcp'], envNames: [] })).toBe('mongodb');
    expect(kindOf({ image: 'mongo-express', ports: ['27017/tcp'], envNames: [] })).toBeUndefined();
    expect(imageName('a.b:1/c/D-e:2@sha256:3')).toBe('d-e');
  });
});

describe('libraries', () => {
  it('are read from package databases', () => {
    expect(fromAlpine('C:Q1\nP:icu-data-en\nV:76.1-r0\n\nP:icu-libs\nV:76.1-r0\nA:x86_64\n\nP:musl\nV:1.2.5-r9\n')).toEqual({
      libc: 'musl 1.2.5',
      icu: '76.1',
    });
    const debian = [
      'Package: libc6\nStatus: install ok installed\nVersion: 2.36-9+deb12u14',
      'Package: libicu72\nStatus: install ok installed\nVersion: 72.1-3',
      'Package: libicu67\nStatus: deinstall ok config-files\nVersion: 67.1-7',
    ];
    expect(fromDebian(debian.join('\n\n'))).toEqual({ libc: 'glibc 2.36', icu: '72.1' });
    expect(fromDebian('')).toEqual({ libc: undefined, icu: undefined });
  });

  it('name themselves', () => {
    expect(libcVersionIn(Buffer.from('\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n\0'))).toBe('glibc 2.36');
    expect(libcVersionIn(Buffer.from('\x001.2.5\0musl libc (x86_64)\nVersion %s\n\0'))).toBe('musl 1.2.5');
    expect(libcVersionIn(Buffer.from('anything 1.2.3'))).toBeUndefined();
  });

  it('that differ, or are unknown on one side, are warned of', () => {
    const here = { libc: 'glibc 2.36', icu: '72.1' };
    expect(collationWarning(here, { ...here })).toBeUndefined();
    expect(collationWarning(here, { libc: 'musl 1.2.5', icu: '72.1' })).toContain('C library: glibc 2.36 at capture, musl 1.2.5 at the target');
    expect(collationWarning(here, { ...here, icu: undefined })).toContain('ICU: 72.1 at capture, unknown at the target');
  });
});

describe('owners', () => {
  const here = { installation: 'here', run: 'now' };
  const mark = { installation: 'here', run: 'now', nonce: 'n', until: 1000 };

  it('are told by labels that are whole', () => {
    expect(markOf(labelsOf(mark))).toEqual(mark);
    for (const missing of Object.keys(labelsOf(mark)))
      expect(markOf(Object.fromEntries(Object.entries(labelsOf(mark)).filter(([name]) => name !== missing)))).toBeUndefined();
    expect(markOf({ ...labelsOf(mark), 'belay.until': 'soon' })).toBeUndefined();
  });

  it('keep what is theirs for as long as they live', () => {
    expect(isOrphan(mark, here, 1e12)).toBe(false);
    expect(isOrphan({ ...mark, run: 'before' }, here, 0)).toBe(true);
    expect(isOrphan({ ...mark, installation: 'elsewhere' }, here, 2000)).toBe(false);
    expect(isOrphan({ ...mark, installation: 'elsewhere' }, here, 2000 + 3_600_000)).toBe(true);
  });
});
