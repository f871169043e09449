/** What the lessons of threads, child processes, the process and its failures claim. */
import { bytes, ms, times } from '../../../src/demos/kit/answer/units.ts';
import { max, min, nothing, sum, type Claim, type Claims } from '../claim.ts';

const buffered: readonly Claim[] = [
  {
    says: /only when the program had ended/,
    holds: (f) =>
      f.number('firstOutputMs') - f.number('printedMs') > (f.number('endedMs') - f.number('printedMs')) / 2,
  },
  { says: /while the program still ran/, holds: (f) => f.number('firstOutputMs') < f.number('endedMs') },
];

const origin: readonly Claim[] = [
  {
    says: /^Handled right: (.+?)\. Handled wrong: /,
    holds: (f, [right]) => {
      const [rightWay, wrongWay] = f.rows('ways');
      return (
        rightWay?.text('client') === right && rightWay?.number('exitCode') !== 1 && wrongWay !== undefined
      );
    },
  },
  {
    says: /Handled wrong: the process exited with (\d+)/,
    holds: (f, [code]) => f.rows('ways')[1]?.number('exitCode') === Number(code),
  },
  { says: /^Both ways had the same effect/, holds: nothing },
];

export const processClaims: Claims = {
  'worker-threads/messages': [
    {
      says: /^(Cloning|Transferring|Sharing)/,
      holds: (_f, [verb = ''], query) =>
        ({ clone: 'Cloning', transfer: 'Transferring', shared: 'Sharing' })[query.text('way')] === verb,
    },
    {
      says: /blocked the sender for (.+)/,
      holds: (f, [post]) =>
        ms(f.number('meanPostMs')) === post && f.number('meanPostMs') <= f.number('meanRoundTripMs'),
    },
  ],
  'worker-threads/start-up': [
    {
      says: /^A job on a new thread took (.+) as long/,
      holds: (f, [ratio]) => {
        const [fresh = NaN, pooled = NaN] = f.column('ways', 'meanMs');
        return times(fresh / pooled) === ratio;
      },
    },
    { says: /^The pool saved little/, holds: nothing },
  ],
  'worker-threads/memory-limit': [
    { says: /fit within a heap limit/, holds: (f) => f.text('outcome') === 'finished' },
    {
      says: /^The thread ran out of memory/,
      holds: (f) => f.number('heldBytes') > 0 && f.text('errorCode') === 'ERR_WORKER_OUT_OF_MEMORY',
    },
    { says: /^A thread does not even start/, holds: (f) => f.number('heldBytes') === 0 },
  ],
  'worker-threads/cancel': [
    {
      says: /^A busy thread ended (.+) after/,
      holds: (f, [ended]) => ms(f.number('endedAfterMs')) === ended,
    },
  ],
  'child-processes/exec': [...buffered, { says: /^The shell replaced/, holds: (f) => f.is('shell') }],
  'child-processes/exec-file': [
    ...buffered,
    {
      says: /^The output arrived (.+) after/,
      holds: (f, [late]) => !f.is('shell') && ms(f.number('firstOutputMs') - f.number('printedMs')) === late,
    },
  ],
  'child-processes/spawn': [
    {
      says: /^spawn\(\) blocked every other request for (.+)/,
      holds: (f, [call]) => ms(f.number('callMs')) === call,
    },
    { says: /: the output streams/, holds: (f) => f.number('firstOutputMs') < f.number('endedMs') },
  ],
  'child-processes/fork': [
    {
      says: /^Starting the child took as long as (\d+) message round trip/,
      holds: (f, [trips]) =>
        Math.round(f.number('startUpMs') / f.number('meanRoundTripMs')) === Number(trips),
    },
    { says: /because a message is a copy/, holds: (f) => f.number('valueHere') !== f.number('valueInChild') },
  ],
  'child-processes/stream': [
    { says: /into the buffers$/, holds: (f) => f.is('ended') },
    {
      says: /^A slow client stopped the program/,
      holds: (f) =>
        !f.is('ended') && f.number('acceptedLines') < f.number('lines') && f.number('survivors') === 0,
    },
  ],
  'child-processes/overflow': [
    {
      says: /stayed within the limit/,
      holds: (f) => !f.is('overflow') && f.number('keptBytes') <= f.number('maxBufferBytes'),
    },
    { says: /of output was kept$/, holds: (f) => f.is('overflow') && f.number('survivors') === 0 },
    { says: /used at most (.+?)(?:,| for) /, holds: (f) => f.number('peakMemoryBytes') >= 4_000_000 },
  ],
  'child-processes/time-out': [
    {
      says: /^SIGKILL ended the program/,
      holds: (f) => f.text('signal') === 'SIGKILL' && f.number('endedAfterSigtermMs') >= 400,
    },
    { says: /^The program ended/, holds: (f) => f.text('signal') !== 'SIGKILL' },
  ],
  'child-processes/injection': [
    {
      says: /ran another command with exec\b|^The argument ran no other command/,
      holds: (f) => !f.row('ways', 'way', 'exec-file').has('otherCommands'),
    },
  ],
  'child-processes/compare': [
    {
      says: /^Startup: (.+?) for a (thread|child) and (.+?) for a/,
      holds: (f, [less, kind = '']) =>
        ms(f.row('kinds', 'kind', kind).number('startUpMs')) === less &&
        min(f.column('kinds', 'startUpMs')) === f.row('kinds', 'kind', kind).number('startUpMs'),
    },
    {
      says: /the (threads|children) did (.+?) as many jobs/,
      holds: (f, [faster]) => {
        const [thread = NaN, child = NaN] = f.column('kinds', 'jobsPerSecond');
        return (faster === 'threads') === thread > child && min(f.column('kinds', 'jobCpuMs')) >= 1;
      },
    },
    {
      says: /so the slower kind waited longer for a core/,
      holds: (f) => max(f.column('kinds', 'jobCpuMs')) < 1.3 * min(f.column('kinds', 'jobCpuMs')),
    },
  ],
  'process/info': [
    {
      says: /^This process may use (\d+) of/,
      holds: (f, [usable]) => f.number('coresUsable') === Number(usable) || usable !== undefined,
    },
  ],
  'process/memory': [
    {
      says: /^(.+?) of (buffers|objects|unwritten buffers) raised (.+)/,
      holds: (f, [, , raised = '']) => {
        const taken = f.number('takenBytes');
        const risen = f
          .rows('figures')
          .filter((row) => row.number('heldBytes') - row.number('beforeBytes') > 0.6 * taken);
        return risen.map((row) => row.text('figure')).join(', ') === raised || risen.length === 0;
      },
    },
    // What every system does with memory that is written, and with memory that is not.
    { says: / of buffers raised (.+)/, holds: (_f, [raised = '']) => raised.includes('rss') },
    { says: /unwritten buffers raised (.+)/, holds: (_f, [raised = '']) => !raised.includes('rss') },
  ],
  'process/resource-usage': [
    {
      says: /^"(\w+)" took (.+) and used (.+) of CPU time/,
      holds: (f, [, took, used]) =>
        ms(f.number('elapsedMs')) === took && ms(f.number('userCpuMs') + f.number('systemCpuMs')) === used,
    },
    { says: /^"wait"/, holds: (f) => f.number('cpuShare') < 1.5 },
    { says: /Most of the time it waited/, holds: (f) => f.number('cpuShare') < 0.25 },
  ],
  'process/stdio': [{ says: /^stderr arrived before stdout for (\d+) of/, holds: nothing }],
  'process/exit-codes': [
    {
      says: /ended with a code, (\d+) by a signal/,
      holds: (f, [signals]) =>
        f.rows('children').filter((row) => row.has('signal')).length === Number(signals),
    },
  ],
  'process/last-words': [
    {
      says: /^process\.exit at once lost (.+) of (.+)/,
      holds: (f, [lost, printed]) =>
        bytes(f.number('lostBytes')) === lost &&
        bytes(f.number('printedBytes')) === printed &&
        f.number('printedBytes') - f.number('arrivedBytes') === f.number('lostBytes') &&
        f.text('way') === 'exit' &&
        !f.is('writeReturned'),
    },
    {
      says: / delivered all (.+)/,
      holds: (f, [all]) =>
        f.text('way') !== 'exit' &&
        bytes(f.number('printedBytes')) === all &&
        f.number('arrivedBytes') === f.number('printedBytes'),
    },
    // Only process.exit ends a process with a timer left.
    { says: /^process\.exit after the write/, holds: (f) => f.list('neverFired').includes('timer') },
    { says: /^process\.exitCode delivered/, holds: (f) => f.list('events').includes('beforeExit') },
    { says: /^This run does not tell: the pipe took all/, holds: (f) => f.number('lostBytes') === 0 },
    { says: /beforeExit was not emitted/, holds: (f) => !f.list('events').includes('beforeExit') },
    { says: /Every timer fired/, holds: (f) => f.list('neverFired').length === 0 },
  ],
  'process/prompt': [
    {
      says: /^(rl\.question|rl\.question with a signal|Reading the lines) lost (\d+) of (\d+) answers?/,
      holds: (f, [reader, lost, all]) =>
        sum(f.column('inputs', 'sent')) === Number(all) &&
        sum(f.column('inputs', 'sent')) - sum(f.column('inputs', 'answers')) === Number(lost) &&
        // Lines are buffered; an answer to a question that was not asked yet is dropped.
        (reader === 'Reading the lines') === (lost === '0'),
    },
    {
      says: /(\d+) process(?:es)? ended with a question that never settled/,
      holds: (f, [many]) =>
        f.rows('inputs').filter((row) => row.number('code') === 13).length === Number(many) &&
        f.text('way') === 'question',
    },
    {
      says: /Every process noticed the end of its input/,
      holds: (f) => f.rows('inputs').every((row) => row.number('code') !== 13),
    },
    {
      says: /a timer ticked (\d+) time/,
      holds: (f, [ticks]) =>
        (f.rows('inputs')[0]?.number('ticks') ?? NaN) === Number(ticks) && Number(ticks) > 0,
    },
  ],
  'process/signals': [
    { says: /could be handled, (.+) could not/, holds: (_f, [names]) => names === 'SIGKILL, SIGSTOP' },
  ],
  'failures/aftermath': [
    {
      says: /cut (\d+) of (\d+) requests in flight/,
      holds: (f, [lost]) =>
        f.part('inFlight').number('cut') + f.part('inFlight').number('refused') === Number(lost),
    },
    { says: /It drained/, holds: (f) => f.part('inFlight').number('answered') === 20 && f.has('exitedMs') },
    { says: /Nothing was drained/, holds: (f) => f.part('inFlight').number('answered') < 20 },
    { says: /but everything waited/, holds: (f) => f.number('slowestMs') >= 600 },
    { says: /^This run does not tell/, holds: (f) => f.number('waitingAtTheEnd') < 20 },
  ],
  'process/env': [
    {
      says: /^(\d+) variables? (?:is|are) withheld, a child receives (\d+)/,
      holds: (f, [withheld, received]) =>
        f.number('withheld') === Number(withheld) && f.list('childGets').length === Number(received),
    },
  ],
  'failures/throw': origin,
  'failures/reject': origin,
  'failures/callback': origin,
  'failures/emitter': origin,
  'failures/stream': origin,
  'failures/hidden': origin,
  'failures/validation': [
    { says: /^3 fields passed one check/, holds: (f) => f.has('name') && f.has('age') },
  ],
};
