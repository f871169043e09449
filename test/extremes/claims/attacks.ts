/** What the lessons about attacks claim: how often each way let one through. */
import type { Claims } from '../claim.ts';
import type { Figures } from '../figures.ts';

const first = (f: Figures, rows: string, figure: string) => f.column(rows, figure)[0];
const last = (f: Figures, rows: string, figure: string) => f.column(rows, figure).at(-1);
const seizedWith = (row: Figures | undefined) => row?.list('seized').length;
/** What code got in a place. */
const lootOf = (row: Figures | undefined) =>
  [
    'readsFile',
    'writesFile',
    'readsVariable',
    'readsEnvironment',
    'startsProgram',
    'connects',
    'killsHost',
  ].filter((access) => row?.is(access) === true).length;

export const attackClaims: Claims = {
  'security/ownership': [
    {
      says: /^By id: (\d+) of (\d+) foreign orders readable; with the owner: (\d+)/,
      holds: (f, [byId, all, byOwner]) =>
        first(f, 'ways', 'foreignReadable') === Number(byId) &&
        f.number('foreign') === Number(all) &&
        last(f, 'ways', 'foreignReadable') === Number(byOwner),
    },
    {
      says: /All ways returned/,
      holds: (f) => f.column('ways', 'ownReadable').every((own) => own === f.number('own')),
    },
  ],
  'security/mass-assignment': [
    {
      says: /^Spread let the caller set (\d+) fields?, the schema (\d+)/,
      holds: (f, [spread, schema]) =>
        seizedWith(f.rows('ways')[0]) === Number(spread) &&
        seizedWith(f.row('ways', 'way', 'schema')) === Number(schema),
    },
    {
      says: /^This body seized nothing/,
      holds: (f) => f.rows('ways').every((row) => seizedWith(row) === 0),
    },
  ],
  'security/ssrf': [
    {
      says: /^(\d+) of (\d+) shortcuts reached the internal server, at connect none/,
      holds(f, [open, all]) {
        const shortcuts = f.column('checks', 'internalReached').slice(0, -1);
        return (
          shortcuts.length === Number(all) &&
          shortcuts.filter((reached) => reached > 0).length === Number(open) &&
          last(f, 'checks', 'internalReached') === 0
        );
      },
    },
    {
      says: /Each check still let the public URL through/,
      holds: (f) => f.rows('checks').every((row) => row.is('publicReached')),
    },
    { says: /should be impossible/, holds: () => false },
  ],
  'security/path-traversal': [
    {
      says: /^(\d+) of (\d+) shortcuts read the secret/,
      holds(f, [open, all]) {
        const shortcuts = f.column('ways', 'secretsRead').slice(0, -1);
        return (
          shortcuts.length === Number(all) &&
          shortcuts.filter((read) => read > 0).length === Number(open) &&
          last(f, 'ways', 'secretsRead') === 0
        );
      },
    },
    { says: /should be impossible/, holds: () => false },
  ],
  'security/output-escaping': [
    {
      says: /^(\d+) of (\d+) payloads active concatenated, by context none/,
      holds: (f, [active, all]) =>
        first(f, 'ways', 'active') === Number(active) &&
        f.number('payloads') === Number(all) &&
        last(f, 'ways', 'active') === 0,
    },
    { says: /should be impossible/, holds: () => false },
  ],
  'security/sandbox': [
    {
      says: /^Of (\d+) accesses the (.+) allowed (\d+), --permission (\d+)/,
      holds: (f, [accesses, worst, allowed, left]) =>
        f.number('accesses') === Number(accesses) &&
        f.rows('places')[0]?.text('place') === worst &&
        lootOf(f.rows('places')[0]) === Number(allowed) &&
        lootOf(f.rows('places').at(-1)) === Number(left),
    },
  ],
};
