import { join } from 'node:path';
import type { DataPlane } from '../../gateway/data-plane.ts';
import type { Pieces } from '../../gateway/files/pieces.ts';
import type { Route } from '../../gateway/route.ts';
import { REST } from '../../gateway/route-table.ts';
import { BodyFolder, bodyReader } from '../../jobs/body-folder.ts';
import { type StoreKey, storeKeys } from '../../jobs/sealing/store-keys.ts';
import { secretsOfHost } from '../../jobs/webhooks/receiver-secrets.ts';
import { WebhookJudge } from '../../jobs/webhooks/webhook-rules.ts';
import type { WebhooksConfig } from '../../jobs/webhooks/webhooks-config.ts';
import { type Plan, seriesKey } from '../plan.ts';
import { JobAttempts } from './job-attempts.ts';
import { JobPages } from './job-pages.ts';
import { JobsClient } from './jobs-client.ts';
import type { OffloadParts } from './offload-parts.ts';
import { StreamRoom } from './stream-room.ts';
import { WebhookPages } from './webhook-pages.ts';

/** All that one worker has to do with jobs. */
export class WorkerJobs {
	readonly client: JobsClient = new JobsClient();
	/** null: no route makes jobs. */
	parts: OffloadParts | null = null;
	readonly #plane: DataPlane;
	readonly #pieces: Pieces;
	readonly #routes: () => ReadonlyMap<string, Route>;
	#folder = '';
	/** The first seals what comes, each opens. */
	#keys: readonly StoreKey[] = [];

	/** `routes`: as they are now, by `seriesKey`. */
	constructor(plane: DataPlane, pieces: Pieces, routes: () => ReadonlyMap<string, Route>) {
		this.#plane = plane;
		this.#pieces = pieces;
		this.#routes = routes;
	}

	configure({ jobs, services, workers }: Plan): void {
		if (jobs === null) {
			// What is under way of jobs that were made before is carried out.
			this.parts = null;
			this.#plane.pages = null;
			return;
		}
		this.#keys = storeKeys(jobs.keys);
		if (this.parts === null || this.#folder !== jobs.bodies) this.parts = this.#open(jobs.bodies);
		this.#folder = jobs.bodies;
		this.parts.path = jobs.path;
		this.parts.streamsMost = Math.ceil(jobs.streams / Math.max(1, workers));
		this.parts.webhooks = webhooksOf(jobs.webhooks);
		const policies = services.flatMap(({ offload, routeOffloads }) => [offload, ...Object.values(routeOffloads)]);
		const owners = new Map(policies.map((policy) => [String(policy?.owner), policy?.owner ?? []]));
		const webhooks = policies.flatMap((policy) => policy?.external?.webhook ?? []);
		this.#plane.pages = new WebhookPages(this.parts, webhooks, new JobPages(this.parts, [...owners.values()]));
	}

	#open(bodies: string): OffloadParts {
		// Only once it is needed: a folder that cannot be used must not keep requests from being passed on.
		let folderOf: BodyFolder | null = null;
		const files = (): BodyFolder => {
			folderOf ??= new BodyFolder(bodies);
			folderOf.keys = this.#keys;
			return folderOf;
		};
		const parts: OffloadParts = {
			jobs: this.client,
			files: {
				create: async (most) => files().create(most),
				remove: async (names) => files().remove(names),
				pieces: this.#pieces,
				path: (file) => join(bodies, file),
				reader: (file, fd) => bodyReader(file, fd, this.#keys),
				keys: () => this.#keys,
			},
			path: '',
			webhooks: null,
			streamsMost: 0,
			streams: new StreamRoom(),
			storing: 0,
		};
		this.client.attempts = new JobAttempts(this.#plane, parts, (service, route) => {
			const routes = this.#routes();
			return routes.get(seriesKey(service, route)) ?? routes.get(seriesKey(service, REST));
		});
		return parts;
	}
}

function webhooksOf(config: WebhooksConfig | null): OffloadParts['webhooks'] {
	if (config === null) return null;
	const judge = new WebhookJudge(config.rules);
	return { judge, signs: (host) => secretsOfHost(config, host).length > 0 };
}
