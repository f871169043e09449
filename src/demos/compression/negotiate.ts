import { z } from 'zod';
import { bytes, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber } from '../kit/demo.ts';
import { kinds, mediaTypes, runTrials, trialSchema, type Kind, type Trials } from './trials.ts';

export const negotiateRoute = demoRoute({
  method: 'get',
  path: '/negotiate',
  title: 'Negotiate the encoding',
  summary:
    'Finds out by trial requests what this client receives from the compression layer of this service.',
  teaches:
    'The client lists the encodings it accepts, the server chooses one, and `Vary` makes caches keep them apart. Small ' +
    'responses stay uncompressed: they hardly get smaller, but always cost CPU time.',
  query: z.object({
    bytes: wholeNumber('Size of the response', { min: 1, max: 1_000_000, default: 20_000 }),
    type: oneOf('Type of the response', kinds),
  }),
  result: z.strictObject({
    acceptEncoding: z.string().describe('The Accept-Encoding header of this client'),
    chosen: z.string(),
    why: z.string(),
    thresholdBytes: z
      .number()
      .nullable()
      .describe('Size of the smallest response that was compressed; null if none was'),
    trials: z.array(trialSchema),
  }),
  examples: [
    {
      title: 'Accept gzip and br',
      headers: { 'Accept-Encoding': 'gzip, br' },
      query: { as: 'text' },
      curl: '--compressed',
    },
    { title: 'Accept no encoding', headers: { 'Accept-Encoding': 'identity' }, query: { as: 'text' } },
    {
      title: 'An image',
      headers: { 'Accept-Encoding': 'gzip' },
      query: { type: 'png', as: 'text' },
      curl: '--compressed',
    },
  ],
  contrasts: ['compression/compare'],
  async run({ req, query: { bytes: size, type }, signal }) {
    const accepted = req.get('accept-encoding') ?? '';
    const { trials, thresholdBytes } = await runTrials(size, type, accepted, signal);
    const [own] = trials;
    const chosen = own.contentEncoding;
    const why = explain(trials, thresholdBytes, type);
    return {
      result: {
        acceptEncoding: accepted === '' ? 'none' : accepted,
        chosen,
        why,
        thresholdBytes,
        trials: [...trials],
      },
      lesson: {
        headline: `${bytes(size)} of ${type} arrived ${chosen === 'identity' ? 'uncompressed' : `as ${chosen}`}`,
        text: `The body took ${bytes(own.wireBytes)} on the wire, ${percent(own.wireBytes / size)} of its size. The reason: ${why}.`,
      },
    };
  },
});

/** Finds the reason by what changes the outcome: another Accept-Encoding, another type, the size. */
function explain(trials: Trials, thresholdBytes: number | null, kind: Kind): string {
  const [own, anyEncoding, , asText] = trials;
  if (own.contentEncoding !== 'identity')
    return 'the client accepts this encoding, the type is compressible, and the size reaches the threshold';
  if (thresholdBytes !== null && own.bytes < thresholdBytes)
    return `the response is below the threshold of ${thresholdBytes} bytes`;
  if (asText.contentEncoding !== 'identity')
    return `text would be compressed, but ${mediaTypes[kind]} is not`;
  if (anyEncoding.contentEncoding !== 'identity')
    return 'a client that accepts other encodings would receive it compressed';
  return 'neither another encoding nor another type alone would change it';
}
