/** What the lessons of buffers, streams and compression claim. */
import { bytes, count } from '../../../src/demos/kit/answer/units.ts';
import { min, sum, type Claim, type Claims } from '../claim.ts';
import type { Figures } from '../figures.ts';

const stalledShare = (f: Figures) => f.number('rowsWhileStalled') / f.number('rows');
const archive: readonly Claim[] = [
  { says: /are too few to show back-pressure/, holds: (f) => f.number('bytes') < 500_000 },
  { says: /^A stalled client stopped the (?:chain|loops)/, holds: (f) => stalledShare(f) < 1 },
  { says: /^Nothing stopped the (?:chain|loops)/, holds: (f) => stalledShare(f) === 1 },
  {
    says: /waited for drain (\d+) time/,
    holds: (f, [pauses]) => f.number('pauses') === Number(pauses),
  },
  { says: /The bytes are those of \/chain/, holds: (f) => f.is('sameAsChain') },
];

const download: readonly Claim[] = [
  { says: /is too small to tell/, holds: (f) => f.number('bytes') < 1_000_000 },
  {
    says: /^(Streaming|Buffering) held (.+?) of (.+?) for a stalled client/,
    holds: (f, [, held, total]) =>
      held === bytes(f.number('heldBytes')) && total === bytes(f.number('bytes')),
  },
  { says: /then waited for the client/, holds: (f) => f.number('heldBytes') < f.number('bytes') },
  { says: /read all of it before the client/, holds: (f) => f.number('heldBytes') === f.number('bytes') },
];

const abandoned: readonly Claim[] = [
  {
    says: /left (no|\d+) descriptors? open after/,
    holds: (f, [open]) => f.number('openDescriptorsAfter') === (open === 'no' ? 0 : Number(open)),
  },
  { says: /No descriptor leaked/, holds: (f) => f.number('openDescriptorsAfter') === 0 },
];

export const dataClaims: Claims = {
  'buffers/alloc': [
    {
      says: /(\d+) of .+ of allocUnsafe (?:was|were) dirty/,
      holds: (f, [dirty]) =>
        f.row('ways', 'way', 'allocUnsafe').number('dirtyBuffers') === Number(dirty) &&
        f.row('ways', 'way', 'alloc').number('dirtyBuffers') === 0,
    },
    {
      says: /happened to be clean/,
      holds: (f) => f.row('ways', 'way', 'allocUnsafe').number('dirtyBuffers') === 0,
    },
    {
      says: /: alloc was [\d.]+× slower/,
      holds: (f) =>
        f.row('ways', 'way', 'alloc').number('totalMs') >
        1.2 * f.row('ways', 'way', 'allocUnsafe').number('totalMs'),
    },
  ],
  'buffers/methods': [
    {
      says: /^write\(\) stored all (\d+) bytes? of the text/,
      holds: (f, [stored]) =>
        f.number('writtenBytes') === Number(stored) && f.number('textBytes') === Number(stored),
    },
    {
      says: /^write\(\) stored (\d+) of (\d+) bytes?, without an error/,
      holds: (f, [stored, all]) =>
        f.number('writtenBytes') === Number(stored) &&
        f.number('textBytes') === Number(all) &&
        f.number('writtenBytes') <= f.number('sizeBytes') &&
        f.number('textBytes') > f.number('sizeBytes'),
    },
    {
      says: /The buffer kept its (\d+) bytes? after every call/,
      holds: (f, [size]) =>
        f.number('lengthAfterAll') === Number(size) && f.number('sizeBytes') === Number(size),
    },
    {
      says: /latin1 lost (\d+) character/,
      holds: (f, [lost]) => f.number('lostInLatin1') === Number(lost) && Number(lost) > 0,
    },
  ],
  'buffers/views': [
    {
      says: /^(\d+) of 7 ways share memory/,
      holds: (f, [shared]) =>
        f.rows('ways').filter((row) => row.is('sawTheWrite') && row.is('wroteBack')).length ===
        Number(shared),
    },
  ],
  'streams/file': download,
  'streams/file-buffered': download,
  'streams/chain': archive,
  'streams/async-iteration': archive,
  'streams/pipe': abandoned,
  'streams/pipeline': abandoned,
  'streams/upload': [
    { says: /^The body was empty/, holds: (f) => f.number('bytes') === 0 },
    { says: /are too few to tell/, holds: (f) => f.number('bytes') < 1_000_000 },
    {
      says: /^At most (.+) of (.+) were in memory/,
      holds: (f, [held]) => bytes(f.number('peakHeldBytes')) === held,
    },
    { says: /never far ahead of the disk/, holds: (f) => f.number('peakHeldBytes') < f.number('bytes') / 2 },
  ],
  'streams/backpressure': [
    {
      says: /^The source paused (\d+) times?; at most (.+) queued/,
      holds: (f, [pauses, queued], query) =>
        query.text('respect') === 'true' &&
        f.number('pauses') === Number(pauses) &&
        bytes(f.number('peakBufferedBytes')) === queued,
    },
    { says: /^The source never paused/, holds: (f) => f.number('pauses') === 0 },
  ],
  'compression/compare': [
    {
      says: /^No encoding made .+ smaller/,
      holds: (f) =>
        min(
          f
            .rows('ways')
            .filter((row) => row.text('encoding') !== 'identity')
            .map((row) => row.number('bytes')),
        ) >= f.number('bytes'),
    },
    {
      says: /^At .+, (.+) arrives first/,
      holds: (f, [name = '']) => {
        const first = f.rows('ways').toSorted((a, b) => a.number('deliveredMs') - b.number('deliveredMs'))[0];
        return (
          name.startsWith(first?.text('encoding') ?? '?') ||
          (name === 'uncompressed content' && first?.text('encoding') === 'identity')
        );
      },
    },
    { says: /The reason is the size, not the content/, holds: (f) => f.number('percentOf100kB') < 90 },
    { says: /The reason is the content/, holds: (f) => f.number('percentOf100kB') >= 90 },
  ],
  'buffers/create': [
    {
      says: /^(\d+) characters? took (\d+) bytes? in UTF-8/,
      holds: (f, [characters, size]) =>
        f.number('characters') === Number(characters) &&
        f.row('encodings', 'encoding', 'utf8').number('fromTextBytes') === Number(size),
    },
    {
      says: /^Every encoding returned|Every encoding returned the text unchanged/,
      holds: (f) => f.rows('encodings').every((row) => row.is('textSurvives')),
    },
  ],
  'buffers/text': [
    {
      says: /^No character was split/,
      holds: (f) => f.number('cutCharacters') === 0 && f.rows('ways').every((row) => row.is('same')),
    },
    {
      says: /^(\d+) of \d+ chunk boundar(?:y|ies) split a character/,
      holds: (f, [cut]) =>
        f.number('cutCharacters') === Number(cut) && f.rows('ways').some((row) => !row.is('same')),
    },
  ],
  'buffers/inspect': [
    { says: /^The body was empty/, holds: (f) => f.number('bytes') === 0 },
    { says: /^The body begins with no known/, holds: (f) => !f.has('foundType') },
    { says: /^The first bytes identify (.+)/, holds: (f, [type]) => f.text('foundType') === type },
  ],
  'streams/readable': [
    {
      says: /^_read ran (\d+) times? without a reader, (.+) with one/,
      holds: (f, [before, after]) =>
        f.number('readCallsBeforeReader') === Number(before) &&
        count(f.number('readCalls') - f.number('readCallsBeforeReader'), 'time') === after,
    },
  ],
  'streams/writable': [
    {
      says: /^write returned false (\d+) times?; (\d+) drain/,
      holds: (f, [refused, drains]) =>
        f.number('writeSaidFalse') === Number(refused) && f.number('drains') === Number(drains),
    },
    {
      says: /so at most (.+) was buffered/,
      holds: (f, [buffered]) => bytes(f.number('peakBufferedBytes')) === buffered,
    },
  ],
  'streams/duplex': [
    {
      says: /^The client received (\d+) chunks? after/,
      holds: (f, [after]) => f.number('receivedAfterOwnEnd') === Number(after),
    },
    { says: /ended independently/, holds: (f) => f.number('receivedAfterOwnEnd') > 0 },
  ],
  'streams/transform': [
    {
      says: /^(\d+) chunks? became (\d+) lines?, \d+ of them from _flush/,
      holds: (f, [chunks, lines]) =>
        f.number('chunksIn') === Number(chunks) && f.number('linesOut') === Number(lines),
    },
  ],
  'streams/ndjson': [
    {
      says: /^(\d+) of (\d+) rows? could be used/,
      holds: (f, [early, all]) =>
        f.number('rowsBeforeLastByte') === Number(early) &&
        f.number('rows') === Number(all) &&
        Number(early) <= Number(all),
    },
  ],
  'streams/events': [
    {
      says: /: (\d+) events? missed, (\d+) repeated/,
      holds: (f, [missed, repeated]) =>
        f.number('missed') === Number(missed) && f.number('repeated') === Number(repeated),
    },
    { says: /No goodbye arrived/, holds: (f) => !f.has('goodbye') },
  ],
  'streams/range': [
    {
      says: /^Two parts, fetched separately, make up the file/,
      holds: (f) =>
        sum(
          f
            .rows('exchanges')
            .filter((row) => row.number('status') === 206)
            .slice(0, 2)
            .map((row) => row.number('bytes')),
        ) === f.number('fileBytes'),
    },
    { says: /do not make up the file/, holds: () => false },
  ],
  'compression/negotiate': [
    { says: /arrived uncompressed$/, holds: (f) => f.text('chosen') === 'identity' },
    { says: /arrived as (.+)$/, holds: (f, [encoding]) => f.text('chosen') === encoding },
    {
      says: /below the threshold of (\d+) bytes/,
      holds: (_f, [threshold], query) => query.number('bytes') < Number(threshold),
    },
  ],
};
