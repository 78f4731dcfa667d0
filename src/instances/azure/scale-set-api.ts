/** The requests to Azure Resource Manager that a scale set needs. */
import { listAt, textAt } from '../platform/json-reading.ts';
import { PlatformError } from '../platform/platform-error.ts';
import { type RestAnswer, RestClient, retryAfterOf, type TokenSource } from '../platform/rest-client.ts';
import type { AcceptedOperation, OperationAnswer } from '../platform/running-operations.ts';
import { azureError, azureFault } from './azure-fault.ts';
import type { AzureConfig } from './config.ts';

const COMPUTE = '2024-07-01';
/** The only one of the network interfaces of uniform scale sets. */
const SCALE_SET_NETWORK = '2018-10-01';
const NETWORK = '2023-09-01';
const AUTOSCALE = '2022-10-01';
const METRICS = '2018-01-01';
const AUTHORIZATION = '2022-04-01';

/** A scale set holds at most 1,000 VMs; a resource group may hold more interfaces. */
const MOST_PAGES = 100;
const MOST_ITEMS = 20_000;

export class ScaleSetApi {
	readonly #client: RestClient;
	readonly #config: AzureConfig;
	readonly #group: string;
	/** Path of the scale set: its resource id. */
	readonly id: string;

	constructor(config: AzureConfig, tokens: TokenSource) {
		this.#config = config;
		this.#client = new RestClient({ endpoint: config.endpoint, tokens, faultOf: azureFault });
		const subscription = `/subscriptions/${encodeURIComponent(config.subscription)}`;
		this.#group = `${subscription}/resourceGroups/${encodeURIComponent(config.resourceGroup)}`;
		this.id = `${this.#group}/providers/Microsoft.Compute/virtualMachineScaleSets/${encodeURIComponent(config.scaleSet)}`;
	}

	async scaleSet(signal: AbortSignal): Promise<unknown> {
		const { body } = await this.#client.call({ method: 'GET', url: `${this.id}?api-version=${COMPUTE}` }, signal);
		if (textAt(body, 'name') === '') throw new PlatformError('unreachable', 'the answer holds no scale set');
		return body;
	}

	/** The VMs with their views. Those of a flexible scale set are VMs like any other, found by a filter. */
	virtualMachines(flexible: boolean, signal: AbortSignal): Promise<unknown[]> {
		const query = `api-version=${COMPUTE}&$expand=instanceView`;
		if (!flexible) return this.#all(`${this.id}/virtualMachines?${query}`, signal);
		const filter = encodeURIComponent(`'virtualMachineScaleSet/id' eq '${decodeURIComponent(this.id)}'`);
		return this.#all(`${this.#group}/providers/Microsoft.Compute/virtualMachines?${query}&$filter=${filter}`, signal);
	}

	networkInterfaces(flexible: boolean, signal: AbortSignal): Promise<unknown[]> {
		if (!flexible) return this.#all(`${this.id}/networkInterfaces?api-version=${SCALE_SET_NETWORK}`, signal);
		return this.#all(`${this.#group}/providers/Microsoft.Network/networkInterfaces?api-version=${NETWORK}`, signal);
	}

	publicAddresses(flexible: boolean, signal: AbortSignal): Promise<unknown[]> {
		if (!flexible) return this.#all(`${this.id}/publicipaddresses?api-version=${SCALE_SET_NETWORK}`, signal);
		return this.#all(`${this.#group}/providers/Microsoft.Network/publicIPAddresses?api-version=${NETWORK}`, signal);
	}

	autoscaleSettings(signal: AbortSignal): Promise<unknown[]> {
		return this.#all(`${this.#group}/providers/Microsoft.Insights/autoscalesettings?api-version=${AUTOSCALE}`, signal);
	}

	/** Of the caller, on the scale set: one for each role. */
	permissions(signal: AbortSignal): Promise<unknown[]> {
		return this.#all(`${this.id}/providers/Microsoft.Authorization/permissions?api-version=${AUTHORIZATION}`, signal);
	}

	/** What VMs of a region's sizes have. */
	vmSizes(location: string, signal: AbortSignal): Promise<unknown[]> {
		const place = `/subscriptions/${encodeURIComponent(this.#config.subscription)}/providers/Microsoft.Compute/locations`;
		return this.#all(`${place}/${encodeURIComponent(location)}/vmSizes?api-version=${COMPUTE}`, signal);
	}

	/** By VM, the last minutes. */
	async metrics(
		names: readonly string[],
		{ from, to }: { from: Date; to: Date },
		signal: AbortSignal,
	): Promise<unknown> {
		const query = new URLSearchParams({
			'api-version': METRICS,
			metricnames: names.join(','),
			timespan: `${from.toISOString()}/${to.toISOString()}`,
			interval: 'PT1M',
			aggregation: 'Average',
			// Without it ten VMs are told of.
			top: '1000',
			$filter: "VMName eq '*'",
		});
		const url = `${this.id}/providers/Microsoft.Insights/metrics?${query}`;
		return (await this.#client.call({ method: 'GET', url }, signal)).body;
	}

	async change(
		body: { sku: { capacity: number } | { name: string; tier?: string } },
		signal: AbortSignal,
	): Promise<RestAnswer> {
		return await this.#client.call({ method: 'PATCH', url: `${this.id}?api-version=${COMPUTE}`, body }, signal);
	}

	async delete(instanceIds: readonly string[], signal: AbortSignal): Promise<RestAnswer> {
		const url = `${this.id}/delete?api-version=${COMPUTE}`;
		return await this.#client.call({ method: 'POST', url, body: { instanceIds } }, signal);
	}

	/** What goes on after an answer; null: it was done with it. */
	operationOf(answer: RestAnswer, what: string): AcceptedOperation | null {
		const status = answer.headers.get('azure-asyncoperation');
		const location = answer.headers.get('location');
		const url = status ?? (answer.status === 202 ? location : null);
		if (url === null) return null;
		return {
			what,
			retryAfterMs: retryAfterOf(answer.headers),
			look: (signal) => this.#look(url, status !== null, signal),
		};
	}

	/** An asynchronous operation says its status in the body; a location answers 202 until it is done. */
	async #look(url: string, tellsStatus: boolean, signal: AbortSignal): Promise<OperationAnswer> {
		const answer = await this.#client.call({ method: 'GET', url }, signal);
		const retryAfterMs = retryAfterOf(answer.headers);
		if (!tellsStatus) return { state: answer.status === 202 ? 'running' : 'done', retryAfterMs };
		const status = textAt(answer.body, 'status');
		if (status === 'Succeeded') return { state: 'done', retryAfterMs };
		if (status !== 'Failed' && status !== 'Canceled') return { state: 'running', retryAfterMs };
		const error = (answer.body as { error?: unknown } | null)?.error ?? { code: status };
		return { state: 'failed', retryAfterMs, fault: azureError(error, { status: 0, retryAfterMs: null }) };
	}

	async #all(path: string, signal: AbortSignal): Promise<unknown[]> {
		const items: unknown[] = [];
		let url = path;
		for (let page = 0; page < MOST_PAGES; page++) {
			const { body } = await this.#client.call({ method: 'GET', url }, signal);
			items.push(...listAt(body, 'value'));
			url = textAt(body, 'nextLink');
			if (url === '') return items;
			if (items.length > MOST_ITEMS) break;
		}
		// A part of a list would pass for VMs that are gone.
		throw new PlatformError('bad_request', `a list of Azure is longer than ${MOST_ITEMS} items or ${MOST_PAGES} pages`);
	}
}
