/**
 * Holds objects to the type maps that `@kubernetes/client-node` ships: members that are not known and values of
 * another type fail. The maps do not say what is required. `PodMetricsList` is no part of them: its interface in the
 * package's `metrics.d.ts` is read. KEDA's `ScaledObject` and the `VerticalPodAutoscaler` are in no
 * package: their members here are named by hand.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as kubernetes from '@kubernetes/client-node';

interface Attribute {
	readonly baseName: string;
	readonly type: string;
	readonly format: string;
}

type Complain = (value: unknown, path: string) => string | null;

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const INTEGERS = ['int32', 'int64'];

const PRIMITIVES: Record<string, (value: unknown, format: string) => boolean> = {
	string: (value) => typeof value === 'string',
	boolean: (value) => typeof value === 'boolean',
	number: (value, format) =>
		typeof value === 'number' && (INTEGERS.includes(format) ? Number.isInteger(value) : Number.isFinite(value)),
	Date: (value) => typeof value === 'string' && DATE.test(value),
	V1MicroTime: (value) => typeof value === 'string' && DATE.test(value),
	IntOrString: (value) => typeof value === 'string' || Number.isInteger(value),
	any: () => true,
	object: (value) => typeof value === 'object',
};

const classes = kubernetes as unknown as Record<string, { getAttributeTypeMap?: () => Attribute[] } | undefined>;
const own = new Map<string, Attribute[]>();

/** What is wrong with a value; null: nothing. `deletes`: null stands for a deletion, as in a merge patch. */
export function complain(type: string, value: unknown, deletes = false): string | null {
	return check({ type, format: '' }, deletes)(value, type);
}

function check({ type, format }: Pick<Attribute, 'type' | 'format'>, deletes: boolean): Complain {
	const primitive = PRIMITIVES[type];
	const within = (next: string) => check({ type: next, format }, deletes);
	const array = /^Array<(.*)>$/.exec(type)?.[1];
	const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
	return (value, path) => {
		if (value === null && deletes) return null;
		if (primitive !== undefined)
			return primitive(value, format) ? null : `${path}: ${JSON.stringify(value)} is no ${type}`;
		if (array !== undefined) {
			if (!Array.isArray(value)) return `${path} is no list`;
			return first(value.map((one, at) => within(array)(one, `${path}[${at}]`)));
		}
		if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${path} is no object`;
		if (map !== undefined)
			return first(Object.entries(value).map(([name, one]) => within(map)(one, `${path}.${name}`)));
		const known = own.get(type) ?? classes[type]?.getAttributeTypeMap?.();
		if (known === undefined) throw new Error(`there is no model of ${type}`);
		return first(
			Object.entries(value).map(([name, one]) => {
				const attribute = known.find(({ baseName }) => baseName === name);
				return attribute === undefined
					? `${path}.${name} is not known`
					: check(attribute, deletes)(one, `${path}.${name}`);
			}),
		);
	};
}

const first = (found: (string | null)[]) => found.find((one) => one !== null) ?? null;

/** `export interface PodMetric { … }` → what stands in it. */
function readInterfaces(): void {
	const main = createRequire(import.meta.url).resolve('@kubernetes/client-node');
	const text = readFileSync(join(dirname(main), 'metrics.d.ts'), 'utf8');
	for (const [, name = '', body = ''] of text.matchAll(/^export interface (\w+) \{\n([\s\S]*?)^\}$/gm)) {
		// `metadata` is written out within; of all objects it is an ObjectMeta or a ListMeta.
		const flat = body.replace(/^ {4}metadata: \{[\s\S]*?^ {4}\};\n/m, '');
		const attributes = [...flat.matchAll(/^ {4}(\w+)\??: (.*);$/gm)].map(([, baseName = '', type = '']) => ({
			baseName,
			type: type.startsWith("'") ? 'string' : type.replace(/^(\w+)\[\]$/, 'Array<$1>'),
			format: '',
		}));
		const metadata = { baseName: 'metadata', type: name.endsWith('List') ? 'V1ListMeta' : 'V1ObjectMeta', format: '' };
		// Items say no kind of their own there; API servers send none either.
		own.set(name, flat === body ? attributes : [...attributes, metadata]);
	}
}

function named(type: string, attributes: Record<string, string>): void {
	own.set(
		type,
		Object.entries(attributes).map(([baseName, of]) => ({ baseName, type: of, format: '' })),
	);
}

readInterfaces();
const typed = { apiVersion: 'string', kind: 'string' };
named('ScaledObjectList', { ...typed, metadata: 'V1ListMeta', items: 'Array<ScaledObject>' });
named('ScaledObject', { ...typed, metadata: 'V1ObjectMeta', spec: 'ScaledObjectSpec' });
named('ScaledObjectSpec', { scaleTargetRef: 'V2CrossVersionObjectReference', triggers: 'Array<any>' });
named('VerticalPodAutoscalerList', { ...typed, metadata: 'V1ListMeta', items: 'Array<VerticalPodAutoscaler>' });
named('VerticalPodAutoscaler', { ...typed, metadata: 'V1ObjectMeta', spec: 'VerticalPodAutoscalerSpec' });
named('VerticalPodAutoscalerSpec', {
	targetRef: 'V2CrossVersionObjectReference',
	updatePolicy: 'VerticalPodAutoscalerUpdatePolicy',
});
named('VerticalPodAutoscalerUpdatePolicy', { updateMode: 'string', minReplicas: 'number' });
