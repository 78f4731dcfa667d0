/** Instance templates and machine types of a project. */
import type { Answer, Call, Route } from '../cloud-server.ts';
import { gcpErrorBody, gcpErrors } from './gcp-errors.ts';

export interface Template {
	name: string;
	description?: string;
	properties: { machineType: string } & Record<string, unknown>;
}

export interface MachineType {
	guestCpus: number;
	memoryMb: number;
	/** Where there are none; default: they are everywhere. */
	notIn?: readonly string[];
}

interface Parts {
	readonly project: string;
	/** Its operation, under way or done. */
	operation(name: string): unknown;
	/** The group is made from it. */
	used(link: string): boolean;
	/** The caller has that permission in the project. */
	grants(permission: string): boolean;
}

export class Templates {
	/** By `global/instanceTemplates/NAME`. */
	readonly all: Map<string, Template> = new Map();
	readonly types: Map<string, MachineType> = new Map([
		['e2-standard-2', { guestCpus: 2, memoryMb: 8192 }],
		['e2-standard-4', { guestCpus: 4, memoryMb: 16_384 }],
		['n2-custom-4-8192', { guestCpus: 4, memoryMb: 8192 }],
		['n2-standard-8', { guestCpus: 8, memoryMb: 32_768 }],
	]);
	/** Most of them; more are refused. */
	quota = 100;
	/** Resource Manager is switched on in the project. */
	managesProjects = true;
	readonly #parts: Parts;

	constructor(parts: Parts) {
		this.#parts = parts;
	}

	/** By any form of its link. */
	find(link: string): Template | undefined {
		const [, path] = /\/((?:global|regions\/[\w-]+)\/instanceTemplates\/[\w-]+)$/.exec(link) ?? [];
		return this.all.get(path ?? '');
	}

	routes(): Route[] {
		const folder = `/compute/v1/projects/${this.#parts.project}/(global|regions/[\\w-]+)/instanceTemplates`;
		const one = new RegExp(`^${folder}/([\\w-]+)$`);
		const action = 'compute.instanceTemplates';
		return [
			{
				method: 'GET',
				path: one,
				action: `${action}.get`,
				gives: 'InstanceTemplate',
				query: ['view'],
				handle: ({ path }) => {
					const body = this.find(path);
					return body === undefined ? gcpErrors.missing(path) : { status: 200, body };
				},
			},
			{
				method: 'POST',
				path: new RegExp(`^${folder}$`),
				action: `${action}.create`,
				takes: 'InstanceTemplate',
				gives: 'Operation',
				query: ['requestId'],
				handle: (call) => this.#insert(call),
			},
			{
				method: 'DELETE',
				path: one,
				action: `${action}.delete`,
				gives: 'Operation',
				query: ['requestId'],
				handle: ({ path, found: [place, name] }) => {
					if (this.#parts.used(path)) return refused(400, 'resourceInUseByAnotherResource', 'is already being used');
					if (!this.all.delete(`${place}/instanceTemplates/${name}`)) return gcpErrors.missing(path);
					return { status: 200, body: this.#parts.operation('operation-delete') };
				},
			},
			{
				method: 'POST',
				path: new RegExp(`^/v3/projects/${this.#parts.project}:testIamPermissions$`),
				action: null,
				takes: 'google.iam.v1.TestIamPermissionsRequest',
				gives: 'google.iam.v1.TestIamPermissionsResponse',
				query: [],
				handle: ({ body }) => this.#testPermissions((body as { permissions: string[] }).permissions),
			},
			{
				method: 'GET',
				path: new RegExp(`^/compute/v1/projects/${this.#parts.project}/global/operations/([\\w-]+)$`),
				action: 'compute.globalOperations.get',
				gives: 'Operation',
				query: [],
				handle: ({ found: [name = ''] }) => ({ status: 200, body: this.#parts.operation(name) }),
			},
			{
				method: 'GET',
				path: new RegExp(`^/compute/v1/projects/${this.#parts.project}/zones/([\\w-]+)/machineTypes/([\\w-]+)$`),
				action: 'compute.machineTypes.get',
				gives: 'MachineType',
				query: [],
				handle: ({ found: [zone = '', name = ''], path }) => {
					const { notIn = [], ...type } = this.types.get(name) ?? { guestCpus: 0, memoryMb: 0 };
					if (type.guestCpus === 0 || notIn.includes(zone)) return gcpErrors.missing(path);
					return { status: 200, body: { kind: 'compute#machineType', name, ...type } };
				},
			},
		];
	}

	#testPermissions(asked: readonly string[]): Answer {
		if (!this.managesProjects)
			return {
				status: 403,
				body: gcpErrorBody({
					code: 403,
					reason: 'SERVICE_DISABLED',
					message: 'Cloud Resource Manager API has not been used in project 815 before or it is disabled.',
					status: 'PERMISSION_DENIED',
				}),
			};
		const unknown = asked.find((permission) => !/^(compute|monitoring)\.[a-zA-Z]+\.[a-zA-Z]+$/.test(permission));
		if (unknown !== undefined) return gcpErrors.invalid(`Permission ${unknown} is not valid for this resource.`);
		const permissions = asked.filter((permission) => this.#parts.grants(permission));
		return { status: 200, body: permissions.length === 0 ? {} : { permissions } };
	}

	#insert({ body, found: [place] }: Call): Answer {
		const template = body as Template;
		const key = `${place}/instanceTemplates/${template.name}`;
		const resource = `The resource 'projects/${this.#parts.project}/${key}'`;
		if (this.all.has(key)) return refused(409, 'alreadyExists', `${resource} already exists`);
		if (this.all.size >= this.quota)
			return refused(403, 'quotaExceeded', `Quota 'INSTANCE_TEMPLATES' exceeded. Limit: ${this.quota}.0 globally.`);
		if (!/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(template.name))
			return refused(400, 'invalid', 'Invalid value for name');
		this.all.set(key, template);
		return { status: 200, body: this.#parts.operation('operation-insert') };
	}
}

function refused(code: number, reason: string, message: string): Answer {
	return { status: code, body: gcpErrorBody({ code, reason, message }) };
}
