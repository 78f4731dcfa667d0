/** Every peer, in the order of the tables. */
import { ballast, FEATURES } from './ballast.ts';
import { caddy } from './caddy.ts';
import { haproxy } from './haproxy.ts';
import { nginx } from './nginx.ts';
import { fastifyHttpProxy, httpProxy3, nodeUndici } from './node-proxies.ts';
import type { Peer } from './peer.ts';

export const PEERS: readonly Peer[] = [
	ballast,
	haproxy(true),
	haproxy(false),
	nginx(true),
	nginx(false),
	nodeUndici,
	fastifyHttpProxy,
	httpProxy3,
	caddy,
];

/** With those that are measured only where they are asked for by name. */
export const ALL: readonly Peer[] = [...PEERS, ...FEATURES];

/** The peers that ratios are taken against. */
export const REFERENCE = 'haproxy-equal';
export const BARE_REFERENCE = 'haproxy';
