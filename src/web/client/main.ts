import type { PageManifest } from '../page-data.ts';
import { ClusterPanel } from './cluster/cluster-panel.ts';
import { LiveFeed } from './cluster/live-feed.ts';
import { DemosPanel } from './demos/demos-panel.ts';
import { byId } from './dom/elements.ts';
import { Catalog } from './demos/catalog.ts';
import { TourPanel } from './tours/tour-panel.ts';

const cluster = new ClusterPanel();
new LiveFeed(
  (view) => cluster.show(view),
  (state, sinceMs) => cluster.showConnection(state, sinceMs),
).start();

const response = await fetch(byId<HTMLLinkElement>('manifest').href);
const manifest = (await response.json()) as PageManifest;
// Without demos the page shows only the cluster: other features can be tried at /docs.
if (manifest.features.some(({ kind }) => kind === 'demo')) {
  const catalog = new Catalog(manifest);
  new TourPanel(catalog, cluster);
  new DemosPanel(catalog, cluster).start();
}
