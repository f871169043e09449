import { onOff, type Variables } from '../config/declare.ts';

export const variables = {
  PAGE: onOff({
    doc: 'Whether a browser gets the control room at / and Swagger UI at /docs. It exposes worker details to anyone who can reach the port.',
    default: 'on',
    productionDefault: 'off',
  }),
} satisfies Variables;
