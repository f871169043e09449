import type { Demo } from '../demo.ts';
import { createOrderRoute } from './order.ts';
import { shortCircuitRoute } from './short-circuit.ts';

export const middleware = {
  id: 'middleware',
  title: 'Middleware',
  summary: 'The layers of a request: their order, their kinds, their cost, and how one ends the way.',
  teaches:
    'Every request passes a row of layers. Each does one thing and passes it on; one that answers keeps those behind it ' +
    'from running, and an error goes straight to the next error layer.',
  lookFor:
    'The order is that of src/app.ts. tookMs is what each layer of this service adds to every request.',
  practices: ['2.4', '4.11'],
  routes: [createOrderRoute(), shortCircuitRoute],
} satisfies Demo;
