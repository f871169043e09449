import { expect, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';

test.each(['/demos', '/demos/cpu'])(
  '%s prints lines for the host that was asked, in each form',
  async (path) => {
    await using service = await createTestApp();
    for (const form of ['json', 'text']) {
      const { text } = await service.client
        .get(path)
        .query({ as: form })
        .set('Host', 'here.example:81')
        .expect(200);

      expect(text).toContain('here.example:81/demos/cpu/inline');
      expect(text).not.toContain('localhost:3000');
    }
  },
);
