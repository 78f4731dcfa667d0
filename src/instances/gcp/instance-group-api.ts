/** The requests to Compute Engine and Cloud Monitoring that a managed instance group needs. */
import { setTimeout as wait } from 'node:timers/promises';
import { listAt, textAt, valueAt } from '../platform/json-reading.ts';
import { PlatformError } from '../platform/platform-error.ts';
import { RestClient, type RestRequest, retryAfterOf, type TokenSource } from '../platform/rest-client.ts';
import type { AcceptedOperation, OperationAnswer } from '../platform/running-operations.ts';
import type { GcpConfig } from './config.ts';
import { GCP_ENDPOINT } from './endpoint.ts';
import { gcpError, gcpFault } from './gcp-fault.ts';

const MONITORING_ENDPOINT = 'https://monitoring.googleapis.com';
const PROJECTS_ENDPOINT = 'https://cloudresourcemanager.googleapis.com';
/** A regional group holds at most 4,000 VMs, a page 500. */
const MOST_PAGES = 100;
/** Between two looks at whether a template is made, ms: that takes a second or two. */
const TEMPLATE_LOOK_MS = 500;

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
	readonly #projects: RestClient;
	readonly #project: string;
	readonly #place: string;
	readonly #manager: string;

	constructor(config: GcpConfig, tokens: TokenSource) {
		this.#client = new RestClient({ endpoint: config.endpoint, tokens, faultOf: gcpFault });
		const clientOf = (own: string) =>
			new RestClient({ endpoint: config.endpoint === GCP_ENDPOINT ? own : config.endpoint, tokens, faultOf: gcpFault });
		this.#monitoring = clientOf(MONITORING_ENDPOINT);
		this.#projects = clientOf(PROJECTS_ENDPOINT);
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

	async machineTypeIn(zone: string, type: string, signal: AbortSignal): Promise<unknown> {
		const place = `/compute/v1/projects/${this.#project}/zones/${encodeURIComponent(zone)}`;
		return await this.#get(`${place}/machineTypes/${encodeURIComponent(type)}`, signal);
	}

	/** Those of them that are granted in the project. Everybody may ask. */
	async testPermissions(permissions: readonly string[], signal: AbortSignal): Promise<unknown> {
		const url = `/v3/projects/${this.#project}:testIamPermissions`;
		return (await this.#projects.call({ method: 'POST', url, body: { permissions } }, signal)).body;
	}

	/** @param link of the template, as the group names it */
	async template(link: string, signal: AbortSignal): Promise<unknown> {
		return await this.#get(this.#templatePath(link), signal);
	}

	/**
	 * Makes a template where another one is, and waits until it is there.
	 * @returns its link, and whether it was made now
	 */
	async insertTemplate(beside: string, body: { name: string }, signal: AbortSignal): Promise<[string, boolean]> {
		const [folder = ''] = this.#templatePath(beside).split(/\/[^/]+$/);
		const link = `${folder}/${body.name}`.slice('/compute/v1/'.length);
		const place = folder.slice(0, -'/instanceTemplates'.length);
		const request: RestRequest = { method: 'POST', url: folder, body };
		let operation: AcceptedOperation | null;
		try {
			operation = await this.#start(request, { what: `template ${body.name}`, place }, signal);
		} catch (error) {
			if (error instanceof PlatformError && /already exists/i.test(error.message)) return [link, false];
			throw error;
		}
		for (let answer: OperationAnswer | null = null; operation !== null && answer?.state !== 'done'; ) {
			await wait(answer?.retryAfterMs ?? operation.retryAfterMs ?? TEMPLATE_LOOK_MS, undefined, { signal });
			answer = await operation.look(signal);
			if (answer.state === 'failed') throw answer.fault ?? new PlatformError('busy', `${operation.what} failed`);
		}
		return [link, true];
	}

	async deleteTemplate(link: string, signal: AbortSignal): Promise<void> {
		await this.#client.call({ method: 'DELETE', url: this.#templatePath(link) }, signal);
	}

	/** Changes what is said and leaves the rest of the group. */
	patch(body: unknown, what: string, signal: AbortSignal): Promise<AcceptedOperation | null> {
		return this.#start({ method: 'PATCH', url: this.#manager, body }, { what, place: this.#place }, signal);
	}

	/** @param link of the autoscaler, as the group names it */
	async autoscaler(link: string, signal: AbortSignal): Promise<unknown> {
		return await this.#get(this.#pathOf(link), signal);
	}

	resize(size: number, signal: AbortSignal): Promise<AcceptedOperation | null> {
		const url = `${this.#manager}/resize?size=${size}`;
		return this.#start({ method: 'POST', url }, { what: `the change to ${size}`, place: this.#place }, signal);
	}

	/** Lowers the size by as many as it deletes; those that are gone are left out. */
	deleteInstances(links: readonly string[], signal: AbortSignal): Promise<AcceptedOperation | null> {
		const body = {
			instances: links.map((link) => this.#pathOf(link).slice('/compute/v1/'.length)),
			skipInstancesOnValidationError: true,
		};
		const what = `the deletion of ${links.length === 1 ? nameOf(links[0] ?? '') : `${links.length} VMs`}`;
		const request: RestRequest = { method: 'POST', url: `${this.#manager}/deleteInstances`, body };
		return this.#start(request, { what, place: this.#place }, signal);
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

	/** @param place whose operation it is */
	async #start(
		request: RestRequest,
		{ what, place }: { what: string; place: string },
		signal: AbortSignal,
	): Promise<AcceptedOperation | null> {
		const { body, headers } = await this.#client.call(request, signal);
		const answer = operationAnswer(body, retryAfterOf(headers));
		if (answer.state === 'failed') throw answer.fault ?? new PlatformError('busy', `${what} failed`);
		if (answer.state === 'done') return null;
		const path = `${place}/operations/${encodeURIComponent(textAt(body, 'name'))}`;
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

	/** Likewise, of a template of the project or of a region. */
	#templatePath(link: string): string {
		const path = /(?:^|\/)projects\/[\w.:-]+\/((?:global|regions\/[\w-]+)\/instanceTemplates\/[\w-]+)$/.exec(link);
		if (path === null) throw new PlatformError('bad_request', 'Google Cloud named something that is no template');
		return `/compute/v1/projects/${this.#project}/${path[1]}`;
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
