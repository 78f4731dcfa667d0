/** Another machine type for the group: a template made from its present one, rolled out VM by VM. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { filledUp, fittingType, sizeInWords, type TypeFacts } from '../platform/fitting-type.ts';
import { listAt, numberAt, textAt, valueAt } from '../platform/json-reading.ts';
import type { MemberSize } from '../platform/platform.ts';
import { asPlatformError } from '../platform/platform-call.ts';
import { PlatformError } from '../platform/platform-error.ts';
import type { AcceptedOperation } from '../platform/running-operations.ts';
import type { GcpConfig } from './config.ts';
import { type InstanceGroupApi, nameOf } from './instance-group-api.ts';
import { sizeOf } from './machine-types.ts';

/** Of a group, that are made beyond its size at a time while it is rolled out. */
const SURGE_SHARE = 0.1;

export interface RollOut {
	readonly type: string;
	/** null: Google Cloud was done with it at once. */
	readonly operation: AcceptedOperation | null;
}

/** @returns null: it has that size already. @throws PlatformError */
export async function rollOut(
	it: { api: InstanceGroupApi; config: GcpConfig; manager: unknown },
	wanted: MemberSize,
	signal: AbortSignal,
): Promise<RollOut | null> {
	const { api, config, manager } = it;
	const link = templateLinkOf(manager, config.group);
	const template = await api.template(link, signal);
	const current = textAt(template, 'properties', 'machineType');
	const { type } = await choose({ api, config, zones: zonesOf(manager, config) }, { wanted, current }, signal);
	if (type === current) return null;
	// Others roll something out: whoever came second would undo what the first one does.
	if (valueAt(manager, 'status', 'versionTarget', 'isReached') === false)
		throw new PlatformError('busy', `another template of group ${config.group} is being rolled out`);
	const made = await makeTemplate(api, { link, template, type }, signal);
	try {
		return { type, operation: await api.patch(changeTo(made.link, manager, config), `the change to ${type}`, signal) };
	} catch (error) {
		// What may pass is tried again, with the same template.
		if (made.fresh && !asPlatformError(error).mayPass) await api.deleteTemplate(made.link, signal).catch(() => {});
		throw error;
	}
}

/** The one template that all VMs are made from. */
function templateLinkOf(manager: unknown, group: string): string {
	const refuse = (why: string): never => {
		throw new PlatformError('bad_request', `group ${group} ${why}: it keeps its machine type`);
	};
	const versions = listAt(manager, 'versions');
	if (versions.length > 1) return refuse('has two versions, a canary of its own');
	if (valueAt(manager, 'status', 'stateful', 'hasStatefulConfig') === true)
		return refuse('is stateful, and its VMs cannot be replaced by others');
	if (valueAt(manager, 'instanceFlexibilityPolicy', 'instanceSelections') !== undefined)
		return refuse('chooses its machine types itself (instance flexibility)');
	const link = textAt(versions[0], 'instanceTemplate') || textAt(manager, 'instanceTemplate');
	return link === '' ? refuse('has no instance template') : link;
}

/** Where its VMs may be. */
function zonesOf(manager: unknown, { place }: GcpConfig): string[] {
	if (place.kind === 'zone') return [place.name];
	const zones = listAt(manager, 'distributionPolicy', 'zones').map((one) => nameOf(textAt(one, 'zone')));
	const known = zones.filter((zone) => zone !== '');
	if (known.length > 0) return known;
	throw new PlatformError('bad_request', `Google Cloud does not say in which zones of ${place.name} the group is`);
}

/** The smallest of those that may be chosen which is there in all zones of the group. */
async function choose(
	it: { api: InstanceGroupApi; config: GcpConfig; zones: readonly string[] },
	{ wanted, current }: { wanted: MemberSize; current: string },
	signal: AbortSignal,
): Promise<TypeFacts> {
	const { api, config, zones } = it;
	const [first = ''] = zones;
	const { machineTypes } = config;
	const facts = await Promise.all(
		[...new Set([...machineTypes, current])].map((type) => factsOf(api, { zone: first, type }, signal)),
	);
	const known = facts.filter((one) => one !== null);
	const filled = filledUp(
		wanted,
		known.find(({ type }) => type === current),
	);
	let left = machineTypes.flatMap((type) => known.find((one) => one.type === type) ?? []);
	for (let best = fittingType(left, filled); best !== undefined; best = fittingType(left, filled)) {
		const { type } = best;
		const elsewhere = zones.slice(1).map((zone) => factsOf(api, { zone, type }, signal));
		if ((await Promise.all(elsewhere)).every((one) => one !== null)) return best;
		left = left.filter((one) => one.type !== type);
	}
	const missing = machineTypes.filter((type) => !left.some((one) => one.type === type));
	const gone = missing.length === 0 ? '' : `; not in ${zones.join(', ')}: ${missing.join(', ')}`;
	const list = machineTypes.join(', ');
	throw new PlatformError('bad_request', `none of \`machineTypes\` (${list}) has ${sizeInWords(filled)}${gone}`);
}

/** null: the zone has no such type. */
async function factsOf(
	api: InstanceGroupApi,
	{ zone, type }: { zone: string; type: string },
	signal: AbortSignal,
): Promise<TypeFacts | null> {
	try {
		const { cpu, memoryBytes } = sizeOf(await api.machineTypeIn(zone, type, signal));
		return cpu === null || memoryBytes === null ? null : { type, cpu, memoryBytes };
	} catch (error) {
		// One that cannot be is refused as a bad request: `n2-custom-3-100`.
		if (error instanceof PlatformError && (error.fault === 'not_found' || error.fault === 'bad_request')) return null;
		throw error;
	}
}

/** The same name for the same change: one that is tried again makes no second template. */
async function makeTemplate(
	api: InstanceGroupApi,
	{ link, template, type }: { link: string; template: unknown; type: string },
	signal: AbortSignal,
): Promise<{ link: string; fresh: boolean }> {
	const properties = valueAt(template, 'properties');
	if (typeof properties !== 'object' || properties === null)
		throw new PlatformError('bad_request', `template ${nameOf(link)} has no properties`);
	// Of one that Ballast made the one before: there are never more than there are types.
	const base = nameOf(link).replace(/-b-[0-9a-f]{10}$/, '');
	const digest = createHash('sha256').update(`${base} ${type}`).digest('hex').slice(0, 10);
	const name = `${base.slice(0, 50)}-b-${digest}`;
	const wanted = { ...properties, machineType: type };
	const body = { name, description: `ballast: ${type}, otherwise as ${base}`, properties: wanted };
	const [made, fresh] = await api.insertTemplate(link, body, signal);
	if (!fresh && !isDeepStrictEqual(valueAt(await api.template(made, signal), 'properties'), wanted)) {
		const message = `there is a template ${name} already, which is not as ${nameOf(link)} with ${type}; delete it`;
		throw new PlatformError('bad_request', message);
	}
	return { link: made, fresh };
}

/** New VMs first, then the old ones go: the size never falls below what it is. */
function changeTo(instanceTemplate: string, manager: unknown, config: GcpConfig): unknown {
	// A regional group takes no fewer than it has zones.
	const zones = zonesOf(manager, config).length;
	const fixed = Math.max(zones, Math.ceil((numberAt(manager, 'targetSize') ?? 0) * SURGE_SHARE));
	return {
		versions: [{ instanceTemplate }],
		updatePolicy: {
			type: 'PROACTIVE',
			minimalAction: 'REPLACE',
			mostDisruptiveAllowedAction: 'REPLACE',
			replacementMethod: 'SUBSTITUTE',
			maxSurge: { fixed },
			maxUnavailable: { fixed: 0 },
		},
	};
}
