import { z } from 'zod';
import { demoRoute, type Lesson } from '../kit/demo.ts';

/** A user as it is stored. Callers may change the name and the email address. */
const stored = {
  id: 7,
  name: 'Ada',
  email: 'ada@example.com',
  role: 'member',
  credit: 0,
  verified: false,
};
type User = typeof stored;
type Body = Readonly<Record<string, unknown>>;

const changes = z.object({ name: z.string().max(100), email: z.email() }).partial();
const mayChange: ReadonlySet<string> = new Set(Object.keys(changes.shape));

/** The wrong ways first. Each returns the user as it is stored afterwards; undefined if the body is rejected. */
const ways: readonly { readonly way: string; readonly update: (body: Body) => object | undefined }[] = [
  { way: 'spread', update: (body) => ({ ...stored, ...body }) },
  {
    way: 'without role',
    update({ role: _, ...body }) {
      return { ...stored, ...body };
    },
  },
  {
    way: 'known fields',
    update(body) {
      const known = Object.entries(body).filter(([name]) => Object.hasOwn(stored, name));
      return { ...stored, ...Object.fromEntries(known) };
    },
  },
  {
    way: 'schema',
    update(body) {
      const parsed = changes.safeParse(body);
      return parsed.success ? { ...stored, ...parsed.data } : undefined;
    },
  },
  {
    way: 'strict schema',
    update(body) {
      const parsed = changes.strict().safeParse(body);
      return parsed.success ? { ...stored, ...parsed.data } : undefined;
    },
  },
];

const row = z.strictObject({
  way: z.string(),
  changed: z.array(z.string()).describe('Fields that the caller may change and that the body changed'),
  seized: z.array(z.string()).describe('Fields that the body changed or added though the caller may not'),
  rejected: z.boolean(),
});

const result = z.strictObject({ sent: z.array(z.string()), ways: z.array(row) });
type Result = z.infer<typeof result>;

export const massAssignment = demoRoute({
  method: 'post',
  path: '/mass-assignment',
  title: 'Mass assignment',
  summary:
    'Applies a body to a stored user in five ways, and lists the fields that each lets the caller seize.',
  teaches:
    'A body that is spread into a record sets every field that its sender can think of. A list of forbidden fields ' +
    'forgets the next one. Declare what a caller may change, and take only that.',
  body: z.record(z.string(), z.unknown(), { error: 'must be a JSON object' }).describe('Changes to a user'),
  result,
  examples: [
    {
      title: 'A new name, and a little more',
      body: { name: 'Eve', role: 'admin', credit: 1_000_000, verified: true, isStaff: true },
      query: { as: 'text' },
    },
    { title: 'Only what is allowed', body: { name: 'Eve' }, query: { as: 'text' } },
  ],
  contrasts: ['security/ownership'],
  run({ body }) {
    const observed: Result = {
      sent: Object.keys(body),
      ways: ways.map(({ way, update }) => {
        const after = update(body);
        const differing = Object.entries(after ?? stored)
          .filter(([name, value]) => value !== stored[name as keyof User])
          .map(([name]) => name);
        return {
          way,
          changed: differing.filter((name) => mayChange.has(name)),
          seized: differing.filter((name) => !mayChange.has(name)),
          rejected: after === undefined,
        };
      }),
    };
    return { result: observed, lesson: conclude(observed) };
  },
});

function conclude({ sent, ways: rows }: Result): Lesson {
  const open = rows.filter(({ seized }) => seized.length > 0);
  const spread = rows[0]?.seized ?? [];
  if (open.length === 0) {
    return {
      headline: 'This body seized nothing, whatever the way',
      text: `It has ${sent.length === 0 ? 'no fields' : `the fields ${sent.join(', ')}`}. Send role or credit to see the difference.`,
    };
  }
  const details = open.map(({ way, seized }) => `"${way}" ${seized.length}`);
  const rejecting = rows.filter(({ rejected }) => rejected).map(({ way }) => `"${way}"`);
  return {
    headline: `Spread let the caller set ${spread.length} fields, the schema ${rows.find(({ way }) => way === 'schema')?.seized.length ?? 0}`,
    text:
      `Fields that the caller may not set, but did: ${details.join(', ')}. ` +
      `The list of what is forbidden forgot the others, and "known fields" knows them all. ` +
      (rejecting.length === 0
        ? 'No way rejected the body.'
        : `${rejecting.join(', ')} rejected the body as a whole.`),
  };
}
