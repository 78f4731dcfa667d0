/** One balancer a pool and worker, by the algorithm that its service asks for. */

import type { BalanceConfig } from './config.ts';
import { ConsistentHash } from './consistent-hash.ts';
import { CookieAffinity } from './cookie-affinity.ts';
import { LeastConnections } from './least-connections.ts';
import { PeakEwma } from './peak-ewma.ts';
import type { Balancer, Loads, WorkerPlace } from './port.ts';
import { RandomTwo } from './random-two.ts';
import { RoundRobin } from './round-robin.ts';
import { WeightedRoundRobin } from './weighted-round-robin.ts';

export type { Balancer, Loads, Member, WorkerPlace } from './port.ts';

export function createBalancer(config: BalanceConfig, loads: Loads, worker: WorkerPlace): Balancer {
	switch (config.by) {
		case 'round-robin':
			return new RoundRobin(loads, worker);
		case 'weighted-round-robin':
			return new WeightedRoundRobin(loads, worker);
		case 'least-connections':
			return new LeastConnections(loads, worker);
		case 'random-two':
			return new RandomTwo(loads, worker);
		case 'peak-ewma':
			return new PeakEwma(loads, worker);
		case 'ip-hash':
			// The gateway's key is the client's address; a bound would move clients about.
			return new ConsistentHash(loads, worker, 0);
		case 'consistent-hash':
			return new ConsistentHash(loads, worker, config.loadFactor);
		case 'cookie':
			return new CookieAffinity(loads, worker);
	}
}
