import { Cluster } from './cluster.ts';
import { byId } from './dom.ts';
import { Demos } from './demos.ts';
import { LiveFeed } from './live-feed.ts';
import type { PageManifest } from './shapes.ts';

const cluster = new Cluster();
new LiveFeed(
  (view) => cluster.show(view),
  (state, sinceMs) => cluster.showLink(state, sinceMs),
).start();

const response = await fetch(byId<HTMLLinkElement>('manifest').href);
const manifest = (await response.json()) as PageManifest;
// Without demos it is the cluster's view alone: what else the service offers can be tried at /docs.
if (manifest.features.some(({ kind }) => kind === 'demo')) new Demos(manifest, cluster).start();
