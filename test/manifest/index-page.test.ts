import { expect, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';
import { probe } from '../support/probe-features.ts';

const html = 'text/html,application/xhtml+xml,*/*;q=0.8';

test('lists every route as a curl command for a terminal and as JSON on request', async () => {
  await using service = await createTestApp({ features: [probe], env: { TRUST_PROXY: 'loopback' } });
  const text = await service.client
    .get('/')
    .set('Accept', '*/*')
    .expect('Content-Type', /^text\/plain/);
  expect(text.text).toMatch(/^ {2}# .+\n {2}curl -s [\d.:]+\/probe\/quick$/m);
  const json = await service.client.get('/').set('Accept', 'application/json').expect(200);
  expect(json.body).toMatchObject({ features: [{ id: 'probe', routes: probe.routes.map(() => ({})) }] });
  const here = await service.client.get('/').set({ Accept: 'application/json', Host: 'here.example:81' });
  expect(here.text).toContain('curl -s here.example:81/probe/quick');
  expect(here.text).not.toContain('localhost');
  const secure = await service.client.get('/').set({ 'X-Forwarded-Proto': 'https', Host: 'here.example' });
  expect(secure.text).toContain('curl -s https://here.example/probe/quick');
  await service.client
    .get('/')
    .set('Accept', html)
    .expect('Content-Type', /^text\/plain/);
});

test('gives a browser the page of a feature, rendered from all features', async () => {
  await using service = await createTestApp({
    features: [probe],
    extras: {
      plainRoutes: [{ path: '/a-file', handler: (_req, res) => void res.type('text').send('the file') }],
      renderPages: (features) => ({
        page: (_req, res) => void res.type('html').send(features.map(({ title }) => title).join()),
      }),
    },
  });
  await service.client
    .get('/')
    .set('Accept', html)
    .expect('Content-Type', /^text\/html/)
    .expect('Probe');
  await service.client
    .get('/')
    .set('Accept', '*/*')
    .expect('Content-Type', /^text\/plain/);
  await service.client.get('/a-file').expect(200, 'the file');
});
