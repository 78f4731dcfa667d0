/** The requests to Compute Engine and Cloud Monitoring that a managed instance group needs. */
import { listAt, textAt, valueAt } from '../platform/json-reading.ts';
import { PlatformError } from '../platform/platform-error.ts';
import { RestClient, type RestRequest, retryAfterOf, type TokenSource } from '../platform/rest-client.ts';
import type { AcceptedOperation, OperationAnswer } from '../platform/running-operations.ts';
import type { GcpConfig } from './config.ts';
import { GCP_ENDPOINT } from './endpoint.ts';
import { gcpError, gcpFault } from './gcp-fault.ts';

const MONITORING_ENDPOINT = 'https://monitoring.googleapis.com';
/** A regional group holds at most 4,000 VMs, a page 500. */
const MOST_PAGES = 100;

export interface SeriesQuestion {
	/** `compute.googleapis.com/instance/cpu/utilization`. */
	readonly metric: string;
	/** More of the filter, such as a label; may be empty. */
	readonly where: string;
	readonly from: Date;
	readonly to: Date;
}

export class InstanceGroupApi {
	readonly #client: RestClient;
	readonly #monitoring: RestClient;
	readonly #project: string;
	readonly #place: string;
	readonly #manager: string;

	constructor(config: GcpConfig, tokens: TokenSource) {
		this.#client = new RestClient({ endpoint: config.endpoint, tokens, faultOf: gcpFault });
		const elsewhere = config.endpoint === GCP_ENDPOINT ? MONITORING_ENDPOINT : config.endpoint;
		this.#monitoring = new RestClient({ endpoint: elsewhere, tokens, faultOf: gcpFault });
		this.#project = encodeURIComponent(config.project);
		this.#place = `/compute/v1/projects/${this.#project}/${config.place.kind}s/${encodeURIComponent(config.place.name)}`;
		this.#manager = `${this.#place}/instanceGroupManagers/${encodeURIComponent(config.group)}`;
	}

	async manager(signal: AbortSignal): Promise<unknown> {
		const body = await this.#get(this.#manager, signal);
		if (textAt(body, 'name') === '')
			throw new PlatformError('unreachable', 'the answer holds no instance group manager');
		return body;
	}

	async managedInstances(signal: AbortSignal): Promise<unknown[]> {
		const found: unknown[] = [];
		let page = '';
		for (let count = 0; count < MOST_PAGES; count++) {
			const query = new URLSearchParams({ maxResults: '500', ...(page === '' ? {} : { pageToken: page }) });
			const url = `${this.#manager}/listManagedInstances?${query}`;
			const { body } = await this.#client.call({ method: 'POST', url }, signal);
			found.push(...listAt(body, 'managedInstances'));
			page = textAt(body, 'nextPageToken');
			if (page === '') return found;
		}
		// A part of the list would pass for VMs that are gone.
		throw new PlatformError('bad_request', `the list of instances has more than ${MOST_PAGES} pages`);
	}

	/** @param link of the instance, as the group names it */
	async instance(link: string, signal: AbortSignal): Promise<unknown> {
		return await this.#get(this.#pathOf(link), signal);
	}

	/** @param link of the machine type, as an instance names it */
	async machineType(link: string, signal: AbortSignal): Promise<unknown> {
		return await this.#get(this.#pathOf(link), signal);
	}

	/** @param link of the autoscaler, as the group names it */
	async autoscaler(link: string, signal: AbortSignal): Promise<unknown> {
		return await this.#get(this.#pathOf(link), signal);
	}

	resize(size: number, signal: AbortSignal): Promise<AcceptedOperation | null> {
		const url = `${this.#manager}/resize?size=${size}`;
		return this.#start({ method: 'POST', url }, `the change to ${size}`, signal);
	}

	/** Lowers the size by as many as it deletes; those that are gone are left out. */
	deleteInstances(links: readonly string[], signal: AbortSignal): Promise<AcceptedOperation | null> {
		const body = {
			instances: links.map((link) => this.#pathOf(link).slice('/compute/v1/'.length)),
			skipInstancesOnValidationError: true,
		};
		const what = `the deletion of ${links.length === 1 ? nameOf(links[0] ?? '') : `${links.length} VMs`}`;
		return this.#start({ method: 'POST', url: `${this.#manager}/deleteInstances`, body }, what, signal);
	}

	/** The newest value of each instance and series. */
	async timeSeries({ metric, where, from, to }: SeriesQuestion, signal: AbortSignal): Promise<unknown[]> {
		const found: unknown[] = [];
		let page = '';
		for (let count = 0; count < MOST_PAGES; count++) {
			const query = new URLSearchParams({
				filter: `metric.type = "${metric}" AND resource.type = "gce_instance"${where === '' ? '' : ` AND ${where}`}`,
				'interval.startTime': from.toISOString(),
				'interval.endTime': to.toISOString(),
				...(page === '' ? {} : { pageToken: page }),
			});
			const url = `/v3/projects/${this.#project}/timeSeries?${query}`;
			const { body } = await this.#monitoring.call({ method: 'GET', url }, signal);
			found.push(...listAt(body, 'timeSeries'));
			page = textAt(body, 'nextPageToken');
			if (page === '') break;
		}
		return found;
	}

	async #start(request: RestRequest, what: string, signal: AbortSignal): Promise<AcceptedOperation | null> {
		const { body, headers } = await this.#client.call(request, signal);
		const answer = operationAnswer(body, retryAfterOf(headers));
		if (answer.state === 'failed') throw answer.fault ?? new PlatformError('busy', `${what} failed`);
		if (answer.state === 'done') return null;
		const path = `${this.#place}/operations/${encodeURIComponent(textAt(body, 'name'))}`;
		return {
			what,
			retryAfterMs: answer.retryAfterMs,
			look: async (again) => {
				const now = await this.#client.call({ method: 'GET', url: path }, again);
				return operationAnswer(now.body, retryAfterOf(now.headers));
			},
		};
	}

	async #get(url: string, signal: AbortSignal): Promise<unknown> {
		return (await this.#client.call({ method: 'GET', url }, signal)).body;
	}

	/** `https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/i` → its path on our endpoint, within the project. */
	#pathOf(link: string): string {
		const kinds =
			/\/projects\/([\w.:-]+)\/((?:zones|regions)\/[\w-]+\/(?:instances|autoscalers|machineTypes)\/[\w-]+)$/;
		const path = kinds.exec(link);
		if (path === null)
			throw new PlatformError('bad_request', 'Google Cloud named something that is no VM, autoscaler or machine type');
		return `/compute/v1/projects/${this.#project}/${path[2]}`;
	}
}

/** The last part of a link. */
export const nameOf = (link: string): string => link.slice(link.lastIndexOf('/') + 1);

function operationAnswer(body: unknown, retryAfterMs: number | null): OperationAnswer {
	if (textAt(body, 'status') !== 'DONE') return { state: 'running', retryAfterMs };
	if (listAt(body, 'error', 'errors').length === 0) return { state: 'done', retryAfterMs };
	return { state: 'failed', retryAfterMs, fault: gcpError(valueAt(body, 'error')) };
}
