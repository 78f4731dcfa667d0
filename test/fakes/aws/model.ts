/**
 * The provider's own published model, read from the schemas that the official SDK's packages ship
 * (`@aws-sdk/client-NAME`: arrays generated from AWS's Smithy models). It says of each operation which members
 * there are, which must be there, of which type they are, and how they are named on the wire.
 */
import * as autoscaling from '@aws-sdk/client-auto-scaling';
import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as ec2 from '@aws-sdk/client-ec2';
import * as elb from '@aws-sdk/client-elastic-load-balancing-v2';

export type Kind = 'text' | 'number' | 'boolean' | 'time' | 'blob' | 'document' | 'list' | 'map' | 'structure' | 'unit';

export interface Shape {
	readonly kind: Kind;
	readonly name: string;
	readonly traits: Traits;
	/** Of a structure. */
	readonly members: ReadonlyMap<string, Member>;
	/** Of a list or a map. */
	readonly element: Member | null;
}

export interface Member {
	readonly shape: () => Shape;
	readonly traits: Traits;
	readonly required: boolean;
}

export interface Traits {
	readonly xmlName?: string;
	readonly ec2QueryName?: string;
	readonly xmlFlattened?: unknown;
}

/** A service as the fake serves it. */
export interface Service {
	readonly name: string;
	/** As in a signature's scope. */
	readonly signedAs: string;
	readonly protocol: 'query' | 'ec2' | 'json';
	readonly version: string;
	readonly xmlNamespace: string;
	readonly exports: Readonly<Record<string, unknown>>;
}

export const SERVICES: readonly Service[] = [
	{
		name: 'autoscaling',
		signedAs: 'autoscaling',
		protocol: 'query',
		version: '2011-01-01',
		xmlNamespace: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
		exports: autoscaling,
	},
	{
		name: 'ec2',
		signedAs: 'ec2',
		protocol: 'ec2',
		version: '2016-11-15',
		xmlNamespace: 'http://ec2.amazonaws.com/doc/2016-11-15',
		exports: ec2,
	},
	{
		name: 'elasticloadbalancing',
		signedAs: 'elasticloadbalancing',
		protocol: 'query',
		version: '2015-12-01',
		xmlNamespace: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/',
		exports: elb,
	},
	{
		name: 'cloudwatch',
		signedAs: 'monitoring',
		protocol: 'json',
		version: '2010-08-01',
		xmlNamespace: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
		exports: cloudwatch,
	},
];

export interface OperationModel {
	readonly input: Shape;
	readonly output: Shape;
}

/** undefined: the service has no such operation. */
export function operationOf(service: Service, action: string): OperationModel | undefined {
	const schema = service.exports[`${action}$`];
	if (!Array.isArray(schema) || schema[0] !== 9) return undefined;
	return { input: shapeOf(schema[4]), output: shapeOf(schema[5]) };
}

const shapes = new Map<unknown, Shape>();
const NO_MEMBERS: ReadonlyMap<string, Member> = new Map();
const LIST = 64;
const MAP = 128;

/** A reference of the SDK: a number, `unit`, an array that says a shape, or a function that gives one of these. */
export function shapeOf(ref: unknown): Shape {
	let schema = ref;
	while (typeof schema === 'function') schema = schema();
	const known = shapes.get(schema);
	if (known !== undefined) return known;
	const shape = read(schema);
	shapes.set(schema, shape);
	return shape;
}

function read(schema: unknown): Shape {
	const plain = { name: String(schema), traits: {}, members: NO_MEMBERS, element: null };
	if (schema === 'unit') return { ...plain, kind: 'unit' };
	if (typeof schema === 'number') {
		if (schema & MAP) return { ...plain, kind: 'map', element: memberOf(schema & ~MAP, false) };
		if (schema & LIST) return { ...plain, kind: 'list', element: memberOf(schema & ~LIST, false) };
		return { ...plain, kind: simple(schema) };
	}
	if (!Array.isArray(schema)) throw new Error(`the model holds something unknown: ${String(schema)}`);
	const [id, , name, traits] = schema as [number, string, string, unknown];
	const named = { name, traits: traitsOf(traits), members: NO_MEMBERS, element: null };
	switch (id) {
		case 0:
			return { ...shapeOf(schema[4]), ...named };
		case 1:
			return { ...named, kind: 'list', element: memberOf(schema[4], false) };
		case 2:
			return { ...named, kind: 'map', element: memberOf(schema[5], false) };
		default:
			return { ...named, kind: 'structure', members: membersOf(schema[4], schema[5], schema[6] ?? 0) };
	}
}

function membersOf(names: string[], refs: unknown[], requiredCount: number): ReadonlyMap<string, Member> {
	return new Map(names.map((name, at) => [name, memberOf(refs[at], at < requiredCount)]));
}

function memberOf(ref: unknown, required: boolean): Member {
	const pair = Array.isArray(ref) && ref.length === 2;
	const target = pair ? ref[0] : ref;
	return { shape: () => shapeOf(target), traits: pair ? traitsOf(ref[1]) : {}, required };
}

/** Traits that are mere bits (idempotent, sensitive) do not matter on the wire. */
function traitsOf(traits: unknown): Traits {
	return typeof traits === 'object' && traits !== null ? (traits as Traits) : {};
}

function simple(schema: number): Kind {
	switch (schema) {
		case 0:
			return 'text';
		case 1:
		case 17:
		case 19:
			return 'number';
		case 2:
			return 'boolean';
		case 4:
		case 5:
		case 6:
		case 7:
			return 'time';
		case 21:
		case 42:
			return 'blob';
		case 15:
			return 'document';
		default:
			throw new Error(`the model holds an unknown simple type: ${schema}`);
	}
}
