import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

test.each(['/demos', '/demos/cpu'])(
  '%s uses the host of the request in its curl commands, as JSON and as text',
  async (path) => {
    for (const format of ['json', 'text']) {
      const { text } = await service.client
        .get(path)
        .query({ as: format })
        .set('Host', 'here.example:81')
        .expect(200);

      expect(text).toContain('here.example:81/demos/cpu/inline');
      expect(text).not.toContain('localhost:3000');
    }
  },
);
