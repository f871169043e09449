import { createServer } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { isPublic } from '../../src/outbound/addresses.ts';
import { openOutbound, outcomeOf, resolveTo, serve } from './service.ts';

describe('an address', () => {
  test.each([
    ['this network', '0.0.0.0', '0.1.2.3'],
    ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ['shared by carriers', '100.64.0.1', '100.127.255.255'],
    ['loopback', '127.0.0.1', '127.255.255.255', '::1'],
    ['link-local', '169.254.0.1', 'fe80::1', 'fe80::1%eth0', 'febf::1'],
    [
      'metadata service',
      '169.254.169.254',
      '100.100.100.200',
      '192.0.0.192',
      '168.63.129.16',
      'fd00:ec2::254',
    ],
    ['documentation', '192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
    ['benchmark', '198.18.0.1', '198.19.255.255'],
    ['multicast', '224.0.0.1', '239.255.255.255', 'ff02::1'],
    ['reserved', '240.0.0.1', '255.255.255.255', '4000::1', '100::1'],
    ['unspecified', '::'],
    ['unique-local', 'fc00::1', 'fd12:3456::1'],
    ['site-local', 'fec0::1'],
    ['mapped IPv4', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:169.254.169.254'],
    ['compatible IPv4', '::127.0.0.1'],
    ['NAT64', '64:ff9b::127.0.0.1', '64:ff9b::a00:1', '64:ff9b:1::a00:1'],
    ['6to4', '2002:7f00:1::'],
    ['Teredo', '2001:0:7f00:1::'],
    ['no address', '', 'localhost', '127.1', '1.2.3.4/0'],
  ])('that is %s is not public', (_kind, ...addresses) => {
    expect(addresses.filter(isPublic)).toEqual([]);
  });

  test.each(['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '172.15.0.1', '172.32.0.1', '192.167.0.1'])(
    '%s is public',
    (address) => expect(isPublic(address)).toBe(true),
  );

  test.each(['2606:4700:4700::1111', '2a00:1450::1', '2001:4860:4860::8888'])('%s is public', (address) =>
    expect(isPublic(address)).toBe(true),
  );
});

describe('a URL of a client', () => {
  /** Only a name may be resolved, so that no test depends on a resolver. */
  const toLoopback = resolveTo(['127.0.0.1']);

  test('does not reach loopback in any spelling, on http or https', async () => {
    await using internal = await serve((_req, res) => res.end());
    const { port } = internal;
    await using outbound = openOutbound({ lookup: toLoopback, ports: [port] });
    const client = outbound.client({ urls: 'public' });
    const hosts = [
      ...[
        '127.0.0.1',
        '127.1',
        '2130706433',
        '0x7f000001',
        '0x7f.1',
        '0177.0.0.1',
        '127.0.0.1.',
        '①②⑦.⓪.⓪.①',
      ],
      ...['0.0.0.0', '0', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]'],
      ...['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'intranet.test', 'xn--a-ecp.test'],
    ];
    const outcomes = [];
    for (const host of hosts) {
      for (const scheme of ['http', 'https']) {
        outcomes.push(await outcomeOf(client.request(`${scheme}://${host}:${port}/`)));
      }
    }
    expect(new Set(outcomes)).toEqual(new Set(['address']));
    expect(internal.connections).toBe(0);
    // The same server, for the operator.
    expect(await outcomeOf(outbound.client().request(internal.url))).toBe('ok');
  });

  test('is refused with another scheme, another port or credentials', async () => {
    await using outbound = openOutbound({ lookup: toLoopback, ports: ['80', '443'] });
    const client = outbound.client({ urls: 'public' });
    const urls = [
      ...['ftp://a.test/', 'file:///etc/passwd', 'gopher://a.test/', 'data:,x', 'javascript:1', 'a.test', ''],
      ...[
        'http://a.test:22/',
        'http://a.test:443x/',
        'https://a.test:8443/',
        'http://u:p@a.test/',
        'http://u@a.test/',
      ],
    ];
    for (const url of urls) expect([url, await outcomeOf(client.request(url))]).toEqual([url, 'url']);
    for (const url of ['http://a.test/', 'http://a.test:80/', 'https://a.test/', 'http://a.test:443/']) {
      expect([url, await outcomeOf(client.request(url))]).toEqual([url, 'address']);
    }
  });

  test('reaches only the allowed one of the addresses of a name', async () => {
    await using allowed = await serve((_req, res) => res.end(), '127.0.0.2');
    const { port } = allowed;
    await using outbound = openOutbound({
      lookup: resolveTo(['127.0.0.1', '::1', '127.0.0.2']),
      networks: ['127.0.0.2'],
      ports: [port],
    });
    expect(await outcomeOf(outbound.client({ urls: 'public' }).request(`http://a.test:${port}/`))).toBe('ok');
  });

  test('does not reach loopback when its name is bound to another address between two calls', async () => {
    await using allowed = await serve(
      (_req, res) => res.writeHead(200, { Connection: 'close' }).end(),
      '127.0.0.2',
    );
    const { port } = allowed;
    let internalRequests = 0;
    const internal = createServer((_req, res) => {
      internalRequests += 1;
      res.end();
    });
    await new Promise<void>((resolve) => internal.listen(Number(port), '127.0.0.1', resolve));
    try {
      const lookup = resolveTo(['127.0.0.2'], ['127.0.0.1']);
      await using outbound = openOutbound({ lookup, networks: ['127.0.0.2/32'], ports: [port] });
      const client = outbound.client({ urls: 'public' });
      expect(await outcomeOf(client.request(`http://rebinding.test:${port}/`))).toBe('ok');
      expect(await outcomeOf(client.request(`http://rebinding.test:${port}/`))).toBe('address');
      expect(internalRequests).toBe(0);
    } finally {
      internal.closeAllConnections();
      await new Promise((resolve) => internal.close(resolve));
    }
  });

  test("does not use a connection that was made for the operator's URL", async () => {
    await using internal = await serve((_req, res) => res.end());
    await using outbound = openOutbound({ ports: [internal.port] });
    expect(await outcomeOf(outbound.client().request(internal.url))).toBe('ok');
    expect(await outcomeOf(outbound.client({ urls: 'public' }).request(internal.url))).toBe('address');
  });
});

describe('a redirect', () => {
  test('is not followed by default', async () => {
    await using internal = await serve((_req, res) => res.end());
    await using server = await serve((_req, res) => res.writeHead(302, { Location: internal.url }).end());
    await using outbound = openOutbound();
    expect(await outcomeOf(outbound.client().request(server.url))).toBe('status 302');
    expect(internal.connections).toBe(0);
  });

  test("does not lead to loopback, not even from the operator's URL", async () => {
    await using internal = await serve((_req, res) => res.end());
    await using server = await serve((_req, res) => res.writeHead(302, { Location: internal.url }).end());
    await using outbound = openOutbound({ ports: [internal.port] });
    expect(await outcomeOf(outbound.client({ maxRedirects: 3 }).request(server.url))).toBe('address');
    expect(internal.connections).toBe(0);
  });

  test.each(['file:///etc/passwd', 'http://user:secret@a.test/', 'http://a.test:1/'])(
    'to %s is refused',
    async (location) => {
      await using server = await serve((_req, res) => res.writeHead(302, { Location: location }).end());
      await using outbound = openOutbound({ lookup: resolveTo(['127.0.0.1']), ports: ['80'] });
      expect(await outcomeOf(outbound.client({ maxRedirects: 3 }).request(server.url))).toBe('url');
    },
  );

  test('carries headers within its origin, and none to another', async () => {
    const seen: (string | undefined)[] = [];
    await using other = await serve((req, res) => {
      seen.push(req.headers.authorization, req.headers.cookie, req.headers['idempotency-key'] as string);
      seen.push(req.headers['x-api-key'] as string, req.headers.traceparent as string);
      res.end();
    });
    await using server = await serve((req, res) => {
      if (req.url === '/') res.writeHead(302, { Location: '/next' }).end();
      else {
        expect(req.headers.authorization).toBe('Bearer secret');
        res.writeHead(307, { Location: other.url }).end();
      }
    });
    await using outbound = openOutbound({ networks: ['127.0.0.1'], ports: [other.port] });
    await outbound.client({ maxRedirects: 2 }).request(server.url, {
      headers: { authorization: 'Bearer secret', cookie: 'session=secret', 'x-api-key': 'secret' },
      idempotencyKey: 'a-key',
      traceHeaders: () => ({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }),
    });
    expect(seen).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  test('stops at the limit, and is not followed with a body', async () => {
    let requests = 0;
    await using server = await serve((_req, res) => {
      requests += 1;
      res.writeHead(307, { Location: '/again' }).end();
    });
    await using outbound = openOutbound();
    const client = outbound.client({ maxRedirects: 3 });
    expect(await outcomeOf(client.request(server.url))).toBe('status 307');
    expect(requests).toBe(4);
    expect(await outcomeOf(client.request(server.url, { method: 'POST', body: '{}' }))).toBe('status 307');
    expect(requests).toBe(5);
  });
});
